package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Closing frees every thread, wherever it is stuck, closes every connection, and says what it did. */
class CloseTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @ParameterizedTest
    @MethodSource(KINDS)
    void threadsBlockedInRecvAreFreedAfterTheGrace(ThreadKind kind) throws Exception {
        Queue<Throwable> seen = new ConcurrentLinkedQueue<>();
        try (TestServer server = new TestServer(TestServer.SILENCE);
                LazyConnection shared = server.builder().name("shop").build()) {
            Runnable blocked = () -> seen.add(catchThrowable(() -> {
                try (Connection mine = shared.open()) {
                    mine.recv(1);
                }
            }));
            Thread first = kind.start(blocked);
            Thread second = kind.start(blocked);
            server.awaitOpen(2);
            TestServer.await(() -> shared.holder().stats().leased() == 2);
            CloseReport report = shared.close(Duration.ofMillis(50));
            first.join(10_000);
            second.join(10_000);
            assertThat(report.forced()).isEqualTo(2);
            assertThat(report.failures()).isEmpty();
            assertThat(seen)
                    .hasSize(2)
                    .allSatisfy(failure -> assertThat(failure)
                            .hasMessageContaining("shop: the resource was closed under its user")
                            .hasMessageContaining("(id "));
            server.awaitOpen(0);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void threadsStuckInConnectAreFreedAtOnce(ThreadKind kind) throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        CountDownLatch looked = new CountDownLatch(1);
        try (FullBacklog full = new FullBacklog()) {
            LazyConnection shared = LazyConnection.tcp("some.host", full.port())
                    .connectTimeout(Duration.ofSeconds(60))
                    .resolver(host -> {
                        looked.countDown();
                        return Resolver.SYSTEM.resolve("127.0.0.1");
                    })
                    .build();
            Thread stuck = kind.start(() -> seen.set(catchThrowable(shared::open)));
            looked.await();
            TestServer.await(() -> shared.holder().stats().opening() == 1);
            long begin = System.nanoTime();
            shared.close();
            stuck.join(10_000);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(9));
            assertThat(seen.get())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
        }
    }

    @Test
    void aThreadThatLooksANameUpMeanwhileIsRefusedWhenItHasIt() throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        CountDownLatch looking = new CountDownLatch(1);
        CountDownLatch found = new CountDownLatch(1);
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            LazyConnection shared = LazyConnection.tcp("some.host", server.port())
                    .resolver(host -> {
                        looking.countDown();
                        try {
                            found.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        return Resolver.SYSTEM.resolve("127.0.0.1");
                    })
                    .build();
            Thread stuck = new Thread(() -> seen.set(catchThrowable(shared::open)));
            stuck.start();
            looking.await();
            shared.close(Duration.ZERO);
            found.countDown();
            stuck.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
            assertThat(server.accepted()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void scopesThatEndInTheGraceAreNotDisturbed(ThreadKind kind) throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        AtomicReference<byte[]> got = new AtomicReference<>();
        TestServer.Talk slow = (in, out) -> {
            in.read();
            try {
                answer.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            out.write(bytes("late"));
        };
        try (TestServer server = new TestServer(slow)) {
            LazyConnection shared = server.shared();
            Thread user = kind.start(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("?"));
                    got.set(mine.recvAll());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            TestServer.await(() -> shared.holder().stats().leased() == 1);
            Thread closer = new Thread(shared::close);
            closer.start();
            TestServer.await(() -> refuses(shared));
            answer.countDown();
            user.join(10_000);
            closer.join(10_000);
            assertThat(got.get()).isEqualTo(bytes("late"));
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void whoeverOpensMeanwhileGetsAWholeScopeOrIsRefused(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            for (int round = 0; round < 100; round++) {
                LazyConnection shared = server.builder()
                        .whenIdle(round % 2 == 0 ? IdlePolicy.CLOSE : IdlePolicy.LEND)
                        .build();
                CountDownLatch running = new CountDownLatch(round % 5);
                kind.inParallel(3, i -> {
                    if (i == 0) {
                        running.await();
                        assertThat(shared.close(Duration.ofSeconds(30)).forced())
                                .isZero();
                        return;
                    }
                    Throwable refusal = null;
                    while (refusal == null) {
                        refusal = catchThrowable(() -> shared.call(mine -> {
                            mine.send(bytes("a"));
                            assertThat(mine.recv(1)).isEqualTo(bytes("a"));
                            return null;
                        }));
                        running.countDown();
                    }
                    assertThat(refusal)
                            .isExactlyInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("is closed");
                });
                server.awaitOpen(0);
            }
        }
    }

    /** On Java 17 a socket closed while connect() makes its descriptor leaves that open. So it is made before. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void descriptorOfAPlainSocket_isThereBeforeSomebodyElseCanCloseIt() throws Exception {
        long before = sockets();
        PlainSocketTransport transport = new PlainSocketTransport();
        assertThat(sockets()).isEqualTo(before + 1);
        transport.close();
        assertThat(sockets()).isEqualTo(before);
    }

    private static long sockets() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).toString().startsWith("socket:");
                        } catch (IOException closed) {
                            return false;
                        }
                    })
                    .count();
        }
    }

    @Test
    void afterwardsNothingOpensAndClosingAgainDoesNothing() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            LazyConnection shared = server.builder().whenIdle(IdlePolicy.KEEP).build();
            shared.run(Connection::localAddress);
            server.awaitOpen(1);
            assertThat(shared.close(Duration.ofSeconds(1)).closed()).isEqualTo(1);
            server.awaitOpen(0);
            assertThat(shared.close(Duration.ofSeconds(1)).closed()).isZero();
            shared.close();
            assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
            assertThatThrownBy(() -> shared.close(Duration.ofSeconds(-1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("grace must be zero or more, but was PT-1S");
        }
    }

    /** Whatever it still opens, it closes. */
    private static boolean refuses(LazyConnection shared) throws IOException {
        try (Connection early = shared.open()) {
            return early == null;
        } catch (IllegalStateException closed) {
            return true;
        }
    }
}
