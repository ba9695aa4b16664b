package dev.perthread.examples.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;

/**
 * The connections at the server's end, counted by the kernel, while the trial runs. Where there is no /proc it counts none.
 *
 * <p>Reading the kernel's table takes time, in which one connection may close and another one open; and on a busy machine
 * the server's end may be open for some milliseconds after the client has closed its own, and opened another one. So only
 * those that several readings in a row have are counted.
 */
final class ServerConnections implements AutoCloseable {
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final String ESTABLISHED = "01";
    private static final int READINGS = 5; // 20 ms and more

    private final TrialServer server;
    private final Thread sampler = new Thread(this::sample, "connections-at-the-server");
    private volatile boolean ended;
    private volatile int most;
    private final Deque<Set<String>> latest = new ArrayDeque<>(); // guarded by this

    ServerConnections(TrialServer server) {
        this.server = server;
        sampler.start();
    }

    private void sample() {
        while (!ended) {
            long begun = System.nanoTime();
            read();
            long took = System.nanoTime() - begun; // some servers are slow to ask, and the trial needs the processor
            LockSupport.parkNanos(Math.max(5_000_000, 4 * took));
        }
    }

    /** As many readings as count, now: for moments when much is open and nothing moves. */
    void readAtRest() {
        for (int i = 0; i < READINGS; i++) {
            read();
        }
    }

    private synchronized void read() {
        latest.add(server.clients());
        if (latest.size() < READINGS) {
            return;
        }
        Set<String> inAll = new HashSet<>(latest.getLast());
        latest.forEach(inAll::retainAll);
        most = Math.max(most, inAll.size());
        latest.remove();
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
