package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A certificate that is not to be trusted is refused with words that say why, and nothing stays open. Where openssl is
 * installed, its server shows the same certificates, and its client says that ours are as bad as they are meant to be.
 */
class RefusedCertificateTest {
    // Of openssl's s_client, as in "Verify return code: 10 (certificate has expired)".
    private static final int BAD_SIGNATURE = 7;
    private static final int NOT_YET_VALID = 9;
    private static final int EXPIRED = 10;
    private static final int SELF_SIGNED = 18;
    private static final int SELF_SIGNED_IN_CHAIN = 19;
    private static final int UNVERIFIABLE = 21;
    private static final int REVOKED = 23;
    private static final int WRONG_HOST = 62;

    @TempDir
    Path directory;

    private static TestServer showing(Certificates certificates) throws IOException {
        return new TestServer(TestServer.ECHO, TestTls.listener(certificates.server(null)));
    }

    private void refused(Certificates shown, String why, int opensslSays) throws Exception {
        try (TestServer server = showing(shown)) {
            refused(server.port(), why);
            server.awaitOpen(0);
            judgedByOpenssl(server.port(), opensslSays);
        }
        if (Openssl.isInstalled()) {
            try (Openssl server = Openssl.server(directory, shown)) {
                refused(server.port(), why);
            }
        }
    }

