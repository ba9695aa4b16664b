package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.cli.Main;
import dev.perthread.fuzz.Promises;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/**
 * Command lines: parsed into a plan that can be carried out, or refused in one line with status 2. Nothing is fetched.
 */
public final class OptionsFuzz {
    private OptionsFuzz() {}

    /** An argument a line; 0x1f stands for the end of a line inside an argument. */
    public static void fuzzerTestOneInput(byte[] input) {
        String given = Promises.text(input);
        String[] arguments = given.isEmpty() ? new String[0] : given.split("\n", -1);
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = arguments[i].replace('\u001f', '\n');
        }
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        command.setExecutionStrategy(OptionsFuzz::planOnly);

        int status = command.execute(arguments);

        String told = err.toString();
        if (status == 0) {
            holds(told.isEmpty(), "status 0, and yet: " + told);
            return;
        }
        holds(status == 2, "status " + status + ": " + told);
        holds(out.toString().isEmpty(), "refused, and yet: " + out);
        holds(told.startsWith("perthread: ") && told.endsWith("\n"), "not a line of ours: " + told);
        Promises.isOneLineToRead(told.substring(0, told.length() - 1));
        holds(told.contains(" --help'"), "does not say where help is: " + told);
        holds(told.length() <= 6 * given.length() + 400, "a longer line than what was given explains");
    }

    private static int planOnly(ParseResult parsed) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        Object command = last.commandSpec().userObject();
        if (command instanceof Main none) {
            none.run();
        }
        if (command instanceof FetchCommand fetch) {
            FetchPlan plan = fetch.plan();
            holds(plan.threads() >= 1 && plan.threads() <= 100_000, "threads " + plan.threads());
            holds(plan.rounds() >= 1 && plan.rounds() <= 1_000_000_000, "requests " + plan.rounds());
            holds(plan.maxBytes() >= 1 && plan.maxBytes() <= 1L << 40, "max bytes " + plan.maxBytes());
            holds(plan.timeout().compareTo(Duration.ZERO) > 0, "timeout " + plan.timeout());
            fetch.prepare(plan).close(); // opens nothing until it is started
        }
        return 0;
    }
}
