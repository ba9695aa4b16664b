package dev.perthread.net;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A transport over a Unix domain socket.
 *
 * <p>The channel never blocks, and a selector of its own waits for it: Java has no {@code Socket} for Unix sockets, and a
 * channel's own reads cannot time out. The price is two more descriptors a connection.
 */
final class UnixTransport extends ChannelTransport {
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;

    /** Takes over a connected channel in non-blocking mode; if this throws, both are still the caller's to close. */
    UnixTransport(SocketChannel channel, Selector selector) throws IOException {
        super(channel.getLocalAddress(), channel.getRemoteAddress());
        this.channel = channel;
        this.selector = selector;
        this.key = channel.register(selector, 0);
    }

    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into, from, length);
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.inMillis(timeoutMillis);
        while (true) {
            closeIfInterrupted();
            try {
                int read = channel.read(buffer);
                if (read != 0) {
                    return read;
                }
            } catch (IOException failure) {
                throw Transport.asOfASocket(failure);
            }
            if (deadline != null && deadline.isOver()) {
                throw new SocketTimeoutException();
            }
            await(SelectionKey.OP_READ, deadline);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        requireWholeOutput();
        ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.inMillis(timeoutMillis);
        while (true) {
            closeIfInterrupted();
            try {
                channel.write(buffer);
            } catch (IOException failure) {
                throw Transport.asOfASocket(failure);
            }
            if (!buffer.hasRemaining()) {
                return;
            }
            if (deadline != null && deadline.isOver()) {
                throw cutOutput();
            }
            await(SelectionKey.OP_WRITE, deadline);
        }
    }

    private void await(int operation, @Nullable Deadline deadline) throws IOException {
        try {
            key.interestOps(operation);
            if (deadline == null) {
                selector.select();
            } else {
                selector.select(deadline.millis());
            }
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException | CancelledKeyException closed) {
            AsynchronousCloseException clear = new AsynchronousCloseException();
            clear.initCause(closed);
            throw clear;
        }
    }

    @Override
    public void shutdownOutput(int timeoutMillis) throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public boolean isReusable() throws IOException {
        return channel.read(ByteBuffer.allocate(1)) == 0;
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        return Transport.first(type, channel);
    }

    /** The selector after the channel: it frees who waits, and takes the channel off, which only then is really closed. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            selector.close();
        }
    }
}
