package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A kept or lent connection is handed out again only if it is sound, and reaches nobody but its present user. */
class KeptConnectionTest {
    private final List<CloseReason> reasons = new CopyOnWriteArrayList<>();

    static Stream<Arguments> each() {
        return ThreadKind.available()
                .flatMap(kind -> Stream.of(Arguments.of(kind, IdlePolicy.KEEP), Arguments.of(kind, IdlePolicy.LEND)));
    }

    private LazyConnection keeping(TestServer server, IdlePolicy policy) {
        return server.builder()
                .whenIdle(policy)
                .listener(new Listener() {
                    @Override
                    public void closed(ResourceInfo resource, CloseReason reason) {
                        reasons.add(reason);
                    }
                })
                .build();
    }

    private static void echo(LazyConnection shared) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(bytes("a"));
            assertThat(mine.recv(1)).isEqualTo(bytes("a"));
            mine.done();
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void aSoundOneIsUsedAgain(ThreadKind kind, IdlePolicy policy) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                for (int i = 0; i < 100; i++) {
                    echo(shared);
                }
                return null;
            });
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void oneThatThePeerClosedIsReplaced(ThreadKind kind, IdlePolicy policy) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                for (int i = 0; i < 20; i++) {
                    echo(shared);
                    server.hangUp();
                }
                echo(shared);
                assertThat(reasons).hasSize(20).containsOnly(CloseReason.CHECK_FAILED);
                return null;
            });
            assertThat(server.accepted()).isEqualTo(21);
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void oneOnWhichUnaskedBytesWaitIsReplaced(ThreadKind kind, IdlePolicy policy) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                echo(shared);
                server.blurt("surprise");
                echo(shared);
                assertThat(reasons).containsExactly(CloseReason.CHECK_FAILED);
                return null;
            });
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void oneThatFailedIsNotKept(ThreadKind kind, IdlePolicy policy) throws Exception {
        TestServer.Talk halfAnAnswer = (in, out) -> {
            if (in.read() >= 0) {
                out.write(bytes("12345"));
                in.read();
            }
        };
        try (TestServer server = new TestServer(halfAnAnswer);
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                try (Connection late = shared.open()) { // its answer may still come
                    late.readTimeout(Duration.ofMillis(20));
                    assertThatThrownBy(() -> late.recv(1)).isInstanceOf(IOException.class);
                    late.done();
                }
                try (Connection tooMuch = shared.open()) {
                    tooMuch.send(bytes("?"));
                    assertThatThrownBy(() -> tooMuch.recvAll(4)).isInstanceOf(IOException.class);
                    tooMuch.done();
                }
                assertThatThrownBy(() -> shared.call(mine -> {
                            throw new IllegalArgumentException("body");
                        }))
                        .isInstanceOf(IllegalArgumentException.class);
                try (Connection broken = shared.open()) {
                    broken.invalidate();
                    broken.done();
                }
                return null;
            });
            assertThat(server.accepted()).isEqualTo(4);
            assertThat(reasons).hasSize(4).containsOnly(CloseReason.INVALIDATED);
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void oneReadToItsEndIsNotKept(ThreadKind kind, IdlePolicy policy) throws Exception {
        try (TestServer server = new TestServer(TestServer.answering("bye"));
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("?"));
                    assertThat(mine.recvAll()).isEqualTo(bytes("bye"));
                    mine.done();
                }
                return null;
            });
            assertThat(reasons).containsExactly(CloseReason.INVALIDATED);
        }
    }

    @ParameterizedTest
    @MethodSource("each")
    void whatWasHeldOnToFromAnEarlierScopeIsRefused(ThreadKind kind, IdlePolicy policy) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = keeping(server, policy)) {
            kind.call(() -> {
                Connection stale;
                InputStream in;
                OutputStream out;
                try (Connection mine = shared.open()) {
                    stale = mine;
                    in = mine.input();
                    out = mine.output();
                    out.write('x'); // used, and not only made, while it was good
                    assertThat(in.read()).isEqualTo('x');
                    mine.done();
                }
                try (Connection next = shared.open()) { // the same socket
                    refused(() -> out.write(bytes("smuggled")));
                    refused(() -> out.write(1));
                    refused(in::read);
                    refused(() -> in.read(new byte[1]));
                    refused(in::available);
                    refused(() -> stale.send(bytes("smuggled")));
                    refused(() -> stale.recv(1));
                    refused(stale::recvAll);
                    refused(stale::input);
                    refused(stale::output);
                    refused(stale::localAddress);
                    refused(stale::remoteAddress);
                    refused(stale::done);
                    refused(stale::invalidate);
                    refused(() -> stale.readTimeout(Duration.ZERO));
                    in.close();
                    out.flush();
                    out.close();
                    stale.close();
                    next.send(bytes("mine"));
                    assertThat(next.recv(100)).isEqualTo(bytes("mine"));
                }
                return null;
            });
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    private static void refused(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageContaining("this lease is closed");
    }
}
