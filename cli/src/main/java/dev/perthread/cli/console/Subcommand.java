package dev.perthread.cli.console;

/** A subcommand of {@code perthread}: the syntax of its command line, and what it does. Used once. */
public interface Subcommand {
    /**
     * What may stand on the command line after the name of the command.
     *
     * @return its syntax, with its name
     */
    Syntax syntax();

    /**
     * Does what was asked for.
     *
     * @param arguments what the command line says, by {@link #syntax()}
     * @return the exit status
     * @throws UsageException if the arguments contradict each other
     * @throws CommandFailure if something failed that is already in words for a user
     * @throws Exception if something else failed
     */
    int run(Arguments arguments) throws Exception;
}
