package dev.perthread.net;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** The kinds of connections that are a stream, for tests of what holds on all of them. */
enum Wire {
    TCP,
    TLS12,
    TLS13,
    UNIX;

    /** A method source: every kind of connection on every kind of thread. */
    static Stream<Arguments> onAllThreads() {
        return Stream.of(values()).flatMap(wire -> ThreadKind.available().map(kind -> Arguments.of(wire, kind)));
    }

    TestServer server(TestServer.Talk talk) throws IOException {
        TestListener listener = switch (this) {
            case TCP -> TestListener.of(new ServerSocket(0, 200, TestServer.address("127.0.0.1")));
            case TLS12 -> TestTls.listener(TestTls.CONTEXT, "TLSv1.2");
            case TLS13 -> TestTls.listener(TestTls.CONTEXT, "TLSv1.3");
            case UNIX -> TestListener.unix();
        };
        return new TestServer(talk, listener);
    }

    boolean isTls() {
        return this == TLS12 || this == TLS13;
    }

    LazyConnection.Builder to(TestServer server, Path directory) throws IOException {
        return isTls() ? TestTls.to(server, directory) : server.builder();
    }
}
