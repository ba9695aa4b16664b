package dev.perthread.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A connector of TCP and all that is based on it: the quickest of a name's addresses, then the upgrades, under one
 * deadline; after a failure nothing is left open.
 */
final class TcpConnector implements Connector {

    /**
     * What to connect to, and how.
     *
     * @param target where the connection leads, for messages; not what {@code addresses} tells if that is a proxy
     * @param port to connect to
     * @param connectNanos the longest wait for one address
     * @param needsChannel whether the transport must be able to look without waiting, as TLS and reuse do; a plain socket
     *     cannot, and takes half as many system calls
     * @param socketOptions of the system, set before it connects
     * @param upgrades what is done over the connected socket, in this order
     */
    record Settings(
            String target,
            Addresses addresses,
            int port,
            long connectNanos,
            boolean needsChannel,
            Map<SocketOption<?>, Object> socketOptions,
            List<ConnectionUpgrade> upgrades) {}

    private final Settings settings;
    private final PendingConnects pending;

    TcpConnector(String name, Settings settings) {
        this.settings = settings;
        this.pending = new PendingConnects(name, settings.target);
    }

    @Override
    public Transport connect(Deadline deadline) throws IOException {
        List<InetAddress> addresses = settings.addresses.find();
        try {
            Transport bottom = addresses.size() == 1 ? alone(addresses.get(0), deadline) : first(addresses, deadline);
            return settings.upgrades.isEmpty() ? bottom : upgraded(bottom, deadline);
        } catch (IOException failure) {
            pending.refuseIfClosed(failure);
            if (Thread.currentThread().isInterrupted()) { // somebody wants it back; no matter what came of it
                InterruptedIOException interrupted =
                        new InterruptedIOException("cannot connect to " + settings.target + ": interrupted");
                interrupted.initCause(failure);
                throw interrupted;
            }
            throw failure;
        }
    }

    private Transport first(List<InetAddress> addresses, Deadline deadline) throws IOException {
        HappyEyeballs eyeballs = new HappyEyeballs(
                settings.target, settings.port, addresses, settings.connectNanos, deadline, this::unconnected, pending);
        return overChannel(eyeballs.run());
    }

    /** Without a selector, which takes longer to make than a connection on the same machine. */
    private Transport alone(InetAddress address, Deadline deadline) throws IOException {
        ConnectFailures failures = new ConnectFailures();
        if (deadline.isOver()) {
            throw failures.failure(settings.target, 1, deadline);
        }
        int millis = Math.max(1, Timeouts.millis(Math.min(settings.connectNanos, deadline.left())));
        InetSocketAddress to = new InetSocketAddress(address, settings.port);
        try {
            return settings.needsChannel ? channel(to, millis) : plain(to, millis);
        } catch (SocketTimeoutException late) {
            failures.timedOut(address, millis);
        } catch (IOException failure) {
            failures.failed(address, failure);
        }
        throw failures.failure(settings.target, 0, deadline);
    }

    private Transport plain(InetSocketAddress to, int millis) throws IOException {
        PlainSocketTransport transport = new PlainSocketTransport();
        try {
            pending.add(transport);
            try {
                Socket socket = transport.socket();
                for (Map.Entry<SocketOption<?>, Object> option : settings.socketOptions.entrySet()) {
                    set(socket, option.getKey(), option.getValue());
                }
                InetAddress from = settings.addresses.from();
                if (from != null) {
                    socket.bind(new InetSocketAddress(from, 0));
                }
                transport.connect(to, TimeUnit.MILLISECONDS.toNanos(millis));
            } finally {
                pending.remove(transport);
            }
            pending.refuseIfClosed(null);
            return transport;
        } catch (Throwable failure) {
            PendingConnects.close(transport, failure);
            throw failure;
        }
    }

    private Transport channel(InetSocketAddress to, int millis) throws IOException {
        SocketChannel channel = unconnected(to.getAddress());
        try {
            pending.add(channel);
            try {
                channel.socket().connect(to, millis);
            } finally {
                pending.remove(channel);
            }
            pending.refuseIfClosed(null);
            ConnectFailures.refuseOwn(channel.socket());
        } catch (Throwable failure) {
            PendingConnects.close(channel, failure);
            throw failure;
        }
        return overChannel(channel);
    }

    private static Transport overChannel(SocketChannel connected) throws IOException {
        try {
            return new SocketTransport(connected);
        } catch (Throwable failure) {
            PendingConnects.close(connected, failure);
            throw failure;
        }
    }

    private SocketChannel unconnected(InetAddress forAddress) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            for (Map.Entry<SocketOption<?>, Object> option : settings.socketOptions.entrySet()) {
                set(channel, option.getKey(), option.getValue());
            }
            InetAddress from = settings.addresses.from();
            if (from != null) {
                channel.bind(new InetSocketAddress(from, 0));
            }
            return channel;
        } catch (Throwable failure) {
            PendingConnects.close(channel, failure);
            throw failure;
        }
    }

    static <T> void set(NetworkChannel channel, SocketOption<T> option, Object value) throws IOException {
        channel.setOption(option, option.type().cast(value));
    }

    private static <T> void set(Socket socket, SocketOption<T> option, Object value) throws IOException {
        socket.setOption(option, option.type().cast(value));
    }

    private Transport upgraded(Transport bottom, Deadline deadline) throws IOException {
        try {
            pending.add(bottom);
            Transport top = bottom;
            try {
                for (ConnectionUpgrade upgrade : settings.upgrades) {
                    top = upgrade.apply(bottom, deadline);
                }
            } finally {
                pending.remove(bottom);
            }
            pending.refuseIfClosed(null);
            return top;
        } catch (Throwable failure) {
            PendingConnects.close(bottom, failure);
            throw failure;
        }
    }

    @Override
    public void close() {
        pending.close();
    }
}
