package dev.perthread.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A listener that answers nobody, because its queue is full: connecting to it waits until it times out. On all loopback
 * addresses if none is given, so that a name can have several of it.
 */
final class FullBacklog implements AutoCloseable {
    private final ServerSocket listener;
    private final Deque<Socket> waiting = new ArrayDeque<>();

    FullBacklog() throws IOException {
        this(null);
    }

    FullBacklog(String onlyOn) throws IOException {
        listener = new ServerSocket(0, 1, onlyOn == null ? null : TestServer.address(onlyOn));
        int refused = 0; // once may be a busy machine, on which the kernel answers late
        while (waiting.size() < 50) {
            Socket next = new Socket();
            try {
                next.connect(new InetSocketAddress(TestServer.address("127.0.0.1"), port()), 100);
                waiting.add(next);
                refused = 0;
            } catch (SocketTimeoutException full) {
                next.close();
                if (++refused == 3) {
                    return;
                }
            }
        }
        throw new AssertionError("the queue of one takes fifty");
    }

    int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : waiting) {
            socket.close();
        }
    }
}
