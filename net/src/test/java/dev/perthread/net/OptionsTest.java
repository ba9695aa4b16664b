package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.AcquireTimeoutException;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ReentryException;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.ThreadKind;
import java.net.StandardProtocolFamily;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every option does something or is refused, in one line that says what was given and what is allowed. */
class OptionsTest {
    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static LazyConnection.Builder builder() {
        return LazyConnection.tcp("localhost", 80);
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "65536", "2147483647"})
    void ports(int port) {
        refused(() -> LazyConnection.to("localhost", port), "port is " + port + "; 1 to 65535 is allowed");
        refused(() -> LazyConnection.tcp("localhost", port), "port is " + port + "; 1 to 65535 is allowed");
    }

    @Test
    void hosts() {
        refused(() -> LazyConnection.to("", 80), "host is empty; a name or an address is allowed");
        refused(() -> LazyConnection.to(" \t", 80), "host is empty; a name or an address is allowed");
        refused(
                () -> LazyConnection.to("a\nb c", 80),
                "host is \"a?b c\"; a name or an address without spaces or control characters is allowed");
        assertThat(LazyConnection.to("::1", 1).holder().name()).isEqualTo("tcp://[::1]:1");
        assertThat(LazyConnection.to("[::1]", 65_535).holder().name()).isEqualTo("tcp://[::1]:65535");
    }

    @Test
    void durations() {
        Duration negative = Duration.ofMillis(-1);
        refused(() -> builder().connectTimeout(Duration.ZERO), "connectTimeout is PT0S; more than zero is allowed");
        refused(() -> builder().openTimeout(negative), "openTimeout is PT-0.001S; more than zero is allowed");
        refused(() -> builder().readTimeout(negative), "readTimeout is PT-0.001S; zero or more is allowed");
        refused(() -> builder().idleTimeout(Duration.ZERO), "idleTimeout is PT0S; more than zero is allowed");
        refused(() -> builder().maxAge(Duration.ZERO), "maxAge is PT0S; more than zero is allowed");
        refused(() -> builder().acquireTimeout(negative), "acquireTimeout is PT-0.001S; zero or more is allowed");
        refused(() -> builder().closeTimeout(negative), "closeTimeout is PT-0.001S; zero or more is allowed");
        Duration eternity = Duration.ofSeconds(Long.MAX_VALUE);
        builder().connectTimeout(eternity).readTimeout(eternity).build();
    }

    @Test
    void othersOutOfRange() {
        refused(() -> builder().limit(0), "limit is 0; 1 or more is allowed, or leave it out for no limit");
        refused(() -> builder().name(" "), "name is empty; give it some text, or leave it out for a default");
        refused(() -> builder().family(StandardProtocolFamily.UNIX), "family is UNIX; INET or INET6 is allowed");
    }

    @Test
    void contradictions() {
        refused(
                () -> builder().acquireTimeout(Duration.ofSeconds(1)).build(),
                "acquireTimeout has no effect without a limit; leave it out, or build with limit(n)");
        refused(
                () -> builder()
                        .openTimeout(Duration.ofSeconds(1))
                        .connectTimeout(Duration.ofSeconds(2))
                        .build(),
                "connectTimeout is PT2S and openTimeout, which covers all addresses, is PT1S; connectTimeout may be"
                        + " as long at most");
        assertThatThrownBy(() -> builder().idleTimeout(Duration.ofSeconds(1)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("idleTimeout has no effect with whenIdle(CLOSE)");
        assertThatThrownBy(() -> builder().maxAge(Duration.ofSeconds(1)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxAge has no effect with whenIdle(CLOSE)");
    }

    @Test
    void theLimitBoundsAndTheWaitForItTimesOut() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder()
                        .name("shop")
                        .limit(1)
                        .acquireTimeout(Duration.ofMillis(30))
                        .build();
                Connection mine = shared.open()) {
            assertThat(mine).asString().startsWith("Connection[shop, /127.0.0.1:");
            ThreadKind.PLATFORM.call(() -> assertThatThrownBy(shared::open)
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("shop")
                    .hasMessageContaining("limit 1, leased 1"));
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void aKeptConnectionEndsWithItsIdleTimeoutAndItsAge() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection idle = server.builder()
                        .whenIdle(IdlePolicy.KEEP)
                        .idleTimeout(Duration.ofMillis(50))
                        .build();
                LazyConnection old = server.builder()
                        .whenIdle(IdlePolicy.LEND)
                        .maxAge(Duration.ofMillis(50))
                        .build()) {
            idle.open().close();
            old.open().close();
            server.awaitOpen(0);
        }
    }

    @Test
    void theListenerIsToldAndTheTraceShowsWhere() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        Listener counting = new Listener() {
            @Override
            public void opened(ResourceInfo resource) {
                opened.incrementAndGet();
            }
        };
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().listener(counting).trace(true).build();
                Connection mine = shared.open()) {
            assertThat(opened).hasValue(1);
            assertThatThrownBy(shared::open)
                    .isInstanceOf(ReentryException.class)
                    .hasCauseInstanceOf(Throwable.class);
            mine.invalidate();
        }
    }

    @Test
    void aBuilderCanBeUsedAgainAndItsProductsAreIndependent() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            LazyConnection.Builder builder = server.builder();
            LazyConnection first = builder.build();
            try (LazyConnection second = builder.build()) {
                first.close();
                second.open().close();
            }
            assertThat(server.accepted()).isEqualTo(1);
        }
    }
}
