package dev.perthread.net;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import org.jspecify.annotations.Nullable;

/**
 * A transport on a plain {@code java.net.Socket} whose waits end by an interrupt, on platform threads too, as those of a
 * channel do.
 *
 * <p>A {@link SocketTransport} switches its channel to non-blocking and back for each read that can time out, which takes
 * four system calls a read; a plain socket stays as it is. What it cannot do is to look for the end of the stream without
 * waiting, so this is for connections that are not used again.
 */
final class PlainSocketTransport extends AbstractInterruptibleChannel implements Transport {
    private final Socket socket;
    private @Nullable InputStream input;
    private @Nullable WatchedOutput output;
    private int timeoutMillis; // what the socket was told last; zero is what a new one has
    private @Nullable InetSocketAddress remote;
    private volatile @Nullable SocketAddress local;
    private volatile boolean inUse; // whether it is not its user who closes it, who may ask for the address afterwards

    /**
     * Not connected yet.
     *
     * @throws SocketException if there is no descriptor left for it
     */
    PlainSocketTransport() throws SocketException {
        socket = new Socket(Proxy.NO_PROXY); // one without an argument obeys -DsocksProxyHost, which a channel does not
        // Makes its descriptor. Otherwise connect() would, and on Java 17 a close() meanwhile closes nothing, and what
        // connect() makes stays open.
        socket.getSoTimeout();
    }

    /** For its options, before it connects. */
    Socket socket() {
        return socket;
    }

    /**
     * Connects. If this throws, the socket is still the caller's to close.
     *
     * @param nanos the longest wait
     * @throws SocketTimeoutException if there was no answer in time
     */
    void connect(InetSocketAddress to, long nanos) throws IOException {
        Watchdog.Watch watch = Watchdog.watch(this, nanos); // the socket's own timeout takes six system calls more
        try {
            connect(to);
        } catch (IOException failure) {
            throw watch.end() ? failure : Watchdog.late(failure);
        } finally {
            watch.end();
        }
        if (!watch.end()) {
            throw Watchdog.late(null);
        }
    }

    private void connect(InetSocketAddress to) throws IOException {
        boolean completed = false;
        inUse = true;
        try {
            begin();
            socket.connect(to);
            completed = true;
        } finally {
            inUse = false;
            end(completed);
        }
        ConnectFailures.refuseOwn(socket);
        remote = to;
        input = socket.getInputStream();
        output = new WatchedOutput(socket);
    }

    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        if (input == null) {
            throw notConnected();
        }
        if (this.timeoutMillis != timeoutMillis) {
            socket.setSoTimeout(timeoutMillis);
            this.timeoutMillis = timeoutMillis;
        }
        boolean completed = false;
        inUse = true;
        try {
            begin();
            int read = input.read(into, from, length);
            completed = true;
            return read;
        } finally {
            inUse = false;
            end(completed);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        if (output == null) {
            throw notConnected();
        }
        boolean completed = false;
        inUse = true;
        try {
            begin();
            output.write(bytes, from, length, timeoutMillis);
            completed = true;
        } finally {
            inUse = false;
            end(completed);
        }
    }

    private static SocketException notConnected() {
        return new SocketException("Socket is not connected");
    }

    @Override
    public void shutdownOutput(int timeoutMillis) throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public int available() throws IOException {
        return input == null ? 0 : input.available();
    }

    /** Asked for only where somebody wants to know it: it takes two system calls. */
    @Override
    public SocketAddress local() {
        SocketAddress known = local;
        if (known == null) {
            known = socket.getLocalSocketAddress();
            local = known;
        }
        return known;
    }

    @Override
    public SocketAddress remote() {
        return remote == null ? socket.getRemoteSocketAddress() : remote;
    }

    /** A plain socket cannot look without waiting. */
    @Override
    public boolean isReusable() {
        return false;
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        return Transport.first(type, socket);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        if (inUse && socket.isConnected()) {
            local(); // a closed socket does not tell it any more
        }
        socket.close();
    }
}
