package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.AcquireRefusedException;
import dev.perthread.AcquireTimeoutException;
import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The options of the pool reach it, and one time covers waiting at the limit and connecting. */
class PoolOptionsTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private static void echo(Connection mine) throws IOException {
        mine.send(bytes("a"));
        assertThat(mine.recv(1)).isEqualTo(bytes("a"));
    }

    private static Duration since(long begin) {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void openWithATimeout_cutsConnectingShort(ThreadKind kind) throws Exception {
        try (FullBacklog dead = new FullBacklog();
                LazyConnection shared =
                        LazyConnection.tcp("127.0.0.1", dead.port()).build()) {
            kind.call(() -> {
                long begin = System.nanoTime();
                assertThatThrownBy(() -> shared.open(Duration.ofMillis(200)))
                        .isExactlyInstanceOf(SocketTimeoutException.class);
                assertThat(since(begin)).isBetween(Duration.ofMillis(190), Duration.ofSeconds(3));
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void openWithATimeout_coversWaitingAtTheLimitAndConnecting(ThreadKind kind) throws Exception {
        try (FullBacklog dead = new FullBacklog();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                LazyConnection shared = LazyConnection.tcp("127.0.0.1", dead.port())
                        .limit(1)
                        .connectTimeout(Duration.ofMillis(700))
                        .build()) {
            var connecting = first.begin(() -> catchThrowable(shared::open));
            TestServer.await(() -> shared.holder().stats().opening() == 1);
            long begin = System.nanoTime();
            Throwable late = second.call(() -> catchThrowable(() -> shared.open(Duration.ofSeconds(1))));
            Duration took = since(begin);
            assertThat(Actor.get(connecting)).isInstanceOf(SocketTimeoutException.class);
            // Some 700 ms went by at the limit, so of the 700 for the address 300 were left.
            assertThat(late).isExactlyInstanceOf(SocketTimeoutException.class);
            assertThat(took).isBetween(Duration.ofMillis(990), Duration.ofSeconds(10));
            assertThat(late.getMessage()).doesNotContain("700 ms");
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void openWithATimeout_endsTheWaitAtTheLimit(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder().limit(1).build();
                Connection mine = shared.open()) {
            for (Duration timeout : new Duration[] {Duration.ZERO, Duration.ofMillis(50)}) {
                long begin = System.nanoTime();
                kind.call(() ->
                        assertThatThrownBy(() -> shared.open(timeout)).isInstanceOf(AcquireTimeoutException.class));
                assertThat(since(begin)).isBetween(timeout, Duration.ofSeconds(5));
            }
            mine.invalidate();
            assertThatThrownBy(() -> shared.open(Duration.ofMillis(-1)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("timeout ");
        }
    }

    /** Zero is for waiting: nobody could connect in no time. */
    @ParameterizedTest
    @MethodSource(KINDS)
    void timeoutOfZero_connects_whereThereIsRoom(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().limit(1).acquireTimeout(Duration.ZERO).build()) {
            kind.call(() -> {
                shared.run(PoolOptionsTest::echo);
                try (Connection mine = shared.open(Duration.ZERO)) {
                    echo(mine);
                }
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void acquireTimeout_coversConnecting(ThreadKind kind) throws Exception {
        try (FullBacklog dead = new FullBacklog();
                LazyConnection shared = LazyConnection.tcp("127.0.0.1", dead.port())
                        .acquireTimeout(Duration.ofMillis(150))
                        .build()) {
            kind.call(() -> {
                long begin = System.nanoTime();
                assertThatThrownBy(shared::open).isExactlyInstanceOf(SocketTimeoutException.class);
                assertThat(since(begin)).isLessThan(Duration.ofSeconds(3));
                return null;
            });
        }
    }

    @Test
    void messageAboutOpening_saysWhatWasLeft() {
        long openNanos = Duration.ofSeconds(15).toNanos();
        assertThat(Deadline.opening(Duration.ofSeconds(30), openNanos)).hasToString("the openTimeout of 15 s");
        assertThat(Deadline.opening(Duration.ofMillis(300), openNanos)).hasToString("the 300 ms that were left");
        assertThat(Deadline.opening(Duration.ZERO, openNanos)).hasToString("the openTimeout of 15 s");
        assertThat(Deadline.opening(Duration.ofNanos(openNanos - 9000), openNanos))
                .hasToString("the openTimeout of 15 s"); // what an acquire without a wait takes is not worth a word
    }

    @Test
    void defaultOfTheAcquireTimeout_isLongEnoughForConnecting() {
        assertThat(builder().options.acquireTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(builder().connectTimeout(Duration.ofSeconds(60)).options.acquireTimeout())
                .isEqualTo(Duration.ofSeconds(180));
        assertThat(builder().openTimeout(Duration.ofSeconds(2)).options.acquireTimeout())
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(builder().limit(1).openTimeout(Duration.ofSeconds(2)).options.acquireTimeout())
                .isEqualTo(Duration.ofSeconds(2));
    }

    private static LazyConnection.Builder builder() {
        return LazyConnection.tcp("localhost", 80);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void maxWaiting_refusesAtOnce(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder().limit(1).maxWaiting(0).build();
                Connection mine = shared.open()) {
            kind.call(() -> assertThatThrownBy(shared::open).isInstanceOf(AcquireRefusedException.class));
            mine.invalidate();
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void openBackoff_failsAtOnce_untilTheNextTryIsDue(ThreadKind kind) throws Exception {
        AtomicInteger lookedUp = new AtomicInteger();
        try (LazyConnection shared = LazyConnection.tcp("no.such.host", 1)
                .resolver(host -> {
                    lookedUp.incrementAndGet();
                    throw new UnknownHostException(host);
                })
                .openBackoff(Duration.ofHours(1), Duration.ofHours(1))
                .build()) {
            kind.call(() -> {
                Throwable first = catchThrowable(shared::open);
                assertThat(catchThrowable(shared::open)).isSameAs(first);
                return null;
            });
            assertThat(lookedUp).hasValue(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void maxUses_closesTheConnection(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().whenIdle(IdlePolicy.LEND).maxUses(2).build()) {
            kind.call(() -> {
                for (int i = 0; i < 4; i++) {
                    shared.run(PoolOptionsTest::echo);
                }
                return null;
            });
            assertThat(server.accepted()).isEqualTo(2);
            assertThat(closed(shared)).containsEntry(CloseReason.MAX_USES, 2L);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void maxIdle_closesWhatIsTooMuch(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().whenIdle(IdlePolicy.LEND).maxIdle(0).build()) {
            kind.call(() -> {
                shared.run(PoolOptionsTest::echo);
                return null;
            });
            assertThat(closed(shared)).containsEntry(CloseReason.SURPLUS, 1L);
        }
    }

    @Test
    void minIdle_connectsInTheBackground() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().whenIdle(IdlePolicy.LEND).minIdle(2).build()) {
            assertThat(shared.holder().awaitReady(Duration.ofSeconds(10))).isTrue();
            server.awaitOpen(2);
        }
    }

    @Test
    void checkIdleEvery_closesWhatThePeerHasClosed() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder()
                        .whenIdle(IdlePolicy.LEND)
                        .checkIdleEvery(Duration.ofMillis(20))
                        .build()) {
            shared.run(PoolOptionsTest::echo);
            server.hangUp();
            TestServer.await(() -> closed(shared).getOrDefault(CloseReason.CHECK_FAILED, 0L) == 1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void checkAfterIdle_skipsTheCheck(ThreadKind kind) throws Exception {
        AtomicInteger checks = new AtomicInteger();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder()
                        .whenIdle(IdlePolicy.LEND)
                        .check(mine -> checks.incrementAndGet() > 0)
                        .checkAfterIdle(Duration.ofHours(1))
                        .build()) {
            kind.call(() -> {
                shared.run(PoolOptionsTest::echo);
                shared.run(PoolOptionsTest::echo);
                return null;
            });
            assertThat(checks).hasValue(0);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void timeLeases_countsTheTimeOfScopes(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection plain = server.builder().build();
                LazyConnection timed = server.builder().timeLeases(true).build()) {
            kind.call(() -> {
                plain.run(PoolOptionsTest::echo);
                timed.run(PoolOptionsTest::echo);
                return null;
            });
            assertThat(plain.holder().stats().leaseNanos()).isZero();
            assertThat(timed.holder().stats().leaseNanos()).isPositive();
        }
    }

    @Test
    void connectionThatIsRefused_isNoTimeout() {
        try (LazyConnection shared = LazyConnection.tcp("127.0.0.1", 1).build()) {
            assertThatThrownBy(() -> shared.open(Duration.ofSeconds(5))).isExactlyInstanceOf(ConnectException.class);
        }
    }

    private static Map<CloseReason, Long> closed(LazyConnection shared) {
        return shared.holder().stats().closedByReason();
    }
}
