package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate and its key, made by the keytool of the Java that runs the test, for servers and as PEM files.
 *
 * @param file the certificate alone
 * @param keyFile its key alone
 */
record OwnCertificate(PrivateKey key, Certificate certificate, Path file, Path keyFile) {
    private static final String PASSWORD = "password";

    /** Signed by itself; further arguments are keytool's. */
    static OwnCertificate selfSigned(Path directory, String name, String host, String... more) throws Exception {
        Path store = generate(directory, name, host, more);
        Certificate certificate = open(store).getCertificate(name);
        return of(directory, name, key(store, name), certificate);
    }

    /** Signed by an authority that nobody has heard of, whose own certificate is not shown. */
    static OwnCertificate ofUnknownAuthority(Path directory, String name, String host) throws Exception {
        Path authority = generate(directory, name + "-ca", "authority.example", "-ext", "bc:c");
        Path own = generate(directory, name, host);
        Path request = directory.resolve(name + ".csr");
        Path signed = directory.resolve(name + ".cer");
        keytool(directory, "-certreq", "-alias", name, "-keystore", own.toString(), "-file", request.toString());
        String[] sign = {
            "-gencert", "-alias", name + "-ca", "-keystore", authority.toString(), "-ext", "san=dns:" + host
        };
        keytool(directory, sign, "-infile", request.toString(), "-outfile", signed.toString());
        try (InputStream in = Files.newInputStream(signed)) {
            Certificate certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
            return of(directory, name, key(own, name), certificate);
        }
    }

    private static Path generate(Path directory, String name, String host, String... more) throws Exception {
        Path store = directory.resolve(name + ".p12");
        String[] arguments = {
            "-genkeypair",
            "-alias",
            name,
            "-keyalg",
            "EC",
            "-dname",
            "CN=" + host,
            "-keystore",
            store.toString(),
            "-ext",
            "san=dns:" + host
        };
        keytool(directory, arguments, more);
        return store;
    }

    private static void keytool(Path directory, String... arguments) throws Exception {
        keytool(directory, arguments, new String[0]);
    }

    private static void keytool(Path directory, String[] arguments, String... more) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-XX:-UsePerfData"));
        command.addAll(List.of(arguments));
        command.addAll(List.of(more));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
        Cli.Result made = Cli.runAny(command, directory);
        assertThat(made.status()).as(made.out() + made.err()).isZero();
    }

    private static KeyStore open(Path store) throws Exception {
        return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
    }

    private static PrivateKey key(Path store, String name) throws Exception {
        return (PrivateKey) open(store).getKey(name, PASSWORD.toCharArray());
    }

    private static OwnCertificate of(Path directory, String name, PrivateKey key, Certificate certificate)
            throws Exception {
        return new OwnCertificate(
                key,
                certificate,
                pem(directory.resolve(name + ".pem"), "CERTIFICATE", certificate.getEncoded()),
                pem(directory.resolve(name + ".key"), "PRIVATE KEY", key.getEncoded()));
    }

    private static Path pem(Path file, String label, byte[] bytes) throws Exception {
        String text = Base64.getMimeEncoder().encodeToString(bytes);
        return Files.writeString(file, "-----BEGIN " + label + "-----\n" + text + "\n-----END " + label + "-----\n");
    }

    /** Shows this certificate, and trusts nobody but whoever shows the same one. */
    SSLContext context() throws Exception {
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        own.setKeyEntry("own", key, PASSWORD.toCharArray(), new Certificate[] {certificate});
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own, PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("clients", certificate);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    /** With {@code mutual} for clients that show this certificate too. */
    SSLServerSocket listening(boolean mutual) throws Exception {
        SSLServerSocket socket = (SSLServerSocket)
                context().getServerSocketFactory().createServerSocket(0, 100, InetAddress.getLoopbackAddress());
        socket.setNeedClientAuth(mutual);
        return socket;
    }
}
