package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.Action;
import dev.perthread.Closer;
import dev.perthread.Opener;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The trial of a client on each kind of thread: 8 platform threads, and 1,000 virtual ones. The figures go to
 * {@code target/clients.md}, one line per run; those of the obvious ways only with {@code -Dclients.full}.
 */
final class Comparison<T> {
    private static final boolean CAN_COUNT = Files.isReadable(Path.of("/proc/net/tcp"));
    /** With {@code -Dclients.full}, for the table of the page: the other ways, too. It takes minutes. */
    private static final boolean FULL = System.getProperty("clients.full") != null;

    private static final Path FIGURES = Path.of("target", "clients.md");

    /** Makes the way of the program under test, once per trial. */
    @FunctionalInterface
    interface Ours {
        Way make() throws Exception;
    }

    private final String client;
    private final TrialServer server;
    private final Class<? extends Throwable> own;
    private final Opener<T, ?> opener;
    private final Closer<T> closer;
    private final Action<T, ?> use;
    private Class<? extends Throwable> alsoOwn;
    private int mostThreadLocals = 1000;

    /** With the client's own exception. */
    Comparison(
            String client,
            TrialServer server,
            Class<? extends Throwable> own,
            Opener<T, ?> opener,
            Closer<T> closer,
            Action<T, ?> use) {
        this.client = client;
        this.server = server;
        this.own = own;
        this.alsoOwn = own;
        this.opener = opener;
        this.closer = closer;
        this.use = use;
    }

    /** A second type, of a client whose failures have no common one. */
    Comparison<T> or(Class<? extends Throwable> another) {
        alsoOwn = another;
        return this;
    }

    /** How many virtual threads to give a {@code ThreadLocal} at most, where a thousand are too many for the server. */
    Comparison<T> threadLocals(int most) {
        mostThreadLocals = most;
        return this;
    }

    /** Ours must hold what it promises; the other ways are measured. */
    void run(Ours ours) throws Exception {
        for (ThreadKind kind : ThreadKind.available().toList()) {
            int threads = kind == ThreadKind.PLATFORM ? 8 : 1000;
            RestartTrial.Outcome outcome = RestartTrial.run(kind, threads, server, ours.make());
            int left = RestartTrial.left(server);
            report(kind, "PerThread", outcome, left);
            assertThat(outcome.failures())
                    .allSatisfy(failure -> assertThat(failure).isInstanceOfAny(own, alsoOwn));
            assertThat(outcome.before()).isEmpty();
            assertThat(outcome.after()).isEmpty();
            assertThat(outcome.mostConnections()).isBetween(CAN_COUNT ? 1 : 0, 8);
            assertThat(left).isZero();

            if (FULL) {
                runOthers(kind);
            }
        }
    }

    private void runOthers(ThreadKind kind) throws Exception {
        int many = kind == ThreadKind.PLATFORM ? 8 : mostThreadLocals;
        ThreadLocalWay<T> obvious = new ThreadLocalWay<>(opener, use);
        RestartTrial.Outcome outcome = RestartTrial.run(kind, many, server, obvious);
        obvious.closeAll(closer);
        int left = RestartTrial.leftBehind(kind, many, server, obvious);
        report(kind, "ThreadLocal", outcome, left);
        obvious.closeAll(closer);

        many = kind == ThreadKind.PLATFORM ? 8 : 1000;
        outcome = RestartTrial.run(kind, many, server, new CommonsPoolWay<>(opener, closer, use));
        left = RestartTrial.leftBehind(kind, many, server, new CommonsPoolWay<>(opener, closer, use));
        report(kind, "commons-pool2", outcome, left);
    }

    private void report(ThreadKind kind, String way, RestartTrial.Outcome outcome, int left) throws IOException {
        String line = String.format(
                Locale.ROOT,
                "| %s | %s | Java %d, %d %s threads | %d | %d of %d | %d | %d of %d | %d | %d ms | %s |%n",
                client,
                way,
                Runtime.version().feature(),
                outcome.threads(),
                kind.name().toLowerCase(Locale.ROOT),
                outcome.mostConnections(),
                outcome.before().size(),
                outcome.uses(),
                outcome.meanwhile().size(),
                outcome.after().size(),
                outcome.uses(),
                left,
                outcome.millis(),
                kinds(outcome));
        write(line);
    }

    /** One line of the file of figures. */
    static void write(String line) throws IOException {
        Files.writeString(FIGURES, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static Map<String, Integer> kinds(RestartTrial.Outcome outcome) {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Throwable failure : outcome.failures()) {
            kinds.merge(failure.getClass().getSimpleName(), 1, Integer::sum);
        }
        return kinds;
    }
}
