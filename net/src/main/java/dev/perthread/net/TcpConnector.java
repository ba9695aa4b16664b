package dev.perthread.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;

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
     * @param socketOptions of the system, set before it connects
     * @param upgrades what is done over the connected socket, in this order
     */
    record Settings(
            String target,
            Addresses addresses,
            int port,
            long connectNanos,
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
            HappyEyeballs eyeballs = new HappyEyeballs(
                    settings.target,
                    settings.port,
                    addresses,
                    settings.connectNanos,
                    deadline,
                    this::unconnected,
                    pending);
            return upgraded(eyeballs.run(), deadline);
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

    private Transport upgraded(SocketChannel channel, Deadline deadline) throws IOException {
        try {
            pending.add(channel);
            Transport top;
            try {
                SocketTransport bottom = new SocketTransport(channel);
                top = bottom;
                for (ConnectionUpgrade upgrade : settings.upgrades) {
                    top = upgrade.apply(bottom, deadline);
                }
            } finally {
                pending.remove(channel);
            }
            pending.refuseIfClosed(null);
            return top;
        } catch (Throwable failure) {
            PendingConnects.close(channel, failure);
            throw failure;
        }
    }

    @Override
    public void close() {
        pending.close();
    }
}
