package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import dev.perthread.ReusePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A connection is used again only if its last use ended well and the user's own reset and check agree. */
class ReuseTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private final List<CloseReason> reasons = new CopyOnWriteArrayList<>();

    private LazyConnection.Builder lending(TestServer server) {
        return server.builder().name("shop").whenIdle(IdlePolicy.LEND).listener(new Listener() {
            @Override
            public void closed(ResourceInfo resource, CloseReason reason) {
                reasons.add(reason);
            }
        });
    }

    private static void echo(Connection mine) throws IOException {
        mine.send(bytes("a"));
        assertThat(mine.recv(1)).isEqualTo(bytes("a"));
    }

    private static void scope(LazyConnection shared, boolean done) throws IOException {
        try (Connection mine = shared.open()) {
            echo(mine);
            if (done) {
                mine.done();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void scopeWithoutDone_closesTheConnection(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server).build()) {
            kind.call(() -> {
                scope(shared, true);
                scope(shared, false);
                scope(shared, true);
                return null;
            });
            assertThat(reasons).containsExactly(CloseReason.NOT_DONE);
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void scopeWithoutDone_isReused_unlessInvalidatedIsEnough(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        lending(server).reuse(ReusePolicy.UNLESS_INVALIDATED).build()) {
            kind.call(() -> {
                scope(shared, false);
                scope(shared, false);
                return null;
            });
            assertThat(reasons).isEmpty();
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void callAndRun_areDone_whenTheyReturn(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server).build()) {
            kind.call(() -> {
                shared.run(ReuseTest::echo);
                shared.call(mine -> {
                    echo(mine);
                    return "a";
                });
                shared.run(Connection::close); // what the body itself has closed is not done, and no failure
                return null;
            });
            assertThat(reasons).containsExactly(CloseReason.NOT_DONE);
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void bodyThatThrows_closesTheConnection_whereInvalidateWhenSaysSo(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server)
                        .invalidateWhen(failure -> {
                            if (failure instanceof UnsupportedOperationException) {
                                throw new IllegalArgumentException("cannot say");
                            }
                            return !(failure instanceof IllegalStateException);
                        })
                        .build()) {
            kind.call(() -> {
                fails(shared, new IllegalStateException("harmless"));
                assertThat(reasons).isEmpty();
                fails(shared, new IllegalArgumentException("harmful"));
                assertThat(reasons).containsExactly(CloseReason.INVALIDATED);
                UnsupportedOperationException unclear = new UnsupportedOperationException("unclear");
                fails(shared, unclear);
                assertThat(unclear.getSuppressed()).singleElement().isExactlyInstanceOf(IllegalArgumentException.class);
                return null;
            });
            assertThat(reasons).containsExactly(CloseReason.INVALIDATED, CloseReason.INVALIDATED);
        }
    }

    private static void fails(LazyConnection shared, RuntimeException failure) {
        assertThatThrownBy(() -> shared.run(mine -> {
                    echo(mine);
                    throw failure;
                }))
                .isSameAs(failure);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void resetAndCheck_talkWithThePeer(ThreadKind kind) throws Exception {
        AtomicInteger resets = new AtomicInteger();
        AtomicInteger checks = new AtomicInteger();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server)
                        .reset(mine -> {
                            echo(mine);
                            resets.incrementAndGet();
                        })
                        .check(mine -> {
                            echo(mine);
                            return checks.incrementAndGet() < 3;
                        })
                        .build()) {
            kind.call(() -> {
                for (int i = 0; i < 4; i++) {
                    shared.run(ReuseTest::echo);
                }
                return null;
            });
            assertThat(resets).hasValue(4);
            assertThat(checks).hasValue(3);
            assertThat(reasons).containsExactly(CloseReason.CHECK_FAILED);
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void checkOfTheUser_isNotAsked_whereThePeerHasClosed(ThreadKind kind) throws Exception {
        AtomicInteger checks = new AtomicInteger();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server)
                        .check(mine -> checks.incrementAndGet() > 0)
                        .build()) {
            kind.call(() -> {
                shared.run(ReuseTest::echo);
                server.hangUp();
                shared.run(ReuseTest::echo);
                return null;
            });
            assertThat(checks).hasValue(0);
            assertThat(reasons).containsExactly(CloseReason.CHECK_FAILED);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void connectionThatACheckOrResetInvalidates_isClosed(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection checked = lending(server)
                        .check(mine -> {
                            mine.invalidate();
                            return true;
                        })
                        .build();
                LazyConnection reset = lending(server)
                        .reset(mine -> {
                            mine.readTimeout(Duration.ofMillis(20));
                            try {
                                mine.recv(1);
                            } catch (IOException late) {
                                assertThat(late).hasMessage("shop: nothing received for 20 ms, the read timeout");
                            }
                        })
                        .build()) {
            kind.call(() -> {
                checked.run(ReuseTest::echo);
                checked.run(ReuseTest::echo);
                reset.run(ReuseTest::echo);
                return null;
            });
            assertThat(reasons).containsExactly(CloseReason.CHECK_FAILED, CloseReason.RESET_FAILED);
        }
    }

    @Test
    void connectionOfACheckOrReset_isRefused_inAnotherThreadAndAfterwards() throws Exception {
        AtomicReference<Connection> held = new AtomicReference<>();
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = lending(server)
                        .reset(mine -> {
                            held.set(mine);
                            ThreadKind.PLATFORM.call(() -> {
                                refused(mine);
                                assertThatThrownBy(mine::close).isInstanceOf(IllegalStateException.class);
                                return null;
                            });
                            echo(mine);
                            mine.done();
                        })
                        .build()) {
            shared.run(ReuseTest::echo);
            refused(held.get());
            held.get().close();
            shared.run(ReuseTest::echo);
            assertThat(reasons).isEmpty();
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    private static void refused(Connection stale) {
        String message = "shop: the connection that a check or reset is given must be used in its thread, and before it"
                + " returns";
        assertThatThrownBy(() -> stale.send(bytes("a")))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage(message);
        assertThatThrownBy(stale::done).hasMessage(message);
        assertThatThrownBy(stale::invalidate).hasMessage(message);
    }

    @Test
    void optionsOfKeptConnections_areRefused_whereNothingIsKept() {
        LazyConnection.Builder reuse = LazyConnection.tcp("a", 1).reuse(ReusePolicy.WHEN_DONE);
        LazyConnection.Builder check = LazyConnection.tcp("a", 1).check(mine -> true);
        LazyConnection.Builder reset = LazyConnection.tcp("a", 1).reset(mine -> {});
        LazyConnection.Builder failures = LazyConnection.tcp("a", 1).invalidateWhen(failure -> false);
        for (LazyConnection.Builder builder : List.of(reuse, check, reset, failures)) {
            assertThatThrownBy(builder::build)
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("has no effect with whenIdle(CLOSE)");
        }
    }
}
