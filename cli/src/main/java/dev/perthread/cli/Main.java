// The perthread command: knows the subcommands, and turns every mistake into one line and an exit status.
package dev.perthread.cli;

import java.io.PrintWriter;
import java.util.List;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

@Command(
        name = "perthread",
        description = "One shared object, a connection of its own for every thread.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            FetchCommand.class,
            TimelineCommand.class,
            TopCommand.class,
            ServeCommand.class,
            GenerateCompletion.class
        },
        footerHeading = "%nExit status:%n",
        footer = {
            "  0    all went well",
            "  1    something failed while it ran",
            "  2    the command line is wrong",
            "  130  stopped by Ctrl-C (143: by SIGTERM)"
        })
final class Main implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** All of the command but its end, which would be the end of whoever else calls it. */
    static CommandLine commandLine() {
        CommandLine command = new CommandLine(new Main());
        command.setExpandAtFiles(false); // an argument that begins with @ is an argument, not the name of a file
        command.setUsageHelpAutoWidth(false);
        command.setParameterExceptionHandler(Main::misused);
        command.setExecutionExceptionHandler(Main::failed);
        return command;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "no command given; fetch, timeline, top, serve and generate-completion are allowed");
    }

    private static int misused(ParameterException mistake, String[] args) {
        CommandLine command = mistake.getCommandLine();
        StringBuilder line = new StringBuilder(ErrorMessages.of(mistake));
        if (mistake instanceof UnmatchedArgumentException unmatched) {
            List<String> near = unmatched.getSuggestions();
            if (!near.isEmpty()) {
                line.append("; did you mean ").append(String.join(" or ", near)).append('?');
            }
        }
        error(command.getErr(), line + " (see '" + command.getCommandSpec().qualifiedName() + " --help')");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
        error(command.getErr(), ErrorMessages.of(failure));
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static void error(PrintWriter err, String line) {
        err.println("perthread: " + Output.plain(line));
        err.flush();
    }

    /** A failure at run time that is already told in words a user understands. */
    static final class Failure extends Exception {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    /** From the manifest, so that the version is written down once, in the build. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "perthread " + (version == null ? "(not packaged)" : version) + ", Java " + Runtime.version()
            };
        }
    }
}
