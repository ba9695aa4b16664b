package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.ReentryException;
import dev.perthread.ReentryPolicy;
import dev.perthread.testkit.ThreadKind;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each line of the recipe: shared by all, opens nothing when made, one socket a thread, closed by leaving. */
class RecipeTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @ParameterizedTest
    @MethodSource(KINDS)
    void twoThreadsFetchThroughTheirOwnSocketsAndDoNotInterfere(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared()) {
            Set<Integer> ports = ConcurrentHashMap.newKeySet();
            CyclicBarrier inside = new CyclicBarrier(2);
            kind.inParallel(2, i -> {
                try (Connection mine = shared.open()) {
                    inside.await();
                    mine.send(bytes("thread " + i));
                    inside.await();
                    assertThat(mine.recv(8192)).isEqualTo(bytes("thread " + i));
                    InetSocketAddress local = (InetSocketAddress) mine.localAddress();
                    ports.add(local.getPort());
                    assertThat(mine.remoteAddress())
                            .isEqualTo(new InetSocketAddress(TestServer.address("127.0.0.1"), server.port()));
                    assertThat(mine).asString().contains(":" + local.getPort()).contains(":" + server.port());
                    inside.await();
                }
            });
            assertThat(ports).hasSize(2).containsExactlyInAnyOrderElementsOf(server.clientPorts());
            assertThat(server.peak()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void makingItOpensNothingAndLeavingTheScopeCloses(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared()) {
            kind.call(() -> {
                assertThat(shared.holder().stats().opened()).isZero();
                Connection mine = shared.open();
                server.awaitOpen(1);
                mine.close();
                server.awaitOpen(0);
                mine.close();
                return null;
            });
            assertThat(server.accepted()).isEqualTo(1);
            assertThat(shared.holder().stats().closed()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void readingInPiecesToTheEndGetsAllBytes(ThreadKind kind) throws Exception {
        String page = "x".repeat(100_000);
        try (TestServer server = new TestServer(TestServer.answering(page));
                LazyConnection shared = server.shared()) {
            int got = kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("GET /index.html HTTP/1.0\r\n\r\n"));
                    int sum = 0;
                    for (byte[] piece = mine.recv(8192); piece.length > 0; piece = mine.recv(8192)) {
                        assertThat(piece.length).isLessThanOrEqualTo(8192);
                        sum += piece.length;
                    }
                    assertThat(mine.recv(8192)).isEmpty();
                    return sum;
                }
            });
            assertThat(got).isEqualTo(100_000);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void enteringTwiceIsRefusedAndHarmsNothing(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    assertThatThrownBy(shared::open)
                            .isInstanceOf(ReentryException.class)
                            .hasMessageContaining("tcp://127.0.0.1:" + server.port());
                    mine.send(bytes("still here"));
                    assertThat(mine.recv(100)).isEqualTo(bytes("still here"));
                }
                shared.open().close();
                return null;
            });
            server.awaitOpen(0);
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void withOpenNewNestedScopesGetFurtherConnectionsLastInFirstOut(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared =
                        server.builder().reentry(ReentryPolicy.OPEN_NEW).build()) {
            kind.call(() -> {
                Deque<Connection> nested = new ArrayDeque<>();
                for (int depth = 1; depth <= 3; depth++) {
                    nested.push(shared.open());
                    server.awaitOpen(depth);
                }
                assertThat(Set.copyOf(server.clientPorts())).hasSize(3);
                while (!nested.isEmpty()) {
                    Connection innermost = nested.pop();
                    innermost.send(bytes("a"));
                    assertThat(innermost.recv(1)).isEqualTo(bytes("a"));
                    innermost.close();
                    server.awaitOpen(nested.size());
                }
                return null;
            });
        }
    }

    @Test
    void run_opensAndClosesAroundTheAction() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared()) {
            shared.run(mine -> {
                mine.send(bytes("x"));
                assertThat(mine.recv(1)).isEqualTo(bytes("x"));
            });
            server.awaitOpen(0);
            assertThatThrownBy(() -> shared.run(mine -> {
                        throw new InterruptedException("no");
                    }))
                    .hasMessage("no");
            server.awaitOpen(0);
        }
    }
}
