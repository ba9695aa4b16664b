// redis-server on loopback where it is installed, and where not, one of Java that knows the few commands of the
// examples.
package dev.perthread.examples;

import dev.perthread.testkit.FreePort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

final class Redis implements AutoCloseable {
    private final int port;
    private final AutoCloseable server;
    final boolean isReal;

    private Redis(int port, AutoCloseable server, boolean isReal) {
        this.port = port;
        this.server = server;
        this.isReal = isReal;
    }

    int port() {
        return port;
    }

    static Redis start(Path directory) throws IOException {
        Path installed = Stream.of("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
                .map(bin -> Path.of(bin, "redis-server"))
                .filter(Files::isExecutable)
                .filter(found -> !"none".equals(System.getProperty("perthread.peers"))) // to try the stand-in
                .findFirst()
                .orElse(null);
        Redis redis = installed == null ? standIn() : real(installed, directory);
        Files.createDirectories(Path.of("target"));
        Files.writeString(
                Path.of("target", "peers.txt"),
                redis.isReal ? "redis: " + installed + "\n" : "redis: a stand-in of Java (no redis-server here)\n");
        return redis;
    }

    private static Redis real(Path program, Path directory) throws IOException {
        int port = FreePort.next();
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--port",
                        "" + port,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("redis.log").toFile())
                .start();
        Awaitility.await().until(() -> {
            try (Socket probe = new Socket()) {
                probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return true;
            } catch (IOException notYet) {
                return !process.isAlive();
            }
        });
        return new Redis(
                port,
                () -> {
                    process.destroy();
                    process.waitFor(10, TimeUnit.SECONDS);
                },
                true);
    }

    private static Redis standIn() throws IOException {
        ServerSocket listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        Map<String, AtomicLong> counters = new ConcurrentHashMap<>();
        Set<Socket> open = ConcurrentHashMap.newKeySet();
        Thread accepting = new Thread(() -> {
            try {
                while (true) {
                    Socket socket = listener.accept();
                    open.add(socket);
                    Thread thread = new Thread(() -> serve(socket, counters));
                    thread.setDaemon(true);
                    thread.start();
                }
            } catch (IOException closed) {
                // the end of the test
            }
        });
        accepting.setDaemon(true);
        accepting.start();
        return new Redis(
                listener.getLocalPort(),
                () -> {
                    listener.close();
                    for (Socket socket : open) {
                        socket.close();
                    }
                },
                false);
    }

    private static void serve(Socket socket, Map<String, AtomicLong> counters) {
        try (socket) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            OutputStream out = socket.getOutputStream();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ");
                if (line.startsWith("*")) {
                    words = new String[Integer.parseInt(line.substring(1))];
                    for (int i = 0; i < words.length; i++) {
                        in.readLine(); // its length
                        words[i] = in.readLine();
                    }
                }
                String answer = switch (words[0]) {
                    case "PING" -> "+PONG";
                    case "INCR" ->
                        ":"
                                + counters.computeIfAbsent(words[1], name -> new AtomicLong())
                                        .incrementAndGet();
                    case "ECHO" -> "$" + words[1].getBytes(StandardCharsets.UTF_8).length + "\r\n" + words[1];
                    default -> "-ERR unknown command";
                };
                out.write((answer + "\r\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (SocketException gone) {
            // the client, or the test, has ended
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws Exception {
        server.close();
    }
}
