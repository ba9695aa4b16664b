package dev.perthread.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.nio.channels.DatagramChannel;
import java.util.List;
import java.util.Map;

/**
 * A connector of datagram sockets that talk to one place.
 *
 * <p>Nothing is sent: connecting a datagram socket only fixes where to. So nobody is waited for, and nobody is raced.
 */
final class UdpConnector implements Connector {
    private final String target;
    private final Addresses addresses;
    private final int port;
    private final Map<SocketOption<?>, Object> socketOptions;
    private final PendingConnects pending;

    UdpConnector(String name, String target, Addresses addresses, int port, Map<SocketOption<?>, Object> options) {
        this.target = target;
        this.addresses = addresses;
        this.port = port;
        this.socketOptions = options;
        this.pending = new PendingConnects(name, target);
    }

    @Override
    public Transport connect(Deadline deadline) throws IOException {
        pending.refuseIfClosed(null);
        List<InetAddress> all = addresses.find();
        ConnectFailures failures = new ConnectFailures();
        for (InetAddress address : all) {
            pending.refuseIfClosed(null); // also after a long look-up
            if (deadline.isOver()) {
                break;
            }
            try {
                return connect(address);
            } catch (IOException noWayThere) {
                failures.failed(address, noWayThere);
            }
        }
        throw failures.failure(target, deadline.isOver() ? all.size() - failures.count() : 0, deadline);
    }

    private Transport connect(InetAddress address) throws IOException {
        DatagramChannel channel = DatagramChannel.open(Addresses.familyOf(address));
        try {
            for (Map.Entry<SocketOption<?>, Object> option : socketOptions.entrySet()) {
                TcpConnector.set(channel, option.getKey(), option.getValue());
            }
            InetAddress from = addresses.from();
            if (from != null) {
                channel.bind(new InetSocketAddress(from, 0));
            }
            channel.connect(new InetSocketAddress(address, port));
            ConnectFailures.refuseOwn(channel.getLocalAddress(), channel.getRemoteAddress());
            return new UdpTransport(channel);
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
