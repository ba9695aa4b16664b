package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server is replaced while many threads use it, by suspend and resume: no request fails, and none goes to the old one. */
class ReplacedServerTest {
    private static final int USERS = 24;
    private static final int REPLACEMENTS = 3;
    private static final Duration LONG = Duration.ofSeconds(30);

    /** Answers each byte by the number of its generation, until it is stopped. */
    private static final class Server implements AutoCloseable {
        private final ServerSocket listening;
        private final int generation;
        private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
        private final Thread accepting;

        Server(int port, int generation) throws IOException {
            this.generation = generation;
            this.listening = new ServerSocket();
            listening.setReuseAddress(true); // or the port of the old one would be taken for a while
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            this.accepting = new Thread(this::accept, "server-" + generation);
            accepting.start();
        }

        int port() {
            return listening.getLocalPort();
        }

        private void accept() {
            Queue<Thread> answering = new ConcurrentLinkedQueue<>();
            try {
                while (true) {
                    Socket peer = listening.accept();
                    connections.add(peer);
                    Thread thread = new Thread(() -> answer(peer), "server-" + generation + "-connection");
                    thread.start();
                    answering.add(thread);
                }
            } catch (IOException stopped) {
                answering.forEach(thread -> {
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
            }
        }

        private void answer(Socket peer) {
            try (peer) {
                while (peer.getInputStream().read() >= 0) {
                    peer.getOutputStream().write(generation);
                }
            } catch (IOException ended) {
                // by its client, or because the server stops: that would fail a request, which the test counts
            } finally {
                connections.remove(peer);
            }
        }

        /** As a server that is killed: nothing is finished. */
        @Override
        public void close() throws IOException {
            listening.close();
            for (Socket connection : connections) {
                connection.close();
            }
            try {
                accepting.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final AtomicInteger port = new AtomicInteger();
    private final AtomicInteger generation = new AtomicInteger(1); // that may answer
    private final AtomicLong answered = new AtomicLong();
    private final Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
    private volatile boolean stop;

    private static int ask(Socket socket) throws IOException {
        socket.getOutputStream().write(1);
        return socket.getInputStream().read();
    }

    private void use(PerThread<Socket, IOException> pool) {
        while (!stop) {
            try {
                int least = generation.get();
                int got = pool.call(ReplacedServerTest::ask);
                if (got < least) {
                    throw new AssertionError("asked generation " + least + " or later, but " + got + " answered");
                }
                answered.incrementAndGet();
            } catch (Throwable failure) {
                failed.add(failure);
                return;
            }
        }
    }

    private PerThread<Socket, IOException> pool(IdlePolicy whenIdle, int limit) {
        PerThread.Builder<Socket, IOException> builder = PerThread.<Socket, IOException>builder(
                        () -> new Socket(InetAddress.getLoopbackAddress(), port.get()))
                .whenIdle(whenIdle)
                .acquireTimeout(LONG);
        return limit == 0 ? builder.build() : builder.limit(limit).build();
    }

    private void untilAnswered(long more) throws InterruptedException {
        long wanted = answered.get() + more;
        for (long end = System.nanoTime() + LONG.toNanos(); answered.get() < wanted && failed.isEmpty(); ) {
            assertThat(System.nanoTime() - end)
                    .as("answers %d of %d", answered.get(), wanted)
                    .isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void replaceUnderLoad(ThreadKind kind, IdlePolicy whenIdle, int limit) throws Exception {
        Server server = new Server(0, 1);
        port.set(server.port());
        PerThread<Socket, IOException> pool = pool(whenIdle, limit);
        Thread[] users = new Thread[USERS];
        try {
            for (int i = 0; i < USERS; i++) {
                users[i] = kind.start(() -> use(pool));
            }
            untilAnswered(200);
            for (int next = 2; next < 2 + REPLACEMENTS; next++) {
                CloseReport report = pool.suspend(LONG);
                assertThat(report.failures()).isEmpty();
                assertThat(pool.stats().open()).isZero();
                server.close();
                server = new Server(port.get(), next);
                generation.set(next);
                pool.resume();
                untilAnswered(200);
            }
        } finally {
            stop = true;
            pool.resume();
            for (Thread user : users) {
                user.join();
            }
            pool.close();
            server.close();
        }
        assertThat(failed).isEmpty();
        Stats after = pool.stats();
        assertThat(after.openFailures() + after.timeouts() + after.closeFailures())
                .as(after.toString())
                .isZero();
        assertThat(after.closedByReason()).containsKey(CloseReason.SUSPENDED);
        if (limit > 0) {
            assertThat(after.mostOpen()).isLessThanOrEqualTo(limit);
        }
    }

    @ParameterizedTest
    @CsvSource({"CLOSE, 6", "KEEP, 0", "LEND, 6", "LEND, 0"})
    void noRequestOfPlatformThreads_mayFail(IdlePolicy whenIdle, int limit) throws Exception {
        replaceUnderLoad(ThreadKind.PLATFORM, whenIdle, limit);
    }

    @ParameterizedTest
    @CsvSource({"CLOSE, 6", "KEEP, 0", "LEND, 6", "LEND, 0"})
    void noRequestOfVirtualThreads_mayFail(IdlePolicy whenIdle, int limit) throws Exception {
        if (ThreadKind.available().anyMatch(kind -> kind == ThreadKind.VIRTUAL)) {
            replaceUnderLoad(ThreadKind.VIRTUAL, whenIdle, limit);
        }
    }

    @EachThreadKind
    void serverThatIsDownForAWhile_mustFailNobody_whileThePoolIsSuspended(ThreadKind kind) throws Exception {
        Server first = new Server(0, 1);
        port.set(first.port());
        PerThread<Socket, IOException> pool = pool(IdlePolicy.LEND, 4);
        Thread[] users = new Thread[USERS];
        try {
            for (int i = 0; i < USERS; i++) {
                users[i] = kind.start(() -> use(pool));
            }
            untilAnswered(50);
            pool.suspend(LONG);
            first.close();
            // All of them wait, each parked: nobody asks a server that is not there.
            Actor.until(() -> pool.stats().waiting() == USERS);
            try (Server second = new Server(port.get(), 2)) {
                generation.set(2);
                pool.resume();
                untilAnswered(200);
                stop = true;
                for (Thread user : users) {
                    user.join();
                }
                assertThat(second.generation).isEqualTo(2);
                pool.close();
            }
        } finally {
            stop = true;
            pool.resume();
            pool.close();
        }
        assertThat(failed).isEmpty();
    }
}
