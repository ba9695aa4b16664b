package dev.perthread.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A TLS server on loopback, and somebody on the way who changes what it sends. Reads one byte, sends its answer, ends
 * its side, and reads to the end.
 */
public final class TlsPeer {
    private static final char[] PASSWORD = "password".toCharArray();

    private final SSLContext context;
    private final byte[] answer;
    private final ServerSocket server;
    private final ServerSocket relay;
    private volatile Change change = new Change(0, 0, new byte[0], false);

    private static final class Change {
        final int at;
        final int drop;
        final byte[] insert;
        final boolean cut;

        Change(int at, int drop, byte[] insert, boolean cut) {
            this.at = at;
            this.drop = drop;
            this.insert = insert;
            this.cut = cut;
        }
    }

    public TlsPeer(byte[] answer) {
        this.answer = answer;
        try {
            context = context();
            server = context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            relay = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        start("server", () -> serve(server, this::answer));
        start("relay", () -> serve(relay, this::pass));
    }

    private static SSLContext context() throws Exception {
        Path directory = Files.createTempDirectory("tls-peer");
        Path store = directory.resolve("store.p12");
        List<String> keytool = new ArrayList<>();
        keytool.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        keytool.addAll(List.of("-genkeypair", "-alias", "own", "-keyalg", "EC", "-dname", "CN=peer"));
        keytool.addAll(List.of("-ext", "san=ip:127.0.0.1", "-storetype", "PKCS12"));
        keytool.addAll(List.of("-storepass", new String(PASSWORD), "-keystore", store.toString()));
        Process made = new ProcessBuilder(keytool).inheritIO().start();
        if (!made.waitFor(60, TimeUnit.SECONDS) || made.exitValue() != 0) {
            throw new IllegalStateException("keytool failed");
        }
        KeyStore own = KeyStore.getInstance(store.toFile(), PASSWORD);
        Files.delete(store);
        Files.delete(directory);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("own", own.getCertificate("own"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Trusts this server. */
    public SSLContext trusting() {
        return context;
    }

    public int port() {
        return relay.getLocalPort();
    }

    /**
     * What is done when so many bytes have come from the server: some more are dropped, these are sent in their place, and
     * then everything else, or nothing.
     */
    public void prepare(int at, int drop, byte[] insert, boolean cut) {
        change = new Change(at, drop, insert, cut);
    }

    @FunctionalInterface
    private interface Service {
        void to(Socket client) throws IOException;
    }

    private static void serve(ServerSocket from, Service service) {
        while (true) {
            try (Socket client = from.accept()) {
                client.setTcpNoDelay(true);
                client.setSoTimeout(10_000);
                service.to(client);
            } catch (IOException e) {
                // The client did not want the rest, or could not make sense of it.
            }
        }
    }

    private void answer(Socket client) throws IOException {
        if (client.getInputStream().read() >= 0) {
            client.getOutputStream().write(answer);
            client.shutdownOutput();
            client.getInputStream().readAllBytes();
        }
    }

    private static void forward(InputStream in, OutputStream out, int length) throws IOException {
        byte[] buffer = new byte[16_384];
        for (int left = length; left > 0; ) {
            int read = in.read(buffer, 0, Math.min(left, buffer.length));
            if (read < 0) {
                return;
            }
            out.write(buffer, 0, read);
            left -= read;
        }
    }

    private void pass(Socket client) throws IOException {
        Change now = change;
        try (Socket onward = new Socket(server.getInetAddress(), server.getLocalPort())) {
            onward.setTcpNoDelay(true);
            start("up", () -> {
                try {
                    client.getInputStream().transferTo(onward.getOutputStream());
                    onward.shutdownOutput();
                } catch (IOException e) {
                    // The other direction ends too.
                }
            });
            InputStream in = onward.getInputStream();
            OutputStream out = client.getOutputStream();
            forward(in, out, now.at);
            out.write(now.insert);
            // Whoever waits for what does not come any more is not kept waiting for longer than this.
            onward.setSoTimeout(50);
            try {
                in.readNBytes(now.drop);
                if (!now.cut) {
                    in.transferTo(out);
                }
            } catch (SocketTimeoutException nothingMore) {
                // The client waits for the rest of something, and the server for the client.
            }
        }
    }
}
