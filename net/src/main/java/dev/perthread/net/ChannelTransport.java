package dev.perthread.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The part that all transports over a channel share.
 *
 * <p>It remembers the addresses: a channel that was closed under its user does not know them any more.
 */
abstract class ChannelTransport implements Transport {
    private static final long SHORTEST_PAUSE = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(50);

    private final SocketAddress local;
    private final SocketAddress remote;
    private boolean outputCut; // whether a write was given up in the middle

    @Nullable
    private volatile Thread writer; // the thread that pauses in a write, for close() to wake it

    ChannelTransport(SocketAddress local, SocketAddress remote) {
        this.local = local;
        this.remote = remote;
    }

    @Override
    public final SocketAddress local() {
        return local;
    }

    @Override
    public final SocketAddress remote() {
        return remote;
    }

    /** Most have no way to ask. */
    @Override
    public int available() throws IOException {
        return 0;
    }

    /** As a blocking channel tells it, whose thread was interrupted and which is closed thereby. */
    static ClosedByInterruptException interrupted(@Nullable IOException cause) {
        ClosedByInterruptException clear = new ClosedByInterruptException();
        clear.initCause(cause);
        return clear;
    }

    final void closeIfInterrupted() throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            ClosedByInterruptException failure = interrupted(null);
            PendingConnects.close(this, failure);
            throw failure;
        }
    }

    /** Refuses to send behind half a message. */
    final void requireWholeOutput() throws SocketException {
        if (outputCut) {
            throw new SocketException("nothing more can be sent: an earlier write timed out in the middle");
        }
    }

    /** To be thrown by a write that is given up. */
    final SocketTimeoutException cutOutput() {
        outputCut = true;
        return new SocketTimeoutException();
    }

    /**
     * Writes all of it, on a channel that is in blocking mode and is so again afterwards. Nobody may be reading or writing
     * meanwhile.
     *
     * <p>A blocking write cannot time out, so this one does not block: it tries again at growing distances. A selector
     * would need two descriptors, which may be what the process is short of, and blocks the carrier of a virtual thread.
     */
    final <C extends SelectableChannel & WritableByteChannel> void write(C channel, ByteBuffer bytes, Deadline deadline)
            throws IOException {
        channel.configureBlocking(false);
        Throwable failed = null;
        try {
            long pause = SHORTEST_PAUSE;
            while (true) {
                closeIfInterrupted();
                int written = channel.write(bytes);
                if (!bytes.hasRemaining()) {
                    return;
                }
                if (deadline.isOver()) {
                    throw cutOutput();
                }
                pause = written > 0 ? Math.max(pause / 2, SHORTEST_PAUSE) : Math.min(2 * pause, LONGEST_PAUSE);
                pause(channel, Math.min(pause, deadline.left()));
            }
        } catch (Throwable failure) {
            failed = failure;
            throw failure;
        } finally {
            blockAgain(channel, failed);
        }
    }

    private void pause(SelectableChannel channel, long nanos) {
        writer = Thread.currentThread();
        if (channel.isOpen()) { // read after the thread was named: either close() wakes it, or this sees that it came
            LockSupport.parkNanos(this, nanos);
        }
        writer = null;
    }

    private static void blockAgain(SelectableChannel channel, @Nullable Throwable failed) throws IOException {
        try {
            channel.configureBlocking(true);
        } catch (IOException closed) {
            if (failed == null) {
                throw closed;
            }
        }
    }

    /** To be called after the channel was closed. */
    final void wakeWriter() {
        LockSupport.unpark(writer);
    }
}
