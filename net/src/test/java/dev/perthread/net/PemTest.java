package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that is not what it should be is refused when the connections are built, with its name and what is wrong. */
class PemTest {
    @TempDir
    Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("x.pem"), text);
    }

    private void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("PEM file " + directory.resolve("x.pem") + ": " + message);
    }

    private static void build(Tls tls) {
        LazyConnection.tls("localhost", 1).tls(tls).build().close();
    }

    @Test
    void certificates() throws Exception {
        Tls tls = Tls.defaults().trust(directory.resolve("x.pem"));
        refused(() -> build(tls), "there is no such file");
        try (RandomAccessFile image =
                new RandomAccessFile(directory.resolve("x.pem").toFile(), "rw")) {
            image.setLength(1L << 40); // takes no room on the disk
        }
        refused(() -> build(tls), "it must be a file of certificates or keys, but is longer than 16 MiB");
        file("hello");
        refused(() -> build(tls), "it is not a PEM file: it has no line -----BEGIN ...-----");
        file(Certificates.pem("CERTIFICATE", new byte[] {1, 2, 3}));
        refused(() -> build(tls), "its block 1 (CERTIFICATE) cannot be read");
        file("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n");
        refused(() -> build(tls), "its block 1 (CERTIFICATE) from line 1 is not Base64");
        file(Certificates.pem("PRIVATE KEY", new byte[] {1, 2, 3}));
        refused(() -> build(tls), "it has no CERTIFICATE, only PRIVATE KEY");
        file(Files.readString(TestTls.AUTHORITY.topFile(directory)).replace("\n", "\r\n"));
        build(tls);
        Files.delete(directory.resolve("x.pem"));
        Files.createDirectory(directory.resolve("x.pem"));
        refused(() -> build(tls), "it cannot be read: Is a directory");
    }

    @Test
    void keys() throws Exception {
        Path chain = TestTls.LOCALHOST.chainFile(directory);
        Tls tls = Tls.defaults().identity(chain, directory.resolve("x.pem"));
        file(Files.readString(chain));
        refused(() -> build(tls), "it must have one private key, but has 0");
        String own = Files.readString(TestTls.LOCALHOST.keyFile(directory));
        file(own + own);
        refused(() -> build(tls), "it must have one private key, but has 2");
        file(Certificates.pem("RSA PRIVATE KEY", new byte[] {1}));
        refused(
                () -> build(tls),
                "its block 1 (RSA PRIVATE KEY) is not in the format PKCS#8, the only one supported; convert it: openssl"
                        + " pkcs8 -topk8 -nocrypt -in old.pem -out new.pem");
        file(Certificates.pem("PRIVATE KEY", new byte[] {1}));
        refused(() -> build(tls), "its private key must be one of RSA, EC, Ed25519 or Ed448, but is of another kind");
        file(Files.readString(TestTls.AUTHORITY.keyFile(directory)));
        refused(() -> build(tls), "its private key is not the one of the certificate of CN=localhost");
        Certificates other =
                TestTls.AUTHORITY.issue("RSA", "x", Instant.now(), Instant.now().plusSeconds(9), false);
        file(Files.readString(other.keyFile(directory)));
        refused(() -> build(tls), "its private key is not the one of the certificate of CN=localhost");
        Certificates odd = TestTls.AUTHORITY.issue(
                "RSA", "lo\u0018st", Instant.now(), Instant.now().plusSeconds(9), false);
        refused( // what a terminal obeys does not get there
                () -> build(Tls.defaults().identity(odd.chainFile(directory), directory.resolve("x.pem"))),
                "its private key is not the one of the certificate of CN=lo?st");
        file(own + Files.readString(chain)); // both in one file
        build(tls);
        build(Tls.defaults().identity(directory.resolve("x.pem"), directory.resolve("x.pem")));
    }

    @Test
    void bundle_ofWhichNotEachBlockIsWhole_isRefused() throws Exception {
        Tls tls = Tls.defaults().trust(directory.resolve("x.pem"));
        String whole = Files.readString(TestTls.AUTHORITY.topFile(directory)).replace("some words\n", "");
        int lines = (int) whole.lines().count();
        String second = "its block 2 (CERTIFICATE) from line " + (lines + 1);
        file("\ufeff" + whole + "-----\nwords: more\n" + whole.replace("\n", " \r\n"));
        build(tls); // what stands between blocks, and blanks at the end of lines, are nobody's business
        file(whole + whole.substring(0, whole.length() - 30));
        refused(() -> build(tls), second + " does not end");
        file(whole + whole.replaceFirst("(?s)-----END.*", "") + whole);
        refused(() -> build(tls), second + " does not end before line " + (2 * lines));
        file(whole + whole.replaceFirst("\nM", "\n-M"));
        refused(() -> build(tls), second + " is not Base64");
        file(whole + whole.replace("CERTIFICATE", "TRUSTED CERTIFICATE"));
        refused(
                () -> build(tls),
                "its block 2 (TRUSTED CERTIFICATE) is of no kind that is taken; must be CERTIFICATE or PRIVATE KEY");
        file(whole + "----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        refused(() -> build(tls), "its line " + (lines + 1) + " must be -----BEGIN NAME-----, but begins no block");
        byte[] one = TestTls.AUTHORITY.top().getEncoded();
        byte[] two = new byte[2 * one.length];
        System.arraycopy(one, 0, two, 0, one.length);
        System.arraycopy(one, 0, two, one.length, one.length);
        file(Certificates.pem("CERTIFICATE", two));
        refused(() -> build(tls), "its block 1 (CERTIFICATE) is more than one certificate");
    }

    @Test
    void keyThatIsEncrypted_isRefused_withTheWayToConvertIt() throws Exception {
        Tls tls = Tls.defaults().identity(TestTls.LOCALHOST.chainFile(directory), directory.resolve("x.pem"));
        file(Certificates.pem("ENCRYPTED PRIVATE KEY", new byte[] {1}));
        refused(
                () -> build(tls),
                "its block 1 (ENCRYPTED PRIVATE KEY) is encrypted, and there is no option for its password; convert it:"
                        + " openssl pkey -in old.pem -out new.pem");
        file(Certificates.pem("RSA PRIVATE KEY", new byte[] {1})
                .replaceFirst("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"));
        refused(
                () -> build(tls),
                "its block 1 (RSA PRIVATE KEY) is encrypted, and there is no option for its password; convert it: openssl"
                        + " pkey -in old.pem -out new.pem");
    }

    @Test
    void fileOfBlanks_isReadInTimeProportionalToItsLength() throws Exception {
        file("-----BEGIN CERTIFICATE-----" + " ".repeat(4_000_000));
        long begin = System.nanoTime();
        refused(
                () -> build(Tls.defaults().trust(directory.resolve("x.pem"))),
                "its block 1 (CERTIFICATE) from line 1 does not end");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void aContextOfOnesOwnHasItsOwnTrustAndIdentity() throws Exception {
        Tls own = Tls.of(TestTls.CONTEXT);
        assertThatThrownBy(() -> own.trust(directory))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("trust has no effect with an SSLContext, which has its own; leave one of them out");
        assertThatThrownBy(() -> own.identity(directory, directory))
                .hasMessage("identity has no effect with an SSLContext, which has its own; leave one of them out");
        assertThat(own.alpn("a")).isNotNull();
    }
}
