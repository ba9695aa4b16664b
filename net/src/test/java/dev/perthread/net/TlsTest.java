package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.IdlePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What was agreed on is spoken, with the one it was agreed on with, and its end is told from a cut. */
class TlsTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    private static TestServer showing(Certificates certificates) throws IOException {
        return new TestServer(TestServer.ECHO, TestTls.listener(certificates.server(null)));
    }

    private static void echo(LazyConnection shared) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(bytes("abc"));
            assertThat(mine.input().readNBytes(3)).isEqualTo(bytes("abc"));
        }
    }

    @Test
    void theHostIsVerifiedWithAContextOfOnesOwnAsWell() throws Exception {
        Certificates shown = TestTls.AUTHORITY.issue("leaf", "a.example");
        try (TestServer server = showing(shown);
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(Tls.of(TestTls.LOCALHOST.server(TestTls.AUTHORITY)))
                        .build()) {
            assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining(
                            "the TLS handshake failed: No subject alternative DNS name matching localhost");
        }
        try (TestServer server = showing(TestTls.LOCALHOST);
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(Tls.of(TestTls.LOCALHOST.server(TestTls.AUTHORITY)))
                        .build()) {
            echo(shared);
        }
    }

    @Test
    void thePlatformsTrustIsTheDefault() throws Exception {
        try (TestServer server = showing(TestTls.LOCALHOST);
                LazyConnection shared =
                        LazyConnection.tls("localhost", server.port()).build()) {
            assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining("chain is incomplete: CN=Test CA");
        }
    }

    @Test
    void turningTheHostNameOffTakesAnExplicitCallAndNothingElseIsTurnedOff() throws Exception {
        try (TestServer server = showing(TestTls.AUTHORITY.issue("leaf", "a.example"));
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(TestTls.trusting(directory).dangerouslyAcceptAnyHostName())
                        .build()) {
            echo(shared);
        }
        try (TestServer server = showing(Certificates.selfSigned("me", "localhost"));
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(TestTls.trusting(directory).dangerouslyAcceptAnyHostName())
                        .build()) {
            assertThatThrownBy(shared::open).hasMessageContaining("self-signed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1"})
    void namesAndAddressesAreVerifiedAndOnlyNamesAreSentAsServerName(String host) throws Exception {
        AtomicReference<List<SNIServerName>> asked = new AtomicReference<>();
        try (SSLServerSocket listener = (SSLServerSocket) TestTls.CONTEXT
                        .getServerSocketFactory()
                        .createServerSocket(0, 10, TestServer.address("127.0.0.1"));
                LazyConnection shared = LazyConnection.tls(host, listener.getLocalPort())
                        .tls(TestTls.trusting(directory))
                        .build()) {
            Thread server = new Thread(() -> {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    socket.startHandshake();
                    asked.set(((ExtendedSSLSession) socket.getSession()).getRequestedServerNames());
                    socket.getInputStream().transferTo(socket.getOutputStream());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            server.start();
            echo(shared);
            server.join();
        }
        if (host.equals("localhost")) {
            assertThat(asked.get()).singleElement().asString().contains("localhost");
        } else {
            assertThat(asked.get()).isEmpty();
        }
    }

    @Test
    void theServerNameCanBeAnotherThanTheHost() throws Exception {
        Tls other = TestTls.trusting(directory).serverName("shop.example");
        try (TestServer server = showing(TestTls.AUTHORITY.issue("leaf", "shop.example"));
                LazyConnection shared = LazyConnection.tls("127.0.0.1", server.port())
                        .tls(other)
                        .build()) {
            echo(shared);
        }
        try (TestServer server = showing(TestTls.LOCALHOST);
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(other)
                        .build()) {
            assertThatThrownBy(shared::open)
                    .hasMessageEndingWith(
                            "the server's certificate is for localhost, 127.0.0.1, 0:0:0:0:0:0:0:1 and not for"
                                    + " shop.example");
        }
    }

    @Test
    void theApplicationProtocolIsAgreedOn() throws Exception {
        SSLServerSocket listener = (SSLServerSocket)
                TestTls.CONTEXT.getServerSocketFactory().createServerSocket(0, 10, TestServer.address("127.0.0.1"));
        SSLParameters parameters = listener.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"second", "third"});
        listener.setSSLParameters(parameters);
        try (TestServer server = new TestServer(TestServer.ECHO, TestListener.of(listener))) {
            try (LazyConnection shared = LazyConnection.tls("localhost", server.port())
                    .tls(TestTls.trusting(directory).alpn("first", "second"))
                    .build()) {
                assertThat(shared.<String, IOException>call(mine ->
                                mine.unwrap(SSLEngine.class).orElseThrow().getApplicationProtocol()))
                        .isEqualTo("second");
            }
            try (LazyConnection shared = LazyConnection.tls("localhost", server.port())
                    .tls(TestTls.trusting(directory).alpn("unheard-of"))
                    .build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SSLHandshakeException.class)
                        .hasMessageEndingWith("the TLS handshake failed: the server knows none of the ALPN protocols"
                                + " (no_application_protocol)");
            }
        }
    }

    @Test
    void versionsThatWereNotAgreedOnAreRefused() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.listener(TestTls.CONTEXT, "TLSv1.2"))) {
            echo(TestTls.to(server, directory).build());
            try (LazyConnection shared = LazyConnection.tls("localhost", server.port())
                    .tls(TestTls.trusting(directory).protocols("TLSv1.3"))
                    .build()) {
                assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SSLHandshakeException.class)
                        .hasMessageEndingWith(
                                "the server speaks neither of the TLS versions allowed here (protocol_version)");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void mutualTlsWithEveryKindOfKey(String algorithm) throws Exception {
        Instant now = Instant.now();
        Certificates own =
                TestTls.AUTHORITY.issue(algorithm, "client", now.minusSeconds(60), now.plusSeconds(3600), false);
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.mutual(TestTls.AUTHORITY));
                LazyConnection shared = LazyConnection.tls("localhost", server.port())
                        .tls(TestTls.trusting(directory).identity(own.chainFile(directory), own.keyFile(directory)))
                        .build()) {
            echo(shared);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aServerThatWantsACertificateSaysSo(String version) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.mutual(TestTls.AUTHORITY, version));
                LazyConnection shared = TestTls.to(server, directory).build()) {
            // With TLS 1.3 the client's handshake is over before the server has looked.
            assertThatThrownBy(() -> echo(shared))
                    .isInstanceOf(SSLException.class)
                    .hasMessageMatching(
                            ".*the server (wants a certificate of this side, and none was given or none fits"
                                    + "|refuses: there is no cipher in common, or it wants a certificate of this side"
                                    + "|refuses this side's certificate, or that there is none) \\([a-z_]+\\)");
            server.awaitOpen(0);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aStreamThatWasCutOffIsToldFromOneThatHasEnded(ThreadKind kind) throws Exception {
        try (Cutting cutting = new Cutting();
                LazyConnection shared = LazyConnection.tls("localhost", cutting.port())
                        .name("shop")
                        .tls(TestTls.trusting(directory))
                        .build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("?"));
                    assertThat(mine.input().readNBytes(4)).isEqualTo(bytes("half"));
                    assertThatThrownBy(() -> mine.recv(10))
                            .isExactlyInstanceOf(EOFException.class)
                            .hasMessage("shop: the connection was cut off: the peer closed it without the end that TLS"
                                    + " has");
                    assertThatThrownBy(mine::recvAll).isExactlyInstanceOf(EOFException.class);
                }
                return null;
            });
        }
    }

    /** Answers "half" by TLS and then closes the TCP connection below it. */
    private static final class Cutting implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 10, TestServer.address("127.0.0.1"));
        private final Thread thread = new Thread(this::serve);

        Cutting() throws IOException {
            thread.start();
        }

        private void serve() {
            try (Socket socket = listener.accept()) {
                SSLSocket tls =
                        (SSLSocket) TestTls.CONTEXT.getSocketFactory().createSocket(socket, "localhost", 1, false);
                tls.setUseClientMode(false);
                InputStream in = tls.getInputStream();
                OutputStream out = tls.getOutputStream();
                in.read();
                out.write(bytes("half"));
                out.flush();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void close() throws Exception {
            listener.close();
            thread.join();
        }
    }

    @Test
    void aSessionTicketThatWaitsOnAKeptConnectionDoesNoHarm() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.listener(TestTls.CONTEXT, "TLSv1.3"));
                LazyConnection shared =
                        TestTls.to(server, directory).whenIdle(IdlePolicy.LEND).build()) {
            try (Connection mine = shared.open()) {
                InputStream below = mine.unwrap(Socket.class).orElseThrow().getInputStream();
                TestServer.await(() -> below.available() > 0); // nothing else comes unasked
                mine.done();
            }
            echo(shared);
            assertThat(shared.holder().stats().opened()).isEqualTo(1);
        }
    }

    /** It may become data, which the next user would take for the answer to its own question. */
    @Test
    void aKeptConnectionOnWhichHalfARecordWaitsIsReplaced() throws Exception {
        byte[] halfARecord = {23, 3, 3, 0, 100, 1, 2, 3}; // application data, 100 bytes of it to come
        Semaphore answered = new Semaphore(0); // what comes later than the answer is not read with it
        try (ServerSocket listener = new ServerSocket(0, 10, TestServer.address("127.0.0.1"));
                LazyConnection shared = LazyConnection.tls("localhost", listener.getLocalPort())
                        .tls(TestTls.trusting(directory).protocols("TLSv1.2")) // no tickets
                        .whenIdle(IdlePolicy.LEND)
                        .build()) {
            Thread server = new Thread(() -> {
                for (int i = 0; i < 2; i++) {
                    try (Socket socket = listener.accept();
                            SSLSocket tls = (SSLSocket)
                                    TestTls.CONTEXT.getSocketFactory().createSocket(socket, "localhost", 1, false)) {
                        tls.setUseClientMode(false);
                        tls.getOutputStream().write(tls.getInputStream().read());
                        tls.getOutputStream().flush();
                        answered.acquire();
                        socket.getOutputStream().write(halfARecord);
                        tls.getInputStream().read();
                    } catch (IOException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            server.start();
            for (int opened = 1; opened <= 2; opened++) {
                try (Connection mine = shared.open()) {
                    assertThat(shared.holder().stats().opened()).isEqualTo(opened);
                    mine.send(bytes("a"));
                    assertThat(mine.recv(1)).isEqualTo(bytes("a"));
                    answered.release();
                    InputStream below = mine.unwrap(Socket.class).orElseThrow().getInputStream();
                    TestServer.await(() -> below.available() == halfARecord.length);
                    mine.done();
                }
            }
            shared.holder().evictIdle();
            server.join();
        }
    }

    @Test
    void whoDoesNotSpeakTlsIsToldApart() throws Exception {
        TestServer.Talk http = (in, out) -> {
            in.read();
            out.write(bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
        };
        try (TestServer server = new TestServer(http);
                LazyConnection shared = TestTls.to(server, directory).build()) {
            assertThatThrownBy(shared::open)
                    .isInstanceOf(SSLException.class)
                    .hasMessage(
                            "cannot connect to localhost:" + server.port() + ": the server does not speak TLS there");
            server.awaitOpen(0);
        }
    }

    @Test
    void whoClosesInTheMiddleOfTheHandshakeIsToldApart() throws Exception {
        try (TestServer server = new TestServer((in, out) -> in.readNBytes(100));
                LazyConnection shared = TestTls.to(server, directory).build()) {
            assertThatThrownBy(shared::open).isInstanceOfAny(SSLHandshakeException.class, SocketException.class);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aHandshakeThatNeverEndsTimesOutAndAnInterruptOrCloseEndsIt(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.SILENCE)) {
            try (LazyConnection shared = TestTls.to(server, directory)
                    .openTimeout(Duration.ofMillis(150))
                    .build()) {
                kind.call(() -> assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SocketTimeoutException.class)
                        .hasMessage("cannot connect to localhost:" + server.port()
                                + ": the TLS handshake did not end within the openTimeout of 150 ms"));
            }
            server.awaitOpen(0);
            AtomicReference<Throwable> seen = new AtomicReference<>();
            LazyConnection closed = TestTls.to(server, directory).build();
            Thread first = kind.start(() -> seen.set(catchThrowable(closed::open)));
            server.awaitOpen(1);
            closed.close();
            first.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
            server.awaitOpen(0);
            try (LazyConnection shared = TestTls.to(server, directory).build()) {
                Thread second = kind.start(() -> seen.set(catchThrowable(shared::open)));
                server.awaitOpen(1);
                second.interrupt();
                second.join(10_000);
                assertThat(seen.get())
                        .isExactlyInstanceOf(InterruptedIOException.class)
                        .hasMessage("cannot connect to localhost:" + server.port() + ": interrupted");
            }
            server.awaitOpen(0);
        }
    }
}
