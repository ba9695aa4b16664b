package dev.perthread.cli;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.HelpText;
import dev.perthread.cli.console.Launch;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Suggestions;
import dev.perthread.cli.console.Syntax;
import dev.perthread.cli.fetch.FetchCommand;
import dev.perthread.cli.fetch.ServeCommand;
import dev.perthread.cli.timeline.TimelineCommand;
import dev.perthread.cli.top.TopCommand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The entry point of the command: knows the subcommands. */
public final class Main {
    static final List<String> COMMANDS = List.of("fetch", "timeline", "top", "serve", "generate-completion");

    private Main() {}

    /**
     * Runs the command, and ends the process.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        int status = run(args, new Output(System.out, System.err), new Execution());
        if (status != ExitStatus.OK) { // Java 21 and later load their logging for an exit, a fifth of a short run
            System.exit(status);
        }
    }

    /**
     * All of the command but its end, which would be the end of whoever else calls it.
     *
     * @param args the command line
     * @param output where help, the version and messages go
     * @param action what to do with a command line that is right
     * @return the exit status
     */
    public static int run(String[] args, Output output, Launch.Action action) {
        Launch launch = new Launch(output);
        if (args.length == 0) {
            return launch.misused("missing command; expected one of " + String.join(", ", COMMANDS), "perthread");
        }
        String name = args[0];
        Subcommand command = command(name);
        if (command != null) {
            return launch.run(command, Arrays.asList(args).subList(1, args.length), action);
        }
        return switch (name) {
            case "-h", "--help" -> launch.print(help());
            case "-V", "--version" -> launch.version();
            default -> {
                List<String> known = new ArrayList<>(COMMANDS);
                known.addAll(List.of("--help", "--version"));
                yield launch.misused(
                        "command must be one of " + String.join(", ", COMMANDS) + ", but was "
                                + ErrorMessages.quoted(name) + Suggestions.of(name, known),
                        "perthread");
            }
        };
    }

    /** Only the one that is wanted: to load the classes of all would take longer than to run most. */
    static @Nullable Subcommand command(String name) {
        return switch (name) {
            case "fetch" -> new FetchCommand();
            case "timeline" -> new TimelineCommand();
            case "top" -> new TopCommand();
            case "serve" -> new ServeCommand();
            case "generate-completion" -> new CompletionCommand();
            default -> null;
        };
    }

    /** The syntax of every subcommand. */
    static List<Syntax> syntaxes() {
        List<Syntax> syntaxes = new ArrayList<>();
        for (String name : COMMANDS) {
            Subcommand command = command(name);
            if (command != null) {
                syntaxes.add(command.syntax());
            }
        }
        return syntaxes;
    }

    private static List<String> help() {
        Syntax syntax = new Syntax("", "One shared object, a connection of its own for each thread.")
                .footer(
                        "Exit status:",
                        "  0    all went well",
                        "  1    something failed while it ran",
                        "  2    the command line is wrong",
                        "  130  stopped by Ctrl-C (143: by SIGTERM)");
        return HelpText.of(syntax, syntaxes());
    }

    /** Not a lambda: linking the first one takes longer than all else that happens here. */
    static final class Execution implements Launch.Action {
        @Override
        public int run(Subcommand command, Arguments arguments) throws Exception {
            return command.run(arguments);
        }
    }
}
