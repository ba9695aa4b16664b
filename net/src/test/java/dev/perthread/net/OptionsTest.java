package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.AcquireTimeoutException;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ReentryException;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every option does something or is refused, in one line that says what it must be and what it was. */
class OptionsTest {
    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static LazyConnection.Builder builder() {
        return LazyConnection.tcp("localhost", 80);
    }

    @Test
    void defaultsAreWhatTheBuilderSays() {
        Options defaults = builder().options;
        assertThat(defaults.connectNanos()).isEqualTo(Duration.ofSeconds(5).toNanos());
        assertThat(defaults.openNanos()).isEqualTo(Duration.ofSeconds(15).toNanos());
        assertThat(defaults.readTimeout).isEqualTo(Duration.ofSeconds(30));
        Options patient = builder().connectTimeout(Duration.ofSeconds(10)).options;
        assertThat(patient.openNanos()).isEqualTo(Duration.ofSeconds(30).toNanos());
        Options brief = builder().openTimeout(Duration.ofSeconds(3)).options;
        assertThat(brief.connectNanos()).isEqualTo(Duration.ofSeconds(5).toNanos()); // cut off by the other
        assertThat(brief.openNanos()).isEqualTo(Duration.ofSeconds(3).toNanos());
    }

    @Test
    void aConnectionTellsItsNameAndCounters() {
        try (LazyConnection connection = LazyConnection.to("localhost", 80)) {
            assertThat(connection)
                    .hasToString("LazyConnection[PerThread[tcp://localhost:80, leased 0, idle 0, waiting 0]]");
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "65536", "2147483647"})
    void ports(int port) {
        refused(() -> LazyConnection.to("localhost", port), "port must be between 1 and 65535, but was " + port);
        refused(() -> LazyConnection.tcp("localhost", port), "port must be between 1 and 65535, but was " + port);
    }

    @Test
    void hosts() {
        refused(() -> LazyConnection.to("", 80), "host must be a name or an address, but was empty");
        refused(() -> LazyConnection.to(" \t", 80), "host must be a name or an address, but was empty");
        refused(
                () -> LazyConnection.to("a\nb c", 80),
                "host must be a name or an address without spaces or control characters, but was \"a?b c\"");
        refused( // all that is no visible character, and not ASCII's controls alone
                () -> LazyConnection.to("\u009b31m\u202ea\u2028\u00a0\ud800", 80),
                "host must be a name or an address without spaces or control characters, but was \"?31m?a???\"");
        assertThat(LazyConnection.to("::1", 1).holder().name()).isEqualTo("tcp://[::1]:1");
        assertThat(LazyConnection.to("[::1]", 65_535).holder().name()).isEqualTo("tcp://[::1]:65535");
    }

    @Test
    void durations() {
        Duration negative = Duration.ofMillis(-1);
        refused(() -> builder().connectTimeout(Duration.ZERO), "connectTimeout must be more than zero, but was PT0S");
        refused(() -> builder().openTimeout(negative), "openTimeout must be more than zero, but was PT-0.001S");
        refused(() -> builder().readTimeout(negative), "readTimeout must be zero or more, but was PT-0.001S");
        refused(() -> builder().idleTimeout(Duration.ZERO), "idleTimeout must be more than zero, but was PT0S");
        refused(() -> builder().maxAge(Duration.ZERO), "maxAge must be more than zero, but was PT0S");
        refused(() -> builder().acquireTimeout(negative), "acquireTimeout must be zero or more, but was PT-0.001S");
        refused(() -> builder().closeTimeout(negative), "closeTimeout must be zero or more, but was PT-0.001S");
        Duration eternity = Duration.ofSeconds(Long.MAX_VALUE);
        builder().connectTimeout(eternity).readTimeout(eternity).build();
    }

    @Test
    void othersOutOfRange() {
        refused(() -> builder().limit(0), "limit must be 1 or more, but was 0");
        refused(() -> builder().name(" "), "name must not be blank; leave it out for a default");
        refused(() -> builder().family(StandardProtocolFamily.UNIX), "family must be INET or INET6, but was UNIX");
    }

