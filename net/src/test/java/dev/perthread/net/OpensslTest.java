package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.ReusePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** We and openssl understand each other, whichever side is which; where it is not installed, TlsTest has to do. */
@EnabledIf("dev.perthread.net.Openssl#isInstalled")
class OpensslTest {
    @TempDir
    Path directory;

    private LazyConnection.Builder to(Openssl server) throws Exception {
        return LazyConnection.tls("localhost", server.port()).tls(TestTls.trusting(directory));
    }

    /** With TLS 1.3 the server sends two tickets, unasked. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void manyAnswersFromItsServerOverOneKeptConnection(String version) throws Exception {
        String only = version.equals("TLSv1.2") ? "-tls1_2" : "-tls1_3";
        try (Openssl server = Openssl.server(directory, TestTls.LOCALHOST, only);
                LazyConnection shared = to(server).whenIdle(IdlePolicy.LEND).build()) {
            for (ThreadKind kind : ThreadKind.available().toList()) {
                kind.call(() -> {
                    for (int i = 0; i < 20; i++) {
                        try (Connection mine = shared.open()) {
                            mine.send(bytes("abc" + (char) ('a' + i) + "\n"));
                            assertThat(mine.input().readNBytes(5)).isEqualTo(bytes((char) ('a' + i) + "cba\n"));
                            assertThat(mine.unwrap(SSLSession.class).map(SSLSession::getProtocol))
                                    .hasValue(version);
                            mine.done();
                        }
                    }
                    return null;
                });
            }
            assertThat(shared.holder().stats().opened()).isEqualTo(1);
        }
    }

    @Test
    void aServerOfAVersionThatIsNotSafeAnyMoreIsRefused() throws Exception {
        try (Openssl server = Openssl.server(directory, TestTls.LOCALHOST, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
                LazyConnection shared = to(server).build()) {
            assertThatThrownBy(shared::open)
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("the server speaks neither of the TLS versions allowed here");
        }
    }

    /** Some hundred bytes a ticket, and the engine holds more than that for each, as long as the connection is open. */
    @Test
    void sessionTicketsWithoutEnd_failTheConnection_insteadOfFillingTheMemory() throws Exception {
        try (Openssl server = Openssl.server(directory, TestTls.LOCALHOST, "-tls1_3", "-num_tickets", "1000000000");
                LazyConnection shared = to(server)
                        .whenIdle(IdlePolicy.LEND)
                        .reuse(ReusePolicy.UNLESS_INVALIDATED)
                        .readTimeout(Duration.ofSeconds(60))
                        .build()) {
            try (Connection mine = shared.open()) {
                for (int i = 0; i < 2; i++) { // and it stays so
                    assertThatThrownBy(() -> mine.recv(1))
                            .isExactlyInstanceOf(SSLException.class)
                            .hasMessageContaining("more than 256 KiB that is no data: session tickets");
                }
            }
            assertThat(shared.holder().stats().idle()).isZero();
        }
    }

    @Test
    void manySessionTickets_areNoReasonToFail_butForANewConnectionNextTime() throws Exception {
        try (Openssl server = Openssl.server(directory, TestTls.LOCALHOST, "-tls1_3", "-num_tickets", "400");
                LazyConnection shared = to(server).whenIdle(IdlePolicy.LEND).build()) {
            assertThat(echo(shared)).isEqualTo(bytes("ba\n"));
            assertThat(shared.holder().stats().idle()).isEqualTo(1);
            assertThat(echo(shared)).isEqualTo(bytes("ba\n"));
            assertThat(shared.holder().stats().closedByReason()).containsEntry(CloseReason.CHECK_FAILED, 1L);
        }
    }

    private static byte[] echo(LazyConnection shared) throws IOException {
        return shared.call(mine -> {
            mine.send(bytes("ab\n"));
            return mine.input().readNBytes(3);
        });
    }

    @Test
    void aServerThatIsKilledIsNoCleanEnd() throws Exception {
        try (Openssl server = Openssl.server(directory, TestTls.LOCALHOST);
                LazyConnection shared = to(server).build();
                Connection mine = shared.open()) {
            mine.send(bytes("ab\n"));
            assertThat(mine.input().readNBytes(3)).isEqualTo(bytes("ba\n"));
            server.kill();
            assertThatThrownBy(() -> mine.recv(1)).isExactlyInstanceOf(EOFException.class);
        }
    }

    @Test
    void mutualTlsWithItsServer() throws Exception {
        Path ca = TestTls.AUTHORITY.topFile(directory);
        Certificates own = TestTls.AUTHORITY.issue("client");
        Tls withIdentity = TestTls.trusting(directory).identity(own.chainFile(directory), own.keyFile(directory));
        try (Openssl server = Openssl.server(
                directory, TestTls.LOCALHOST, "-Verify", "1", "-CAfile", ca.toString(), "-verify_return_error")) {
            try (LazyConnection shared = to(server).tls(withIdentity).build();
                    Connection mine = shared.open()) {
                mine.send(bytes("ab\n"));
                assertThat(mine.input().readNBytes(3)).isEqualTo(bytes("ba\n"));
            }
            try (LazyConnection shared = to(server).build()) {
                assertThatThrownBy(() -> {
                            try (Connection mine = shared.open()) {
                                mine.send(bytes("ab\n"));
                                mine.recv(1);
                            }
                        })
                        .isInstanceOf(SSLException.class)
                        .hasMessageContaining("the server wants a certificate of this side");
            }
        }
    }

    /** What the other tests rely on: that the stand-in of Java shows what a real server would. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void itsClientFindsOurServerAsItShouldBe(String version) throws Exception {
        Path ca = TestTls.AUTHORITY.topFile(directory);
        Certificates deep = TestTls.AUTHORITY.issueAuthority("Middle CA").issue("leaf", "localhost");
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.listener(deep.server(null), version))) {
            String seen = Openssl.client(server.port(), ca, "-showcerts");
            assertThat(Pattern.compile("-----BEGIN CERTIFICATE-----")
                            .matcher(seen)
                            .results())
                    .hasSize(2); // the leaf and the intermediate, not the root
            assertThat(seen)
                    .contains("Verify return code: 0 (ok)")
                    .contains("Verified peername: localhost")
                    .containsPattern("New, " + Pattern.quote(version))
                    .contains("No client certificate CA names sent");
        }
        try (TestServer server = new TestServer(TestServer.ECHO, TestTls.mutual(TestTls.AUTHORITY, version))) {
            assertThat(Openssl.client(server.port(), ca))
                    .containsPattern("Acceptable client certificate CA names\\s+CN ?= ?Test CA");
        }
    }
}