    private void refused(int port, String why) throws Exception {
        try (LazyConnection shared = LazyConnection.tls("localhost", port)
                .tls(TestTls.trusting(directory))
                .build()) {
            for (ThreadKind kind : ThreadKind.available().toList()) {
                kind.call(() -> assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SSLHandshakeException.class)
                        .hasMessage("cannot connect to localhost:" + port + ": " + why)
                        .hasCauseInstanceOf(SSLHandshakeException.class));
            }
            assertThat(shared.holder().stats().open()).isZero();
        }
    }

    private void judgedByOpenssl(int port, int expected, String... further) throws Exception {
        if (Openssl.isInstalled()) {
            assertThat(Openssl.verdict(port, TestTls.AUTHORITY.topFile(directory), further))
                    .isEqualTo(expected);
        }
    }

    @Test
    void anExpiredCertificate() throws Exception {
        Instant end = Instant.now().minus(Duration.ofDays(2)).truncatedTo(ChronoUnit.SECONDS);
        refused(
                TestTls.AUTHORITY.issue("EC", "old", end.minus(Duration.ofDays(9)), end, false, "localhost"),
                "the server's certificate (CN=old) expired on " + end,
                EXPIRED);
    }

    @Test
    void oneThatIsNotYetValid() throws Exception {
        Instant begin = Instant.now().plus(Duration.ofDays(2)).truncatedTo(ChronoUnit.SECONDS);
        refused(
                TestTls.AUTHORITY.issue("EC", "new", begin, begin.plus(Duration.ofDays(9)), false, "localhost"),
                "the server's certificate (CN=new) is not valid before " + begin,
                NOT_YET_VALID);
    }

    @Test
    void anExpiredIntermediate() throws Exception {
        Instant end = Instant.now().minus(Duration.ofDays(2)).truncatedTo(ChronoUnit.SECONDS);
        Certificates old = TestTls.AUTHORITY.issue("EC", "Old CA", end.minus(Duration.ofDays(9)), end, true);
        refused(
                old.issue("leaf", "localhost"),
                "the certificate of CN=Old CA, which the server's was issued by, expired on " + end,
                EXPIRED);
    }

    @Test
    void aSelfSignedOne() throws Exception {
        refused(
                Certificates.selfSigned("me", "localhost"),
                "the server's certificate is self-signed (CN=me) and is not itself trusted",
                SELF_SIGNED);
    }

    @Test
    void oneOfAnUnknownAuthority() throws Exception {
        Certificates leaf = Certificates.authority("Other CA").issue("leaf", "localhost");
        refused(
                leaf.withRoot(),
                "the server's certificate was issued by an unknown CA: CN=Other CA is not trusted",
                SELF_SIGNED_IN_CHAIN);
        refused(
                leaf,
                "the server's certificate chain is incomplete: CN=Other CA, the issuer of CN=leaf, was not sent and is not"
                        + " trusted (an intermediate certificate is missing from what the server sends, or this is an"
                        + " unknown CA)",
                UNVERIFIABLE);
        refused(
                Certificates.authority("Test CA").issue("leaf", "localhost"),
                "the server's certificate was issued by an unknown CA: it calls itself CN=Test CA as a trusted one does,"
                        + " but has another key",
                BAD_SIGNATURE);
    }

    /** What is on no path from the server's own certificate is no reason. */
    @Test
    void reasonIsThatOfThePath_whateverElseWasSent() throws Exception {
        Instant end = Instant.now().minus(Duration.ofDays(2));
        Certificates leaf = TestTls.AUTHORITY.issue("leaf", "other.example");
        Certificates old = TestTls.AUTHORITY.issue("EC", "Old CA", end.minus(Duration.ofDays(9)), end, true);
        refused(
                new Certificates(leaf.key(), List.of(leaf.subject(), old.subject()), leaf.top()),
                "the server's certificate is for other.example and not for localhost",
                WRONG_HOST);
        Certificates foreign = Certificates.authority("Other CA").issue("leaf", "localhost");
        refused(
                new Certificates(foreign.key(), List.of(foreign.subject(), TestTls.AUTHORITY.top()), foreign.top()),
                "the server's certificate chain is incomplete: CN=Other CA, the issuer of CN=leaf, was not sent and is not"
                        + " trusted (an intermediate certificate is missing from what the server sends, or this is an"
                        + " unknown CA)",
                UNVERIFIABLE);
    }

    @Test
    void addressThatIsThereAsAName_isToldSo() throws Exception {
        try (TestServer server = showing(TestTls.AUTHORITY.issue("leaf", "DNS:127.0.0.1"));
                LazyConnection shared = LazyConnection.tls("127.0.0.1", server.port())
                        .tls(TestTls.trusting(directory))
                        .build()) {
            assertThatThrownBy(shared::open)
                    .hasMessageEndingWith(
                            ": the server's certificate is for 127.0.0.1 and not for 127.0.0.1, which it has"
                                    + " as a name, not as an address");
        }
    }

    /** No terminal obeys what a certificate contains, no log is filled with it, and no time is lost on it. */
    @ParameterizedTest
    @ValueSource(strings = {"x\u001b[31m\r\nroot: all is well", "blanks"})
    void wordsOfACertificate_areFitToReadInEachMessage(String name) throws Exception {
        String longest = name.replace("blanks", "x" + " ".repeat(31_000) + "x");
        try (TestServer server = showing(Certificates.selfSigned(longest, "localhost"));
                LazyConnection shared = TestTls.to(server, directory).build()) {
            isFitToRead(catchThrowable(shared::open));
        }
        // So says the runtime of a certificate that it cannot read.
        CertificateException unread = new CertificateException("invalid URI name:http://" + longest);
        SSLException failure = new SSLHandshakeException(unread.getMessage());
        failure.initCause(unread);
        long begin = System.nanoTime();
        isFitToRead(TlsUpgrade.clear(failure));
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
    }

    private static void isFitToRead(Throwable failure) {
        assertThat(failure).isInstanceOf(IOException.class);
        for (Throwable one = failure; one != null; one = one.getCause()) {
            assertThat(String.valueOf(one.getMessage())).matches("[ -~]*").hasSizeLessThan(1100);
        }
    }

    @Test
    void aChainWithoutItsIntermediate() throws Exception {
        Certificates leaf = TestTls.AUTHORITY.issueAuthority("Middle CA").issue("leaf", "localhost");
        refused(
                leaf.withoutIntermediates(),
                "the server's certificate chain is incomplete: CN=Middle CA, the issuer of CN=leaf, was not sent and is not"
                        + " trusted (an intermediate certificate is missing from what the server sends, or this is an"
                        + " unknown CA)",
                UNVERIFIABLE);
        try (TestServer server = showing(leaf);
                LazyConnection shared = TestTls.to(server, directory).build()) {
            shared.open().close();
            judgedByOpenssl(server.port(), 0);
        }
    }

    @Test
    void oneForAnotherHost() throws Exception {
        refused(
                TestTls.AUTHORITY.issue("leaf", "a.example", "10.0.0.1"),
                "the server's certificate is for a.example, 10.0.0.1 and not for localhost",
                WRONG_HOST);
        refused(
                TestTls.AUTHORITY.issue("other"),
                "the server's certificate is for no host and not for localhost (No name matching localhost found)",
                WRONG_HOST);
    }

    @Test
    void theServerIsToldThatItsCertificateWasRefused() throws Exception {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        try (ServerSocket listener = Certificates.selfSigned("me", "localhost")
                        .server(null)
                        .getServerSocketFactory()
                        .createServerSocket(0, 1, TestServer.address("127.0.0.1"));
                LazyConnection shared = LazyConnection.tls("localhost", listener.getLocalPort())
                        .tls(TestTls.trusting(directory))
                        .build()) {
            Thread server = new Thread(() -> seen.set(catchThrowable(() -> {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    socket.startHandshake();
                }
            })));
            server.start();
            assertThatThrownBy(shared::open).hasMessageContaining("self-signed");
            server.join();
        }
        assertThat(seen.get())
                .satisfiesAnyOf(
                        told -> assertThat(told).hasMessageContaining("Received fatal alert: certificate_unknown"),
                        // The alert came while it was still writing its own part, and the end came after it.
                        busy -> assertThat(busy).hasMessageMatching("(Broken pipe|Connection reset).*"));
    }

    /** Java looks for revocations only if it is told to, by properties that it reads once: so in a process of its own. */
    @Test
    void aRevokedOneWhereTheRuntimeIsToldToLook() throws Exception {
        Path list = directory.resolve("list.crl");
        Certificates revoked = TestTls.AUTHORITY.issueListed("leaf", list.toUri(), "localhost");
        Certificates other = TestTls.AUTHORITY.issueListed("leaf", list.toUri(), "localhost");
        Instant since = Instant.now().minus(Duration.ofHours(2)).truncatedTo(ChronoUnit.SECONDS);
        TestTls.AUTHORITY.revoke(list, revoked, since);
        try (TestServer server = showing(revoked)) {
            assertThat(opened(server.port()))
                    .isEqualTo("cannot connect to localhost:" + server.port()
                            + ": the server's certificate (CN=leaf) was revoked on " + since + " (KEY_COMPROMISE)");
            judgedByOpenssl(server.port(), REVOKED, "-crl_check", "-CRL", list.toString());
        }
        try (TestServer server = showing(other)) {
            assertThat(opened(server.port())).isEqualTo("connected");
            judgedByOpenssl(server.port(), 0, "-crl_check", "-CRL", list.toString());
        }
    }

    private String opened(int port) throws Exception {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dcom.sun.net.ssl.checkRevocation=true",
                        "-Dcom.sun.security.enableCRLDP=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opens.class.getName(),
                        "tls://localhost:" + port + "?ca=" + TestTls.AUTHORITY.topFile(directory)))
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    /** What that process does. */
    static final class Opens {
        public static void main(String[] arguments) {
            try (LazyConnection shared = LazyConnection.to(arguments[0])) {
                shared.open().close();
                System.out.println("connected");
            } catch (IOException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }
}
