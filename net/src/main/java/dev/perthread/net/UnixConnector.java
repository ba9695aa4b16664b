package dev.perthread.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A connector to a Unix domain socket.
 *
 * <p>There is no waiting for a Unix socket: it takes a connection at once or refuses it. The one thing that passes is a
 * full queue, for which the system offers no waiting that can be ended; so this tries again, at growing distances.
 */
final class UnixConnector implements Connector {
    private static final long SHORTEST_PAUSE_MILLIS = 1;
    private static final long LONGEST_PAUSE_MILLIS = 50;

    private final UnixDomainSocketAddress address;
    private final String shown;
    private final long connectNanos;
    private final Map<SocketOption<?>, Object> socketOptions;
    private final PendingConnects pending;

    UnixConnector(
            String name, UnixDomainSocketAddress address, long connectNanos, Map<SocketOption<?>, Object> options) {
        this.address = address;
        this.connectNanos = connectNanos;
        this.socketOptions = options;
        this.shown = "unix:" + Messages.shown(address.toString());
        this.pending = new PendingConnects(name, shown);
    }

    @Override
    public Transport connect(Deadline deadline) throws IOException {
        Deadline end = Deadline.in(Math.min(connectNanos, deadline.left()));
        long pause = SHORTEST_PAUSE_MILLIS;
        Selector selector; // the transport's, for waiting here as well
        try {
            selector = Selector.open();
        } catch (IOException noDescriptor) {
            throw failure(noDescriptor);
        }
        try {
            pending.add(selector);
            try {
                while (true) {
                    if (Thread.currentThread().isInterrupted()) {
                        throw new InterruptedIOException(because("interrupted"));
                    }
                    UnixTransport transport = connectNow(selector);
                    if (transport != null) {
                        return kept(transport, selector);
                    }
                    if (end.isOver()) {
                        throw new SocketTimeoutException(because("its queue was full for "
                                + Messages.duration(Timeouts.millis(end.nanos())) + "; the server does not accept"));
                    }
                    selector.select(Math.min(pause, end.millis()));
                    pending.refuseIfClosed(null);
                    pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
                }
            } finally {
                pending.remove(selector);
            }
        } catch (Throwable failure) {
            PendingConnects.close(selector, failure);
            throw failure;
        }
    }

    private UnixTransport kept(UnixTransport transport, Selector selector) {
        try {
            pending.remove(selector);
            pending.refuseIfClosed(null); // after remove: a close() not seen here does not find the selector any more
            return transport;
        } catch (Throwable failure) {
            PendingConnects.close(transport, failure);
            throw failure;
        }
    }

    /** Nothing if the queue is full. */
    private @Nullable UnixTransport connectNow(Selector selector) throws IOException {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        } catch (IOException noDescriptor) {
            throw failure(noDescriptor);
        }
        try {
            for (Map.Entry<SocketOption<?>, Object> option : socketOptions.entrySet()) {
                TcpConnector.set(channel, option.getKey(), option.getValue());
            }
            channel.configureBlocking(false);
            try {
                if (!channel.connect(address)) {
                    throw new SocketException("it is taking too long");
                }
            } catch (SocketException failure) {
                if (FullQueue.isCause(failure, address.getPath())) {
                    channel.close();
                    return null;
                }
                throw failure(failure);
            }
            return new UnixTransport(channel, selector);
        } catch (Throwable failure) {
            PendingConnects.close(channel, failure);
            throw failure;
        }
    }

    private ConnectException failure(IOException cause) {
        ConnectException clear = new ConnectException(because(String.valueOf(cause.getMessage())));
        clear.initCause(cause);
        return clear;
    }

    private String because(String why) {
        return "cannot connect to " + shown + ": " + why;
    }

    @Override
    public void close() {
        pending.close();
    }
}
