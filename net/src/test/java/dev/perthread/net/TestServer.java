// A server on loopback that counts: how many it accepted, how many are open on its side.
package dev.perthread.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

final class TestServer implements AutoCloseable {
    /** What the server does with one connection; when it returns, the server closes it. */
    @FunctionalInterface
    interface Talk {
        void with(InputStream in, OutputStream out) throws IOException;
    }

    /** Sends back what it gets. */
    static final Talk ECHO = (in, out) -> in.transferTo(out);

    /** Listens, and never says anything. */
    static final Talk SILENCE = (in, out) -> in.transferTo(OutputStream.nullOutputStream());

    private final ServerSocket listener;
    private final Talk talk;
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger peak = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Set<Integer> notCounted = ConcurrentHashMap.newKeySet();
    private final Queue<Integer> clientPorts = new ConcurrentLinkedQueue<>();

    TestServer(Talk talk) throws IOException {
        this.talk = talk;
        this.listener = new ServerSocket(0, 200, address("127.0.0.1"));
        Thread thread = new Thread(this::accept, "server");
        thread.setDaemon(true);
        thread.start();
    }

    /** Answers each connection with this, once it has got a byte, and closes it. */
    static Talk answering(String answer) {
        return (in, out) -> {
            if (in.read() >= 0) {
                out.write(bytes(answer));
            }
        };
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    LazyConnection shared() {
        return LazyConnection.to("127.0.0.1", port());
    }

    LazyConnection.Builder builder() {
        return LazyConnection.tcp("127.0.0.1", port());
    }

    /** Exact, not what the accepting thread has got to so far: it takes them in order, so one more is sent after them. */
    int accepted() throws IOException {
        try (Socket last = new Socket()) {
            last.bind(new InetSocketAddress(address("127.0.0.1"), 0));
            notCounted.add(last.getLocalPort());
            last.connect(listener.getLocalSocketAddress());
            await(() -> !notCounted.contains(last.getLocalPort()));
        }
        return accepted.get();
    }

    int open() {
        return open.size();
    }

    int peak() {
        return peak.get();
    }

    /** The port on the other side of each connection, in the order of arrival. */
    Queue<Integer> clientPorts() {
        return clientPorts;
    }

    void awaitOpen(int wanted) {
        await(() -> open.size() == wanted);
    }

    static void await(Callable<Boolean> condition) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(Duration.ofSeconds(10))
                .until(condition);
    }

    /** Ends all connections from the server's side. */
    void hangUp() throws IOException {
        for (Socket socket : open) {
            socket.close();
        }
        awaitOpen(0);
    }

    /** Sends this on all connections, unasked. */
    void blurt(String text) throws IOException {
        for (Socket socket : open) {
            socket.getOutputStream().write(bytes(text));
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                if (notCounted.remove(socket.getPort())) {
                    socket.close();
                    continue;
                }
                accepted.incrementAndGet();
                clientPorts.add(socket.getPort());
                open.add(socket);
                peak.accumulateAndGet(open.size(), Math::max);
                Thread thread = new Thread(() -> serve(socket), "server-" + socket.getPort());
                thread.setDaemon(true);
                thread.start();
            } catch (SocketException closed) {
                return;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            talk.with(socket.getInputStream(), socket.getOutputStream());
        } catch (SocketException reset) {
            // The other side, or hangUp, was quicker.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            open.remove(socket);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        hangUp();
    }
}
