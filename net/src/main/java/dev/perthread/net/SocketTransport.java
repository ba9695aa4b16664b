package dev.perthread.net;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A transport over a {@link Socket}.
 *
 * <p>The socket is one that has a channel. All of its work is done through the socket, which can time out; the channel
 * is there for what must not wait: a plain socket cannot look for the end of the stream without waiting at least a
 * millisecond for it, ten times as long as opening a new connection on the same machine takes.
 */
final class SocketTransport extends ChannelTransport {
    private final SocketChannel channel;
    private final Socket socket;
    private final InputStream input;
    private final WatchedOutput output;
    private int timeoutMillis; // what the socket was told last; zero is what a new one has

    /** Takes over a connected channel in blocking mode; if this throws, it is still the caller's to close. */
    SocketTransport(SocketChannel channel) throws IOException {
        super(channel.getLocalAddress(), channel.getRemoteAddress());
        this.channel = channel;
        this.socket = channel.socket();
        this.input = socket.getInputStream();
        this.output = new WatchedOutput(socket);
    }

    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        if (this.timeoutMillis != timeoutMillis) {
            socket.setSoTimeout(timeoutMillis);
            this.timeoutMillis = timeoutMillis;
        }
        try {
            return input.read(into, from, length);
        } catch (IOException failure) {
            throw Transport.asOfASocket(failure);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        try {
            output.write(bytes, from, length, timeoutMillis);
        } catch (IOException failure) {
            throw Transport.asOfASocket(failure);
        }
    }

    @Override
    public void shutdownOutput(int timeoutMillis) throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public int available() throws IOException {
        return input.available();
    }

    @Override
    public boolean isReusable() throws IOException {
        // One byte is enough: whether it is data or the end, the connection is not handed out again.
        return readNow(ByteBuffer.allocate(1)) == 0;
    }

    /** Reads what is there, without waiting. Nobody may be reading or writing meanwhile: it would wait for them. */
    int readNow(ByteBuffer into) throws IOException {
        channel.configureBlocking(false);
        int read = channel.read(into);
        channel.configureBlocking(true);
        return read;
    }

    /** Writes what the system takes, without waiting. Nobody may be reading or writing meanwhile, as above. */
    void writeNow(ByteBuffer bytes) throws IOException {
        channel.configureBlocking(false);
        channel.write(bytes);
        channel.configureBlocking(true);
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        return Transport.first(type, socket, channel);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
