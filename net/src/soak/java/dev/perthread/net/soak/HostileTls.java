package dev.perthread.net.soak;

import dev.perthread.testkit.FreePort;
import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * The TLS side of the server: a certificate of the campaign's own, and sockets on which it can be somebody in between,
 * too, who has no key and changes what passes or ends the stream in his own way.
 */
final class HostileTls {
    private static final String PASSWORD = "not secret";
    private static final byte[] WARNING_OF_CLOSE_NOTIFY = {0x15, 3, 3, 0, 2, 1, 0};
    private static final byte[] DATA_IN_PLAIN = {0x17, 3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'};

    private final Path directory;
    private final SSLContext context;

    HostileTls(Path directory) throws IOException, GeneralSecurityException, InterruptedException {
        this.directory = directory;
        Path store = directory.resolve("store.p12");
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "soak",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-validity",
                        "30",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD))
                .inheritIO()
                .start();
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool failed");
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(new ByteArrayInputStream(Files.readAllBytes(store)), PASSWORD.toCharArray());
        Files.writeString(
                certificate(), pem("CERTIFICATE", keys.getCertificate("soak").getEncoded()));
        Files.writeString(
                key(),
                pem("PRIVATE KEY", keys.getKey("soak", PASSWORD.toCharArray()).getEncoded()));
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD.toCharArray());
        context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
    }

    Path certificate() {
        return directory.resolve("certificate.pem");
    }

    private Path key() {
        return directory.resolve("key.pem");
    }

    private static String pem(String label, byte[] bytes) {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + label + "-----\n" + lines + "\n-----END " + label + "-----\n";
    }

    /** Starts openssl's server, which sends session tickets without end; 0 if it is not installed. */
    int startTickets() throws IOException {
        int port = FreePort.next();
        try {
            Process openssl = new ProcessBuilder(
                            "openssl",
                            "s_server",
                            "-quiet",
                            "-tls1_3",
                            "-num_tickets",
                            "1000000000",
                            "-accept",
                            "127.0.0.1:" + port,
                            "-cert",
                            certificate().toString(),
                            "-key",
                            key().toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(openssl::destroyForcibly));
            return port;
        } catch (IOException notInstalled) {
            System.out.println("soak: without session tickets, because openssl is not here: " + notInstalled);
            return 0;
        }
    }

    static ServerSocket listener(int backlog) throws IOException {
        return new ServerSocket(0, backlog, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                Wire wire = new Wire();
                implAccept(wire);
                return wire;
            }
        };
    }

    SSLSocket over(Socket wire, String protocol) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(wire, wire.getInetAddress().getHostAddress(), 0, true);
        socket.setUseClientMode(false);
        socket.setEnabledProtocols(new String[] {protocol});
        return socket;
    }

    /** The rest of an answer, changed on the way, and the end of the stream, which is not that of TLS. */
    static void tamper(Request request, Wire wire, OutputStream out, byte[] rest) throws IOException {
        switch ((int) (request.token() % 3)) {
            case 0 -> {
                wire.changesLast = true;
                out.write(rest);
            }
            case 1 -> wire.getOutputStream().write(WARNING_OF_CLOSE_NOTIFY);
            default -> wire.getOutputStream().write(DATA_IN_PLAIN);
        }
        sever(wire);
    }

    /** Ends the stream without the end that TLS has. */
    static void sever(Wire wire) throws IOException {
        wire.shutdownOutput();
        InputStream in = wire.getInputStream();
        byte[] unread = new byte[1024];
        int read;
        do {
            read = in.read(unread);
        } while (read >= 0);
    }

    /** The connection below TLS. */
    static final class Wire extends Socket {
        volatile boolean changesLast;

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    byte[] sent = Arrays.copyOfRange(bytes, from, from + length);
                    if (changesLast) {
                        sent[length - 1] ^= 1;
                    }
                    out.write(sent);
                }
            };
        }
    }
}
