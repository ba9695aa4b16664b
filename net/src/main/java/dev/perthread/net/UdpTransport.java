package dev.perthread.net;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A transport over a datagram socket: what is written at once is one datagram, and so is what is read at once.
 *
 * <p>It reads through the channel's socket, which can time out.
 */
final class UdpTransport extends ChannelTransport {
    private static final int LARGEST = 65_535;
    private static final long SHORTEST_PAUSE = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(50);

    private final DatagramChannel channel;
    private final DatagramSocket socket;
    private volatile @Nullable Thread writer; // the thread that pauses in a write, for close() to wake it
    private byte @Nullable [] received; // room for any datagram, so that one that is too long is known to be

    /** Takes over a connected channel in blocking mode; if this throws, it is still the caller's to close. */
    UdpTransport(DatagramChannel channel) throws IOException {
        super(channel.getLocalAddress(), channel.getRemoteAddress());
        this.channel = channel;
        this.socket = channel.socket();
    }

    /** One datagram; an empty one is zero bytes. There is no end. */
    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        if (received == null) {
            received = new byte[LARGEST];
        }
        DatagramPacket datagram = new DatagramPacket(received, LARGEST);
        try {
            socket.setSoTimeout(timeoutMillis);
            socket.receive(datagram);
        } catch (SocketTimeoutException late) {
            throw late;
        } catch (IOException failure) {
            // The socket tells an interrupt by words only.
            throw Thread.currentThread().isInterrupted() && !channel.isOpen() ? interrupted(failure) : failure;
        }
        int got = datagram.getLength();
        if (got > length) {
            throw new IOException("a datagram of " + got + " bytes came, and only " + length
                    + " were asked for; the rest of it would be lost");
        }
        System.arraycopy(received, 0, into, from, got);
        return got;
    }

    @Override
    public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        if (length == 0) { // the Java runtime drops it, and says nothing
            throw new UnsupportedOperationException("a datagram must have one byte or more, but was empty");
        }
        if (length > LARGEST) { // the system refuses it too, but not before all of it was copied, and that copy kept
            throw new IOException(
                    "a datagram of " + length + " bytes cannot be sent; " + LARGEST + " is more than any");
        }
        ByteBuffer datagram = ByteBuffer.wrap(bytes, from, length);
        if (timeoutMillis == 0) {
            channel.write(datagram);
        } else {
            write(datagram, Deadline.inMillis(timeoutMillis));
        }
    }

    /**
     * A blocking write cannot time out, so this one does not block: it tries again at growing distances. A selector would
     * need two descriptors, which may be what the process is short of, and blocks the carrier of a virtual thread. Nobody
     * may be reading or writing meanwhile.
     */
    private void write(ByteBuffer datagram, Deadline deadline) throws IOException {
        channel.configureBlocking(false);
        Throwable failed = null;
        try {
            long pause = SHORTEST_PAUSE;
            while (true) {
                closeIfInterrupted();
                channel.write(datagram);
                if (!datagram.hasRemaining()) {
                    return;
                }
                if (deadline.isOver()) {
                    throw new SocketTimeoutException();
                }
                pause = Math.min(2 * pause, LONGEST_PAUSE);
                pause(Math.min(pause, deadline.left()));
            }
        } catch (Throwable failure) {
            failed = failure;
            throw failure;
        } finally {
            blockAgain(failed);
        }
    }

    private void pause(long nanos) {
        writer = Thread.currentThread();
        if (channel.isOpen()) { // read after the thread was named: either close() wakes it, or this sees that it came
            LockSupport.parkNanos(this, nanos);
        }
        writer = null;
    }

    private void blockAgain(@Nullable Throwable failed) throws IOException {
        try {
            channel.configureBlocking(true);
        } catch (IOException closed) {
            if (failed == null) {
                throw closed;
            }
        }
    }

    @Override
    public boolean isStream() {
        return false;
    }

    @Override
    public void shutdownOutput(int timeoutMillis) {
        throw new UnsupportedOperationException("a datagram socket has no end to send");
    }

    @Override
    public boolean isReusable() throws IOException {
        channel.configureBlocking(false);
        boolean reusable = channel.receive(ByteBuffer.allocate(1)) == null;
        channel.configureBlocking(true);
        return reusable;
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        return Transport.first(type, channel, socket);
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            LockSupport.unpark(writer);
        }
    }
}
