package dev.perthread.cli.top;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Syntax;
import dev.perthread.cli.console.TerminalView;
import dev.perthread.cli.console.UsageException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The subcommand {@code top}: shows the pools and leases of another process, over JMX, again and again. */
public final class TopCommand implements Subcommand {
    /** Used once. */
    public TopCommand() {}

    @Override
    public Syntax syntax() {
        return new Syntax("top", "Show which thread of a running program holds what, and since when.")
                .details("It reads the pools that the program registered, by registerMXBean(). On a terminal the table"
                        + " is drawn in place, and a key sorts it: a age, u uses, t thread, r resource, p pool; q ends"
                        + " it. Elsewhere tables are printed one after the other.")
                .operand(
                        "TARGET",
                        1,
                        1,
                        "The program: PID, its process id, if it is a Java program of this user on this machine; or"
                                + " HOST:PORT, where it listens for JMX (com.sun.management.jmxremote.port).")
                .option("-s, --sort", "KEY", "age", "The order of leases: age, uses, thread, resource or pool.")
                .option("-i, --interval", "TIME", "2", "How often to look: seconds, or a number with ms, s or m.")
                .option("-t, --timeout", "TIME", "10", "The longest wait for an answer of the program.")
                .option("-n, --count", "N", "Look this many times and end.")
                .flag(
                        "--web",
                        "Show the timeline of the last minutes instead, as a page on this machine's loopback address that"
                                + " changes while the program runs. It turns on Flight Recorder's events of PerThread"
                                + " there, with every lease, until Ctrl-C.")
                .option("-p, --port", "PORT", "With --web: the port. Default: a free one.")
                .flag("-1, --once", "The same as --count 1.")
                .footer(
                        "Examples:",
                        "  perthread top 4711",
                        "  perthread top --once --sort uses db1:9010",
                        "  perthread top --web 4711");
    }

    @Override
    public int run(Arguments arguments) throws IOException, InterruptedException, CommandFailure {
        JmxTarget target = arguments.operands(JmxTarget::parse).get(0);
        TopTable.Sort sort = arguments.get("sort", TopTable.Sort::parse);
        Duration interval = arguments.get("interval", OptionConverters::time);
        Integer count = arguments.find("count", OptionConverters::requests);
        boolean once = arguments.has("once");
        if (count != null && once) {
            throw new UsageException("--once and --count contradict each other; at most one of them must be given");
        }
        boolean web = arguments.has("web");
        Integer port = arguments.find("port", OptionConverters::port);
        if (web && (once || count != null)) {
            throw new UsageException("--web must be given without --once and --count");
        }
        if (!web && port != null) {
            throw new UsageException("--port has no effect without --web");
        }
        int times = once ? 1 : count == null ? Integer.MAX_VALUE : count;
        TopTable table = new TopTable(target.toString());
        try (PoolBeans beans = PoolBeans.connect(target, arguments.get("timeout", OptionConverters::time))) {
            if (web) {
                return new WebView(target, beans).run(port == null ? 0 : port, interval);
            }
            Looks looks = new Looks(beans, interval, times);
            List<PoolBeans.Pool> first = beans.read(); // what is wrong is reported before the screen is cleared
            return TerminalView.isThere() && times > 1
                    ? watch(table, looks, first, sort)
                    : print(table, looks, first, sort);
        }
    }

    /** Where to look, how often, and how many times. */
    private record Looks(PoolBeans beans, Duration interval, int times) {}

    private static int print(TopTable table, Looks looks, List<PoolBeans.Pool> first, TopTable.Sort sort)
            throws InterruptedException, CommandFailure {
        Output out = new Output(System.out, System.err);
        int width = TerminalView.isThere() ? TerminalView.width() : Integer.MAX_VALUE;
        List<PoolBeans.Pool> pools = first;
        for (int time = 1; ; time++) {
            for (String line : table.lines(pools, sort, width, Integer.MAX_VALUE)) {
                if (!out.line(line)) {
                    return ExitStatus.FAILED; // whoever read it has gone
                }
            }
            if (time == looks.times()) {
                return ExitStatus.OK;
            }
            out.line("");
            Thread.sleep(looks.interval().toMillis());
            pools = looks.beans().read();
        }
    }

    private static int watch(TopTable table, Looks looks, List<PoolBeans.Pool> first, TopTable.Sort firstSort)
            throws IOException, InterruptedException, CommandFailure {
        List<PoolBeans.Pool> pools = first;
        TopTable.Sort sort = firstSort;
        try (TerminalView screen = TerminalView.open()) {
            Thread restore = new Thread(() -> close(screen), "restore-screen");
            Runtime.getRuntime().addShutdownHook(restore); // Ctrl-C must not leave the other screen behind
            for (int time = 1; ; time++) {
                long until = System.nanoTime() + looks.interval().toNanos();
                for (long left = looks.interval().toMillis();
                        left > 0;
                        left = (until - System.nanoTime()) / 1_000_000) {
                    screen.draw(table.lines(pools, sort, screen.columns(), screen.rows()));
                    int key = screen.key(left);
                    if (key == 'q' || key == -1) {
                        forget(restore);
                        return ExitStatus.OK;
                    }
                    sort = TopTable.Sort.ofKey(key, sort);
                }
                if (time == looks.times()) {
                    forget(restore);
                    return ExitStatus.OK;
                }
                pools = looks.beans().read();
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
