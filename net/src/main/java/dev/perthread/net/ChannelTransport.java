package dev.perthread.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/**
 * The part that all transports over a channel share.
 *
 * <p>Remembers the addresses: a channel that was closed under its user does not tell them any more.
 */
abstract class ChannelTransport implements Transport {
    private final SocketAddress local;
    private final SocketAddress remote;

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
}
