package dev.perthread.cli;

import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ManifestVersion;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.fetch.FetchCommand;
import dev.perthread.cli.fetch.ServeCommand;
import dev.perthread.cli.timeline.TimelineCommand;
import dev.perthread.cli.top.TopCommand;
import java.io.PrintWriter;
import java.util.List;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The entry point of the command: knows the subcommands, and turns every mistake into one line and an exit status. */
@Command(
        name = "perthread",
        description = "One shared object, a connection of its own for every thread.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
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
public final class Main implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private Main() {}

    /**
     * Runs the command, and ends the process.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /**
     * All of the command but its end, which would be the end of whoever else calls it.
     *
     * @return ready to be executed
     */
    public static CommandLine commandLine() {
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
}
