package dev.perthread.net;

import java.io.IOException;

/**
 * A factory of connected transports; one implementation per protocol.
 *
 * <p>Shared by all threads of one {@link LazyConnection}.
 */
interface Connector {
    /**
     * Connects, in the calling thread.
     *
     * @param deadline for all of it
     * @return an open transport
     * @throws IOException if there is no connection; nothing is left open then
     * @throws IllegalStateException if {@link #close} was called, before or meanwhile
     */
    Transport connect(Deadline deadline) throws IOException;

    /** Frees every thread that is connecting, and refuses from now on. Leaves finished connections alone. */
    void close();
}
