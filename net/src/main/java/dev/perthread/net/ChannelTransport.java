package dev.perthread.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/**
 * The part that all transports over a channel share.
 *
 * <p>It remembers the addresses: a channel that was closed under its user does not know them any more.
 */
abstract class ChannelTransport implements Transport {
    private final SocketAddress local;
    private final SocketAddress remote;
    private boolean outputCut; // whether a write was given up in the middle

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
}
