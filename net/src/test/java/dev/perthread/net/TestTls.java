package dev.perthread.net;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/** A TLS server of a test, and an authority that all tests of a class may share: making keys takes time. */
final class TestTls {
    static final Certificates AUTHORITY = Certificates.authority("Test CA");
    static final Certificates LOCALHOST = AUTHORITY.issue("localhost", "localhost", "127.0.0.1", "::1");
    static final SSLContext CONTEXT = LOCALHOST.server(null);

    private TestTls() {}

    static TestListener listener(SSLContext context, String... protocols) throws IOException {
        SSLServerSocket listener = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 200, TestServer.address("127.0.0.1"));
        if (protocols.length > 0) {
            listener.setEnabledProtocols(protocols);
        }
        return TestListener.of(listener);
    }

    /** Wants a certificate of its clients. */
    static TestListener mutual(Certificates clients, String... protocols) throws IOException {
        SSLServerSocket listener = (SSLServerSocket) LOCALHOST
                .server(clients)
                .getServerSocketFactory()
                .createServerSocket(0, 200, TestServer.address("127.0.0.1"));
        listener.setNeedClientAuth(true);
        if (protocols.length > 0) {
            listener.setEnabledProtocols(protocols);
        }
        return TestListener.of(listener);
    }

    static LazyConnection.Builder to(TestServer server, Path directory) throws IOException {
        return LazyConnection.tls("localhost", server.port()).tls(trusting(directory));
    }

    static Tls trusting(Path directory) throws IOException {
        return Tls.defaults().trust(AUTHORITY.topFile(directory));
    }
}
