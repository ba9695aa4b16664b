package dev.perthread.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The loopback server of {@link OpenCloseBenchmark}. It answers four bytes with four bytes, and closes after {@link
 * #LAST}, so that the client's port is free again at once.
 */
final class LoopbackServer implements AutoCloseable {
    static final byte[] LAST = {'b', 'y', 'e', '\n'};
    static final byte[] MORE = {'a', 's', 'k', '\n'};
    static final int LENGTH = 4;

    private final ServerSocket listening;
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "loopback-server");
        thread.setDaemon(true);
        return thread;
    });

    LoopbackServer() throws IOException {
        listening = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        workers.execute(this::accept);
    }

    String host() {
        return listening.getInetAddress().getHostAddress();
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listening.accept();
                socket.setTcpNoDelay(true);
                workers.execute(() -> serve(socket));
            }
        } catch (IOException closed) {
            // the end
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            byte[] asked = new byte[LENGTH];
            while (in.readNBytes(asked, 0, LENGTH) == LENGTH) {
                out.write(asked);
                if (asked[0] == LAST[0]) {
                    return;
                }
            }
        } catch (IOException gone) {
            // the client's affair
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        workers.shutdownNow();
    }
}
