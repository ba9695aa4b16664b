package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A failing connect and a failing close leave the thread able to go on, and the failure arrives as itself. */
class RecoveryTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @ParameterizedTest
    @MethodSource(KINDS)
    void afterARefusedConnection(ThreadKind kind) throws Exception {
        List<InetAddress> dead = List.of(TestServer.address("127.0.0.2"));
        List<InetAddress> live = List.of(TestServer.address("127.0.0.1"));
        AtomicBoolean up = new AtomicBoolean();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = LazyConnection.tcp("some.host", server.port())
                        .resolver(host -> up.get() ? live : dead)
                        .build()) {
            kind.call(() -> {
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(shared::open)
                            .isExactlyInstanceOf(ConnectException.class)
                            .hasMessage("cannot connect to some.host:" + server.port()
                                    + ": tried 127.0.0.2 (Connection refused)");
                    assertThat(shared.holder().isHeld()).isFalse();
                }
                up.set(true);
                echo(shared);
                return null;
            });
            assertThat(shared.holder().stats().openFailures()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void afterAnUnknownHost(ThreadKind kind) throws Exception {
        AtomicBoolean up = new AtomicBoolean();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = LazyConnection.tcp("nowhere.invalid", server.port())
                        .resolver(host -> Resolver.SYSTEM.resolve(up.get() ? "127.0.0.1" : host))
                        .build()) {
            kind.call(() -> {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(UnknownHostException.class)
                        .hasMessage("cannot connect to nowhere.invalid:" + server.port() + ": the name has no address");
                up.set(true);
                echo(shared);
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void afterAFailingCloseWhichArrivesAsTheIOExceptionItIs(ThreadKind kind) throws Exception {
        AtomicBoolean failing = new AtomicBoolean(true);
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder()
                        .via(real -> new FailingClose(real, failing))
                        .build()) {
            kind.call(() -> {
                Connection mine = shared.open();
                assertThatThrownBy(mine::close)
                        .isExactlyInstanceOf(IOException.class)
                        .hasMessage("close failed");
                mine.close();
                assertThatThrownBy(() -> shared.call(c -> "result"))
                        .isExactlyInstanceOf(IOException.class)
                        .hasMessage("close failed");
                assertThatThrownBy(() -> shared.call(c -> {
                            throw new IllegalArgumentException("body");
                        }))
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .satisfies(failure -> assertThat(failure.getSuppressed())
                                .singleElement()
                                .isExactlyInstanceOf(IOException.class));
                failing.set(false);
                echo(shared);
                return null;
            });
            server.awaitOpen(0);
            assertThat(shared.holder().stats().closeFailures()).isEqualTo(3);
        }
    }

    private static void echo(LazyConnection shared) throws IOException {
        String back = shared.call(mine -> {
            mine.send(bytes("on"));
            return new String(mine.recv(2), StandardCharsets.UTF_8);
        });
        assertThat(back).startsWith("o");
    }
}