    @Test
    void contradictions() {
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
                        .acquireTimeout(Duration.ofMillis(500))
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
            idle.run(Connection::localAddress);
            old.run(Connection::localAddress);
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
    void theSocketGetsItsOptions() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            assertThat(options(server, b -> b)).isEqualTo("noDelay true, keepAlive false, linger -1");
            assertThat(options(server, b -> b.tcpNoDelay(false).keepAlive(true).linger(Duration.ofMillis(1500))))
                    .isEqualTo("noDelay false, keepAlive true, linger 2");
        }
    }

    private static String options(TestServer server, UnaryOperator<LazyConnection.Builder> with) throws Exception {
        try (LazyConnection shared = with.apply(server.builder()).build();
                Connection mine = shared.open()) {
            Socket socket = mine.unwrap(Socket.class).orElseThrow();
            return "noDelay " + socket.getTcpNoDelay() + ", keepAlive " + socket.getKeepAlive() + ", linger "
                    + socket.getSoLinger();
        }
    }

    @Test
    void theBuffersAreAskedForOnEveryKind() throws Exception {
        try (TestServer tcp = new TestServer(TestServer.ECHO);
                TestServer unix = new TestServer(TestServer.ECHO, TestListener.unix())) {
            for (LazyConnection.Builder builder :
                    List.of(tcp.builder(), unix.builder(), LazyConnection.udp("127.0.0.1", 9))) {
                int[] usual = buffers(builder);
                int[] asked = buffers(builder.sendBuffer(30_000).receiveBuffer(40_000));
                assertThat(asked).isNotEqualTo(usual);
                assertThat(asked[0]).isBetween(30_000, 60_000); // the system may double it
                assertThat(asked[1]).isBetween(40_000, 80_000);
            }
        }
    }

    private static int[] buffers(LazyConnection.Builder builder) throws IOException {
        try (LazyConnection shared = builder.build();
                Connection mine = shared.open()) {
            Optional<Socket> socket = mine.unwrap(Socket.class);
            if (socket.isPresent()) {
                return new int[] {socket.get().getSendBufferSize(), socket.get().getReceiveBufferSize()};
            }
            NetworkChannel channel = mine.unwrap(NetworkChannel.class).orElseThrow();
            return new int[] {
                channel.getOption(StandardSocketOptions.SO_SNDBUF), channel.getOption(StandardSocketOptions.SO_RCVBUF)
            };
        }
    }

    /** Where nothing is kept it is a plain socket, and else a channel. */
    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void aLingerOfZeroResets(IdlePolicy whenIdle) throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        TestServer.Talk reading = (in, out) -> {
            try {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                seen.set(e);
            }
        };
        try (TestServer server = new TestServer(reading);
                LazyConnection shared = server.builder()
                        .linger(Duration.ZERO)
                        .whenIdle(whenIdle)
                        .build()) {
            shared.open().close();
            TestServer.await(() -> seen.get() != null);
            assertThat(seen.get()).hasMessage("Connection reset");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "unix, family", "unix, bindTo", "unix, tcpNoDelay", "unix, keepAlive", "unix, linger", "unix, proxy",
        "unix, tls", "udp, connectTimeout", "udp, tcpNoDelay", "udp, keepAlive", "udp, linger", "udp, proxy",
        "udp, tls", "tcp, tls"
    })
    void whatHasNoEffectOnAKindIsRefused(String kind, String option) {
        LazyConnection.Builder builder = switch (kind) {
            case "unix" -> LazyConnection.unix(Path.of("/no/such"));
            case "udp" -> LazyConnection.udp("localhost", 1);
            default -> builder();
        };
        switch (option) {
            case "family" -> builder.family(StandardProtocolFamily.INET);
            case "bindTo" -> builder.bindTo(TestServer.address("127.0.0.1"));
            case "tcpNoDelay" -> builder.tcpNoDelay(true);
            case "keepAlive" -> builder.keepAlive(false);
            case "linger" -> builder.linger(Duration.ZERO);
            case "proxy" -> builder.proxy(ProxyServer.socks5("a", 1));
            case "tls" -> builder.tls(Tls.defaults());
            default -> builder.connectTimeout(Duration.ofSeconds(1));
        }
        refused(builder::build, option + " has no effect on a " + kind + " connection; leave it out");
    }

    @Test
    void furtherContradictionsAndSizes() {
        refused(
                () -> builder()
                        .openTimeout(Duration.ofSeconds(2))
                        .acquireTimeout(Duration.ofSeconds(1))
                        .build(),
                "openTimeout is PT2S and acquireTimeout, which covers connecting, is PT1S; openTimeout may be as long at"
                        + " most");
        refused(
                () -> builder()
                        .family(StandardProtocolFamily.INET6)
                        .bindTo(TestServer.address("127.0.0.1"))
                        .build(),
                "bindTo must be an address of family INET6, but was 127.0.0.1");
        refused(() -> builder().sendBuffer(0), "sendBuffer must be 1 or more, but was 0");
        refused(() -> builder().receiveBuffer(-1), "receiveBuffer must be 1 or more, but was -1");
        refused(
                () -> builder().linger(Duration.ofSeconds(65_536)),
                "linger must be at most 65535 seconds, but was PT18H12M16S");
        refused(
                () -> builder().linger(ChronoUnit.FOREVER.getDuration()),
                "linger must be at most 65535 seconds, but was PT2562047788015215H30M7.999999999S");
        refused(
                () -> LazyConnection.unix(Path.of("")),
                "socket must be the path of a Unix domain socket, but was empty");
        refused(
                () -> LazyConnection.tls("a_b..c", 1).build(),
                "host is \"a_b..c\", which TLS does not take for a name; leave out what is no letter, digit, hyphen or"
                        + " dot, or give the name by serverName");
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
