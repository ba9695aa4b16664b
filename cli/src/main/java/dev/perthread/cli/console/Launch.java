package dev.perthread.cli.console;

import java.util.List;

/** One start of the command: finds what is asked for, and turns every mistake into one line and an exit status. */
public final class Launch {
    /** What to do with a command line that was read. */
    public interface Action {
        /**
         * Does it.
         *
         * @param command the subcommand
         * @param arguments its arguments
         * @return the exit status
         * @throws Exception if that fails
         */
        int run(Subcommand command, Arguments arguments) throws Exception;
    }

    private final Output output;

    /**
     * Writes to these streams.
     *
     * @param output for help, the version and messages
     */
    public Launch(Output output) {
        this.output = output;
    }

    /**
     * Reads the arguments of a subcommand, and does what they ask for.
     *
     * @param command the subcommand
     * @param given the arguments after its name
     * @param action what to do if neither help nor the version is asked for
     * @return the exit status
     */
    public int run(Subcommand command, List<String> given, Action action) {
        Syntax syntax = command.syntax();
        try {
            Arguments arguments = syntax.parse(given);
            if (arguments.isHelpWanted()) {
                return print(HelpText.of(syntax));
            }
            return arguments.isVersionWanted() ? version() : action.run(command, arguments);
        } catch (UsageException e) {
            return misused(ErrorMessages.of(e), syntax.qualifiedName());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitStatus.FAILED;
        } catch (Exception e) { // whatever it is: one line and a status
            output.error(ErrorMessages.of(e));
            return ExitStatus.FAILED;
        }
    }

    /**
     * Prints lines of help.
     *
     * @param lines what to print
     * @return the exit status
     */
    public int print(List<String> lines) {
        for (String line : lines) {
            if (!output.line(line)) {
                return ExitStatus.FAILED; // whoever read it has gone
            }
        }
        return ExitStatus.OK;
    }

    /**
     * Prints the version, ours and Java's.
     *
     * @return the exit status
     */
    public int version() {
        String version = Launch.class.getPackage().getImplementationVersion(); // written down once, in the build
        return print(List.of("perthread " + (version == null ? "(not packaged)" : version) + ", Java "
                + System.getProperty("java.runtime.version"))); // as Runtime.version(), which takes longer to load
    }

    /**
     * Says what is wrong with a command line, and where the help is.
     *
     * @param message what must be, and what was
     * @param command the command whose help explains it
     * @return the exit status
     */
    public int misused(String message, String command) {
        output.error(message + " (see '" + command + " --help')");
        return ExitStatus.USAGE;
    }
}
