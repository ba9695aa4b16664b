package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.IdlePolicy;
import dev.perthread.ReentryPolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No read waits longer than it was told, what one scope says does not reach the next, and an interrupt ends the wait. */
class TimeoutTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";
    private static final Duration SHORT = Duration.ofMillis(60);

    @ParameterizedTest
    @MethodSource(KINDS)
    void everyKindOfReadTimesOut(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.SILENCE);
                LazyConnection shared =
                        server.builder().name("shop").readTimeout(SHORT).build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    timesOut(() -> mine.recv(1));
                    timesOut(mine::recvAll);
                    timesOut(() -> mine.recvAll(10));
                    timesOut(() -> mine.input().read());
                    timesOut(() -> mine.input().readAllBytes());
                }
                return null;
            });
        }
    }

    private static void timesOut(ThrowingCallable read) {
        assertThatThrownBy(read)
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("shop: nothing received for 60 ms, the read timeout");
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aTimeoutSetInOneScopeDoesNotLeakIntoTheNext(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder()
                        .whenIdle(IdlePolicy.LEND)
                        .readTimeout(SHORT)
                        .build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.readTimeout(Duration.ofHours(1));
                    mine.send(bytes("a"));
                    assertThat(mine.recv(1)).isEqualTo(bytes("a")); // the socket has been told
                    mine.done();
                }
                return null;
            });
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    assertThatThrownBy(() -> mine.recv(1))
                            .isExactlyInstanceOf(SocketTimeoutException.class)
                            .hasMessageContaining("60 ms");
                }
                return null;
            });
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void aNestedScopeThatSharesTheConnectionHasATimeoutOfItsOwn() throws Exception {
        try (TestServer server = new TestServer(TestServer.SILENCE);
                LazyConnection shared = server.builder()
                        .reentry(ReentryPolicy.SHARE)
                        .readTimeout(Duration.ZERO)
                        .build();
                Connection outer = shared.open()) {
            outer.readTimeout(SHORT);
            try (Connection inner = shared.open()) {
                inner.readTimeout(Duration.ofMillis(70));
                assertThatThrownBy(() -> inner.recv(1)).hasMessageContaining("70 ms");
            }
            assertThatThrownBy(() -> outer.recv(1)).hasMessageContaining("60 ms");
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void lessThanAMillisecondIsNotForEver() throws Exception {
        try (TestServer server = new TestServer(TestServer.SILENCE);
                LazyConnection shared = server.shared();
                Connection mine = shared.open()) {
            mine.readTimeout(Duration.ofNanos(1));
            assertThatThrownBy(() -> mine.recv(1)).isInstanceOf(SocketTimeoutException.class);
            assertThatThrownBy(() -> mine.readTimeout(Duration.ofSeconds(-1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("readTimeout must be zero or more, but was PT-1S");
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void anInterruptFreesARead(ThreadKind kind) throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>();
        try (TestServer server = new TestServer(TestServer.SILENCE);
                LazyConnection shared = server.shared()) {
            Thread reader = kind.start(() -> {
                seen.set(catchThrowable(() -> shared.call(mine -> mine.recv(1))));
                flag.set(Thread.currentThread().isInterrupted());
            });
            TestServer.await(() -> shared.holder().stats().leased() == 1);
            reader.interrupt();
            reader.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(InterruptedIOException.class)
                    .hasMessageContaining("interrupted");
            assertThat(flag.get()).isTrue();
            server.awaitOpen(0);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void anInterruptFreesAConnectAndNoFurtherAddressIsTried(ThreadKind kind) throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        try (FullBacklog full = new FullBacklog();
                LazyConnection shared = LazyConnection.tcp("127.0.0.1", full.port())
                        .connectTimeout(Duration.ofSeconds(60))
                        .build()) {
            Thread stuck = kind.start(() -> seen.set(catchThrowable(shared::open)));
            TestServer.await(() -> shared.holder().stats().opening() == 1);
            stuck.interrupt();
            stuck.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(InterruptedIOException.class)
                    .hasMessage("cannot connect to 127.0.0.1:" + full.port() + ": interrupted");
        }
    }
}
