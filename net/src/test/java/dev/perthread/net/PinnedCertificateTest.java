package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server's certificate that is itself the trusted one is taken without its issuer, but not outside its time. */
class PinnedCertificateTest {
    @TempDir
    Path directory;

    private LazyConnection trustingItself(TestServer server, Certificates shown) throws Exception {
        return LazyConnection.tls("localhost", server.port())
                .tls(Tls.defaults().trust(shown.chainFile(directory)))
                .build();
    }

    private void refused(Instant from, Instant until, String why) throws Exception {
        Certificates shown = TestTls.AUTHORITY.issue("EC", "pinned", from, until, false, "localhost");
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.listener(shown.server(null)));
                LazyConnection shared = trustingItself(server, shown)) {
            for (ThreadKind kind : ThreadKind.available().toList()) {
                kind.call(() -> assertThatThrownBy(shared::open)
                        .isExactlyInstanceOf(SSLHandshakeException.class)
                        .hasMessageContaining("the server's certificate (CN=pinned) " + why));
            }
        }
    }

    @Test
    void whileItIsValid() throws Exception {
        Certificates shown = TestTls.AUTHORITY.issue("pinned", "localhost");
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.listener(shown.server(null)));
                LazyConnection shared = trustingItself(server, shown)) {
            shared.open().close();
        }
    }

    @Test
    void whenItHasExpired() throws Exception {
        Instant now = Instant.now();
        refused(now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(2)), "expired on ");
    }

    @Test
    void beforeItIsValid() throws Exception {
        Instant now = Instant.now();
        refused(now.plus(Duration.ofDays(2)), now.plus(Duration.ofDays(9)), "is not valid before ");
    }
}
