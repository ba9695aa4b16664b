package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.IdlePolicy;
import dev.perthread.Stats;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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

    @ParameterizedTest
    @MethodSource(KINDS)
    void afterAStackOverflow_inTheResolver_theCheck_theReset_andTheBody(ThreadKind kind) throws Exception {
        AtomicReference<String> overflows = new AtomicReference<>("");
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = LazyConnection.tcp("some.host", server.port())
                        .resolver(host -> {
                            endlessIf(overflows.get().equals("resolver"));
                            return List.of(TestServer.address("127.0.0.1"));
                        })
                        .whenIdle(IdlePolicy.LEND)
                        .limit(1)
                        .check(mine -> {
                            endlessIf(overflows.get().equals("check"));
                            return true;
                        })
                        .reset(mine -> endlessIf(overflows.get().equals("reset")))
                        .build()) {
            kind.call(() -> {
                for (String place : List.of("resolver", "check", "reset", "body")) {
                    overflows.set(place);
                    for (int i = 0; i < 3; i++) {
                        Throwable thrown = catchThrowable(() -> shared.run(mine -> endlessIf(place.equals("body"))));
                        if (place.equals("resolver") || place.equals("body")) {
                            assertThat(thrown).isExactlyInstanceOf(StackOverflowError.class);
                        } else {
                            assertThat(thrown).isNull(); // replaced, or closed: no reason for the user's work to fail
                        }
                        assertThat(shared.holder().isHeld()).isFalse();
                    }
                    overflows.set("");
                    echo(shared);
                }
                return null;
            });
            Stats stats = shared.holder().stats();
            assertThat(stats.openFailures()).isEqualTo(3);
            assertThat(stats.open()).isEqualTo(1);
            shared.close();
            server.awaitOpen(0);
        }
    }

    private static void endlessIf(boolean overflow) {
        if (overflow) {
            endless();
        }
    }

    @SuppressWarnings("InfiniteRecursion") // on purpose
    private static void endless() {
        endless();
    }

    private static void echo(LazyConnection shared) throws IOException {
        String back = shared.call(mine -> {
            mine.send(bytes("on"));
            return new String(mine.recv(2), StandardCharsets.UTF_8);
        });
        assertThat(back).startsWith("o");
    }
}
