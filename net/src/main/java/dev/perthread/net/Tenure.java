package dev.perthread.net;

import dev.perthread.ResourceCloseException;

/**
 * The right of one thread to use a transport, until it ends: a user's lease, or the time of a check or reset.
 *
 * <p>All methods but {@link #close} throw {@link IllegalStateException} if another thread calls, or if it has ended.
 */
interface Tenure {
    Transport get();

    /** Declares that the last use ended well. */
    void done();

    /** The transport must not be used again. */
    void invalidate();

    /** Ends it. The second call does nothing. */
    void close() throws ResourceCloseException;
}
