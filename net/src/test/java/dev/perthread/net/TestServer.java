package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.awaitility.Awaitility;

/** A server on loopback that counts: how many it accepted, how many are open on its side. */
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

    private final TestListener listener;
    private final Talk talk;
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger peak = new AtomicInteger();
    private final Set<TestListener.Line> open = ConcurrentHashMap.newKeySet();
    private final Set<SocketAddress> notCounted = ConcurrentHashMap.newKeySet();
    private final Queue<Integer> clientPorts = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    TestServer(Talk talk) throws IOException {
        this(talk, TestListener.of(new ServerSocket(0, 200, address("127.0.0.1"))));
    }

    TestServer(Talk talk, TestListener listener) {
        this.talk = talk;
        this.listener = listener;
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
        return ((InetSocketAddress) listener.address()).getPort();
    }

    SocketAddress address() {
        return listener.address();
    }

    LazyConnection shared() {
        return builder().build();
    }

    LazyConnection.Builder builder() {
        return listener.address() instanceof UnixDomainSocketAddress unix
                ? LazyConnection.unix(unix.getPath())
                : LazyConnection.tcp("127.0.0.1", port());
    }

    /** Exact, not what the accepting thread has got to so far: it takes them in order, so one more is sent after them. */
    int accepted() throws IOException {
        SocketAddress[] from = new SocketAddress[1];
        try (Closeable last = listener.knock(from)) {
            notCounted.add(from[0]);
        }
        await(() -> !notCounted.contains(from[0]));
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
        for (TestListener.Line line : open) {
            line.close();
        }
        awaitOpen(0);
    }

    /** Sends this on all connections, unasked. */
    void blurt(String text) throws IOException {
        for (TestListener.Line line : open) {
            line.out().write(bytes(text));
        }
    }

    private void accept() {
        while (!closed) {
            try {
                TestListener.Line line = listener.accept();
                SocketAddress from = line.remote();
                if (notCounted.remove(from)) {
                    line.close();
                    continue;
                }
                accepted.incrementAndGet();
                if (from instanceof InetSocketAddress inet) {
                    clientPorts.add(inet.getPort());
                }
                open.add(line);
                peak.accumulateAndGet(open.size(), Math::max);
                Thread thread = new Thread(() -> serve(line), "server-" + from);
                thread.setDaemon(true);
                thread.start();
            } catch (SocketException | ClosedChannelException gone) {
                // Closed: or a client was gone before it was looked at.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void serve(TestListener.Line line) {
        try (line) {
            talk.with(line.in(), line.out());
        } catch (SocketException | ClosedChannelException | SSLException reset) {
            // The other side, or hangUp, was quicker; or there was no handshake.
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).matches("Connection reset by peer|Broken pipe")) { // on Unix sockets
                throw new UncheckedIOException(e);
            }
        } finally {
            open.remove(line);
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        listener.close();
        hangUp();
    }
}
