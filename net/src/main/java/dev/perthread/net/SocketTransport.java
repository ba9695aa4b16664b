// A transport on a java.net.Socket.
package dev.perthread.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The socket is one that has a channel. All of its work is done through the socket, which can time out; the channel is
 * there for {@link #isQuiet}: a plain socket cannot look for the end of the stream without waiting at least a
 * millisecond for it, ten times as long as opening a new connection on the same machine takes.
 */
final class SocketTransport implements Transport {
    private final SocketChannel channel;
    private final Socket socket;
    private final InputStream input;
    private final OutputStream output;
    private final SocketAddress local;
    private final SocketAddress remote;
    private int timeoutMillis; // what the socket was told last; zero is what a new one has

    /** Takes over a connected channel in blocking mode; if this throws, it is still the caller's to close. */
    SocketTransport(SocketChannel channel) throws IOException {
        this.channel = channel;
        this.socket = channel.socket();
        this.input = socket.getInputStream();
        this.output = socket.getOutputStream();
        this.local = socket.getLocalSocketAddress();
        this.remote = socket.getRemoteSocketAddress();
    }

    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        if (this.timeoutMillis != timeoutMillis) {
            socket.setSoTimeout(timeoutMillis);
            this.timeoutMillis = timeoutMillis;
        }
        return input.read(into, from, length);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        output.write(bytes, from, length);
    }

    @Override
    public int available() throws IOException {
        return input.available();
    }

    @Override
    public SocketAddress local() {
        return local;
    }

    @Override
    public SocketAddress remote() {
        return remote;
    }

    @Override
    public boolean isQuiet() throws IOException {
        channel.configureBlocking(false);
        // One byte is enough: whether it is data or the end, the connection is not handed out again.
        boolean quiet = channel.read(ByteBuffer.allocate(1)) == 0;
        channel.configureBlocking(true);
        return quiet;
    }

    /** What the socket was made with, for tests. */
    String options() throws IOException {
        return "noDelay " + socket.getTcpNoDelay() + ", keepAlive " + socket.getKeepAlive();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
