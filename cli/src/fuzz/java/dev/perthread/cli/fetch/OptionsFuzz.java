package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.cli.Main;
import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.fuzz.Promises;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

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
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Output output = new Output(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));

        int status = Main.run(arguments, output, OptionsFuzz::planOnly);

        String told = err.toString(StandardCharsets.UTF_8);
        if (status == 0) {
            holds(told.isEmpty(), "status 0, and yet: " + told);
            return;
        }
        holds(status == 2, "status " + status + ": " + told);
        holds(out.size() == 0, "refused, and yet: " + out);
        holds(told.startsWith("perthread: ") && told.endsWith("\n"), "not a line of ours: " + told);
        Promises.isOneLineToRead(told.substring(0, told.length() - 1));
        holds(told.contains(" --help'"), "does not say where help is: " + told);
        holds(told.length() <= 6 * given.length() + 400, "a longer line than what was given explains");
    }

    private static int planOnly(Subcommand command, Arguments arguments) {
        if (command instanceof FetchCommand fetch) {
            FetchPlan plan = fetch.plan(arguments);
            holds(plan.threads() >= 1 && plan.threads() <= 100_000, "threads " + plan.threads());
            holds(plan.rounds() >= 1 && plan.rounds() <= 1_000_000_000, "requests " + plan.rounds());
            holds(
                    plan.bounds().maxBytes() >= 1 && plan.bounds().maxBytes() <= 1L << 40,
                    "max bytes " + plan.bounds().maxBytes());
            holds(
                    plan.bounds().timeout().compareTo(Duration.ZERO) > 0,
                    "timeout " + plan.bounds().timeout());
            fetch.prepare(plan).close(); // opens nothing until it is started
        }
        return 0;
    }
}
