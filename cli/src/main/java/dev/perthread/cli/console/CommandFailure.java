package dev.perthread.cli.console;

/** A failure at run time whose message is already in words that a user understands. */
public final class CommandFailure extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * One line for the user.
     *
     * @param message what failed and why
     */
    public CommandFailure(String message) {
        super(message);
    }
}
