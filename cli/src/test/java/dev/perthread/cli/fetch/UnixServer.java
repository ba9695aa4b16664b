package dev.perthread.cli.fetch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A server on a Unix domain socket, which has no kind of socket in Java but a channel. Closes every connection after
 * so many requests, and after one that is not by HTTP/1.1.
 */
final class UnixServer implements AutoCloseable {
    static final String PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";

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
                if (!request.contains(" HTTP/1.1\r\n")) {
                    return;
                }
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
