// perthread fetch --unix: requests through a Unix domain socket, whatever host the URL names.
package dev.perthread.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnixFetchTest {
    private static final String PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";

    @TempDir
    Path directory;

    /** Answers so many requests on each connection, and closes it. */
    private static final class UnixServer implements AutoCloseable {
        final Queue<String> requests = new ConcurrentLinkedQueue<>();
        private final Queue<SocketChannel> connections = new ConcurrentLinkedQueue<>();
        private final ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        private final int each;

        UnixServer(Path socket, int each) throws IOException {
            this.each = each;
            listening.bind(UnixDomainSocketAddress.of(socket), 100);
            daemon(this::accept);
        }

        private static void daemon(Runnable task) {
            Thread thread = new Thread(task, "unix-server");
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            while (true) {
                try {
                    SocketChannel connection = listening.accept();
                    connections.add(connection);
                    daemon(() -> serve(connection));
                } catch (IOException e) {
                    return; // closed
                }
            }
        }

        private void serve(SocketChannel connection) {
            try (connection) {
                for (int i = 0; i < each; i++) {
                    String request = head(connection);
                    if (request.isEmpty()) {
                        return;
                    }
                    requests.add(request);
                    connection.write(ByteBuffer.wrap(PAGE.getBytes(ISO_8859_1)));
                }
            } catch (IOException e) {
                return; // closed by the test's end
            }
        }

        private static String head(SocketChannel connection) throws IOException {
            StringBuilder head = new StringBuilder();
            ByteBuffer piece = ByteBuffer.allocate(4096);
            while (head.indexOf("\r\n\r\n") < 0 && connection.read(piece) >= 0) {
                head.append(ISO_8859_1.decode(piece.flip()));
                piece.clear();
            }
            return head.toString();
        }

        int connections() {
            return connections.size();
        }

        @Override
        public void close() throws IOException {
            listening.close();
            for (SocketChannel connection : connections) {
                connection.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--unix", "--unix-socket"})
    void every_thread_has_its_own_connection_to_the_socket(String option) throws Exception {
        Path socket = directory.resolve("s");
        try (UnixServer server = new UnixServer(socket, 1)) {
            Cli.Result result = Cli.run("fetch", "-t", "3", option, socket.toString(), "http://app.example/status");

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.gotLines())
                    .hasSize(3)
                    .allMatch(
                            line -> line.startsWith("Got " + PAGE.length() + " ") && line.endsWith("  unix:" + socket));
            assertThat(server.connections()).isEqualTo(3);
            assertThat(server.requests)
                    .hasSize(3)
                    .allMatch("GET /status HTTP/1.0\r\nHost: app.example\r\n\r\n"::equals);
        }
    }

    @Test
    void it_can_be_kept_and_a_connection_that_the_server_ends_is_replaced() throws Exception {
        Path socket = directory.resolve("s");
        try (UnixServer server = new UnixServer(socket, 5)) {
            Cli.Result result =
                    Cli.run("fetch", "-q", "--keep", "-n", "20", "--unix", socket.toString(), "http://localhost/");

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).startsWith("2 threads, 8 connections for 40 requests, ");
            assertThat(server.connections()).isEqualTo(8);
            assertThat(server.requests).hasSize(40);
        }
    }

    @Test
    void a_socket_that_is_not_there_is_told() throws Exception {
        Path socket = directory.resolve("none");
        Cli.Result result = Cli.run("fetch", "--unix", socket.toString(), "http://localhost/");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .contains("cannot connect to unix:" + socket, "No such file or directory", "2 of 2 requests");
    }
}
