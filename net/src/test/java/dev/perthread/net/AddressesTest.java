package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connecting tries all addresses of the name in turn, within its bounds, and tells in one exception what it tried. */
class AddressesTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private static LazyConnection.Builder named(int port, String... addresses) {
        return LazyConnection.tcp("some.host", port)
                .resolver(host -> Stream.of(addresses).map(TestServer::address).toList());
    }

    private static String[] addresses(int many) {
        return IntStream.range(2, 2 + many).mapToObj(i -> "127.0.0." + i).toArray(String[]::new);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aDeadOneFirstAndThenALiveOne(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        named(server.port(), "127.0.0.2", "127.0.0.1").build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    assertThat(mine.remoteAddress())
                            .isEqualTo(new InetSocketAddress(TestServer.address("127.0.0.1"), server.port()));
                }
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void oneThatDoesNotAnswerCostsItsTimeoutOnly(ThreadKind kind) throws Exception {
        try (FullBacklog full = new FullBacklog();
                LazyConnection shared = named(full.port(), "127.0.0.1", "127.0.0.2", "127.0.0.3")
                        .connectTimeout(Duration.ofMillis(150))
                        .build()) {
            long begin = System.nanoTime();
            kind.call(() -> assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(SocketTimeoutException.class)
                    .hasMessage("cannot connect to some.host:" + full.port() + ": tried 127.0.0.1 (no answer in"
                            + " 150 ms), 127.0.0.2 (no answer in 150 ms), 127.0.0.3 (no answer in 150 ms)")
                    .satisfies(e -> assertThat(e.getCause()).isInstanceOf(SocketTimeoutException.class))
                    .satisfies(e -> assertThat(e.getSuppressed())
                            .filteredOn(one -> one instanceof IOException)
                            .hasSize(2)));
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofMillis(440), Duration.ofSeconds(5));
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void theDeadlineCoversAllAddresses(ThreadKind kind) throws Exception {
        try (FullBacklog full = new FullBacklog();
                LazyConnection shared = named(full.port(), addresses(20))
                        .connectTimeout(Duration.ofMillis(200))
                        .openTimeout(Duration.ofMillis(300))
                        .build()) {
            long begin = System.nanoTime();
            kind.call(() -> assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("127.0.0.2 (no answer in 200 ms)")
                    .hasMessageContaining(" addresses were not tried, as the openTimeout of 300 ms was over"));
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofMillis(290), Duration.ofSeconds(2));
        }
    }

    @Test
    void allDeadIsOneExceptionWithAllFailures() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = named(server.port(), "127.0.0.2", "127.0.0.3", "127.0.0.4")
                        .build()) {
            assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(ConnectException.class)
                    .hasMessage("cannot connect to some.host:" + server.port() + ": tried 127.0.0.2 (Connection"
                            + " refused), 127.0.0.3 (Connection refused), 127.0.0.4 (Connection refused)")
                    .hasCauseInstanceOf(ConnectException.class)
                    .satisfies(e -> assertThat(e.getSuppressed())
                            .filteredOn(one -> one instanceof IOException)
                            .hasSize(2));
        }
    }

    @Test
    void aHostWithManyDeadAddressesDoesNotMakeAnEndlessMessage() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            try (LazyConnection shared = named(server.port(), addresses(50)).build()) {
                assertThatThrownBy(shared::open)
                        .hasMessageEndingWith("127.0.0.9 (Connection refused) and 42 more")
                        .satisfies(e -> assertThat(e.getSuppressed())
                                .filteredOn(one -> one instanceof IOException)
                                .hasSize(49));
            }
        }
    }

    @Test
    void theFamilyChoosesAmongTheAddresses() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO)) {
            try (LazyConnection shared = named(server.port(), "::1", "127.0.0.1")
                    .family(StandardProtocolFamily.INET)
                    .build()) {
                SocketAddress remote = shared.call(Connection::remoteAddress);
                assertThat(remote).isEqualTo(new InetSocketAddress(TestServer.address("127.0.0.1"), server.port()));
            }
            try (LazyConnection shared = named(server.port(), "127.0.0.1", "127.0.0.2")
                    .family(StandardProtocolFamily.INET6)
                    .build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(UnknownHostException.class)
                        .hasMessage("cannot connect to some.host:" + server.port()
                                + ": the name has no INET6 address, only 127.0.0.1, 127.0.0.2");
            }
            assertThat(server.accepted()).isEqualTo(1);
        }
    }
}
