// Connects by TCP: every address of a name in turn, each with a timeout, one deadline over all, nothing left open.
package dev.perthread.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

final class TcpConnector implements Connector {

    /**
     * What to connect to, and how.
     *
     * @param family only addresses of this family, or {@code null} for all
     * @param connectNanos the longest wait for one address
     * @param openNanos the longest wait for all of them
     */
    record Settings(
            String host,
            int port,
            @Nullable StandardProtocolFamily family,
            long connectNanos,
            long openNanos,
            boolean tcpNoDelay,
            boolean keepAlive,
            Resolver resolver) {}

    private final String name;
    private final Settings settings;
    private final Set<SocketChannel> connecting = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    TcpConnector(String name, Settings settings) {
        this.name = name;
        this.settings = settings;
    }

    @Override
    public Transport connect() throws IOException {
        long begin = System.nanoTime();
        Attempts attempts = new Attempts();
        List<InetAddress> addresses = addresses();
        for (InetAddress address : addresses) {
            long left = settings.openNanos - (System.nanoTime() - begin);
            if (left <= 0) {
                attempts.notTried = addresses.size() - attempts.failures.size();
                break;
            }
            int millis = Text.millis(Math.min(settings.connectNanos, left));
            try {
                return connect(address, millis);
            } catch (IOException failure) {
                refuseIfClosed(failure);
                if (Thread.currentThread().isInterrupted()) { // somebody wants it back: no further address
                    InterruptedIOException interrupted = new InterruptedIOException(whole("interrupted"));
                    interrupted.initCause(failure);
                    throw interrupted;
                }
                attempts.add(address, millis, failure);
            }
        }
        throw attempts.failure();
    }

    private List<InetAddress> addresses() throws UnknownHostException {
        List<InetAddress> all;
        try {
            all = settings.resolver.resolve(settings.host);
        } catch (UnknownHostException e) {
            throw unknown("the name has no address", e);
        }
        List<InetAddress> fit = all.stream().filter(this::isOfFamily).toList();
        if (fit.isEmpty()) {
            throw unknown("the name has no " + settings.family + " address, only " + addressesOnly(all), null);
        }
        return fit;
    }

    private boolean isOfFamily(InetAddress address) {
        return settings.family == null
                || (address instanceof Inet4Address) == (settings.family == StandardProtocolFamily.INET);
    }

    private static String addressesOnly(List<InetAddress> addresses) {
        return addresses.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", "));
    }

    private UnknownHostException unknown(String why, @Nullable UnknownHostException cause) {
        UnknownHostException failure = new UnknownHostException(whole(why));
        failure.initCause(cause);
        return failure;
    }

    private String whole(String why) {
        return "cannot connect to " + Text.endpoint(settings.host, settings.port) + ": " + why;
    }

    private Transport connect(InetAddress address, int millis) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            connecting.add(channel);
            try {
                refuseIfClosed(null); // after add: either close() finds the channel there, or it is seen here
                Socket socket = channel.socket();
                socket.setTcpNoDelay(settings.tcpNoDelay);
                socket.setKeepAlive(settings.keepAlive);
                socket.connect(new InetSocketAddress(address, settings.port), millis);
            } finally {
                connecting.remove(channel);
            }
            refuseIfClosed(null); // after remove: a close() that is not seen here does not find the channel any more
            return new SocketTransport(channel);
        } catch (Throwable failure) {
            try {
                channel.close();
            } catch (Throwable second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    @Override
    public void close() {
        closed = true;
        for (SocketChannel channel : connecting) {
            try {
                channel.close();
            } catch (IOException unimportant) {
                // Its own thread sees that this connector is closed, and closes it too.
            }
        }
    }

    private void refuseIfClosed(@Nullable IOException cause) {
        if (closed) {
            throw new IllegalStateException(
                    name + " is closed: no connection to " + Text.endpoint(settings.host, settings.port) + " is opened",
                    cause);
        }
    }

    /** What was tried, for the one exception that tells it all. */
    private final class Attempts {
        private static final int SHOWN = 8;

        final List<IOException> failures = new ArrayList<>();
        int notTried;
        private final List<String> words = new ArrayList<>();
        private boolean onlyTimeouts = true;

        void add(InetAddress address, int millis, IOException failure) {
            boolean late = failure instanceof SocketTimeoutException;
            onlyTimeouts &= late;
            failures.add(failure);
            if (failures.size() <= SHOWN) {
                words.add(address.getHostAddress() + " ("
                        + (late ? "no answer in " + Text.duration(millis) : failure.getMessage()) + ")");
            }
        }

        IOException failure() {
            String tried = failures.isEmpty() ? "nothing" : String.join(", ", words);
            if (failures.size() > SHOWN) {
                tried += " and " + (failures.size() - SHOWN) + " more";
            }
            if (notTried > 0) {
                tried += "; " + notTried + (notTried == 1 ? " address was" : " addresses were")
                        + " not tried, as the openTimeout of " + Text.duration(Text.millis(settings.openNanos))
                        + " was over";
            }
            String message = whole("tried " + tried);
            IOException failure = onlyTimeouts ? new SocketTimeoutException(message) : new ConnectException(message);
            for (IOException one : failures) {
                if (failure.getCause() == null) {
                    failure.initCause(one);
                } else {
                    failure.addSuppressed(one);
                }
            }
            return failure;
        }
    }
}
