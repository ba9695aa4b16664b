package dev.perthread.examples.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;

/**
 * The connections at the server's end, counted by the kernel, while the trial runs. Where there is no /proc it counts none.
 *
 * <p>Reading the kernel's table takes time, in which one connection may close and another one open: so only those that two
 * readings in a row have are counted, which were all there at the moment between the two.
 */
final class ServerConnections implements AutoCloseable {
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final String ESTABLISHED = "01";

    private final TrialServer server;
    private final Thread sampler = new Thread(this::sample, "connections-at-the-server");
    private volatile boolean ended;
    private volatile int most;
    private Set<String> previous = Set.of(); // guarded by this

    ServerConnections(TrialServer server) {
        this.server = server;
        sampler.start();
    }

    private void sample() {
        while (!ended) {
            read();
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** Two readings, now: for moments when much is open and nothing moves. */
    void readTwice() {
        read();
        read();
    }

    private synchronized void read() {
        Set<String> now = server.clients();
        Set<String> both = new HashSet<>(now);
        both.retainAll(previous);
        most = Math.max(most, both.size());
        previous = now;
    }

    /** The most at one moment so far. */
    int most() {
        return most;
    }

    /** How many there are now. */
    static int open(int port) {
        return of(port).size();
    }

    /** What was closed may take a moment at the server's end; whatever is left longer fails the test. */
    static void awaitNone(int port) {
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofSeconds(10))
                .until(() -> open(port) == 0);
    }

    /** Each one's address at the other end. */
    static Set<String> of(int port) {
        String local = String.format(Locale.ROOT, ":%04X", port);
        Set<String> clients = new HashSet<>();
        for (Path table : TABLES) {
            if (!Files.isReadable(table)) {
                continue;
            }
            try {
                for (String line : Files.readAllLines(table)) {
                    String[] fields = line.strip().split(" +", 5);
                    if (fields.length == 5 && fields[1].endsWith(local) && fields[3].equals(ESTABLISHED)) {
                        clients.add(fields[2]);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return clients;
    }

    @Override
    public void close() throws InterruptedException {
        ended = true;
        sampler.join();
    }
}
