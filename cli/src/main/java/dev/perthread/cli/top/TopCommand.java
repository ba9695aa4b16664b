package dev.perthread.cli.top;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ManifestVersion;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.TerminalView;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The subcommand {@code top}: shows the pools and leases of another process, over JMX, again and again. */
@Command(
        name = "top",
        description = {
            "Show who holds what in a running program, and since when.",
            "",
            "It reads the holders that the program registered, by registerMXBean(). On a terminal the table is"
                    + " drawn in place, and a key sorts it: a age, u uses, t thread, r resource, h holder; q ends it."
                    + " Elsewhere tables are printed one after the other."
        },
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {"  perthread top 4711", "  perthread top --once --sort uses db1:9010"})
public final class TopCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "TARGET",
            converter = JmxTarget.Converter.class,
            description =
                    "The program: PID, its process id, if it is ours and on this machine; or HOST:PORT, where it listens"
                            + " for JMX (com.sun.management.jmxremote.port).")
    @SuppressWarnings("NullAway.Init") // picocli demands it
    private JmxTarget target;

    @Option(
            names = {"-s", "--sort"},
            paramLabel = "KEY",
            defaultValue = "age",
            converter = TopTable.SortConverter.class,
            description = "The order of leases: age, uses, thread, resource or holder (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // it has a default value
    private TopTable.Sort sort;

    @Option(
            names = {"-i", "--interval"},
            paramLabel = "TIME",
            defaultValue = "2",
            converter = OptionConverters.Time.class,
            description = "How often to look: seconds, or a number with ms, s or m (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // it has a default value
    private Duration interval;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = OptionConverters.Requests.class,
            description = "Look so many times and end.")
    private @Nullable Integer count;

    @Option(
            names = {"-1", "--once"},
            description = "The same as --count 1.")
    private boolean once;

    /** For picocli. */
    public TopCommand() {}

    @Override
    public Integer call() throws IOException, InterruptedException, CommandFailure {
        int times = once ? 1 : count == null ? Integer.MAX_VALUE : count;
        try (PoolBeans beans = PoolBeans.connect(target)) {
            List<PoolBeans.Holder> first = beans.read(); // what is wrong is told before the screen is cleared
            return TerminalView.isThere() && times > 1 ? watch(beans, first, times) : print(beans, first, times);
        }
    }

    private int print(PoolBeans beans, List<PoolBeans.Holder> first, int times)
            throws InterruptedException, CommandFailure {
        Output out = new Output(System.out, System.err);
        TopTable table = new TopTable(target.toString());
        int width = TerminalView.isThere() ? TerminalView.width() : Integer.MAX_VALUE;
        List<PoolBeans.Holder> holders = first;
        for (int time = 1; ; time++) {
            for (String line : table.lines(holders, sort, width, Integer.MAX_VALUE)) {
                if (!out.line(line)) {
                    return ExitCode.SOFTWARE; // whoever read it has gone
                }
            }
            if (time == times) {
                return ExitCode.OK;
            }
            out.line("");
            Thread.sleep(interval.toMillis());
            holders = beans.read();
        }
    }

    private int watch(PoolBeans beans, List<PoolBeans.Holder> first, int times) throws IOException, CommandFailure {
        TopTable table = new TopTable(target.toString());
        List<PoolBeans.Holder> holders = first;
        try (TerminalView screen = TerminalView.open()) {
            Thread restore = new Thread(() -> close(screen), "restore-screen");
            Runtime.getRuntime().addShutdownHook(restore); // Ctrl-C must not leave the other screen behind
            for (int time = 1; ; time++) {
                long until = System.nanoTime() + interval.toNanos();
                for (long left = interval.toMillis(); left > 0; left = (until - System.nanoTime()) / 1_000_000) {
                    screen.draw(table.lines(holders, sort, screen.columns(), screen.rows()));
                    int key = screen.key(left);
                    if (key == 'q' || key == -1) {
                        forget(restore);
                        return ExitCode.OK;
                    }
                    sort = TopTable.Sort.ofKey(key, sort);
                }
                if (time == times) {
                    forget(restore);
                    return ExitCode.OK;
                }
                holders = beans.read();
            }
        }
    }

    private static void close(TerminalView screen) {
        try {
            screen.close();
        } catch (IOException e) {
            return; // the terminal is gone
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // it runs already
        }
    }
}
