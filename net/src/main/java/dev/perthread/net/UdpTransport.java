package dev.perthread.net;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import org.jspecify.annotations.Nullable;

/**
 * A transport over a datagram socket: what is written at once is one datagram, and so is what is read at once.
 *
 * <p>It reads through the channel's socket, which can time out.
 */
final class UdpTransport extends ChannelTransport {
    private static final int LARGEST = 65_535;

    private final DatagramChannel channel;
    private final DatagramSocket socket;
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
            write(channel, datagram, Deadline.inMillis(timeoutMillis));
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
            wakeWriter();
        }
    }
}
