package dev.perthread.cli.console;

/** A command line that cannot be carried out. The message says in one line what must be, and what was given. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * One line for the user.
     *
     * @param message what must be, and what was
     */
    public UsageException(String message) {
        super(message, null, false, false); // shown without its trace, always
    }
}
