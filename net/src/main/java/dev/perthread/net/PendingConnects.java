package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The set of connects that are under way, so that closing can free the threads that wait for them.
 *
 * <p>One per {@link Connector}; a part is a channel or a selector that a thread may be blocked in. A channel is closed. A
 * selector is only woken, and its own thread closes it: closed while that thread registers a channel, it can fail in the
 * middle of closing (a {@code NullPointerException} in {@code AbstractSelectableChannel.removeKey}), with its descriptors
 * left open.
 */
final class PendingConnects {
    private final String refusal;
    private final Set<Closeable> parts = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    PendingConnects(String name, String target) {
        this.refusal = name + " is closed: no connection to " + target + " is opened";
    }

    /**
     * From here to {@link #remove} {@link #close} closes this part, or wakes it if it is a selector: then {@link
     * #refuseIfClosed} must follow each selection. If this throws, the part is still the caller's.
     */
    void add(Closeable part) {
        parts.add(part);
        if (closed) { // read after the part was added: either close() finds it there, or this sees that it came
            parts.remove(part);
            refuseIfClosed(null);
        }
    }

    /** A {@link #close} that is not seen after this does not find the part any more. */
    void remove(Closeable part) {
        parts.remove(part);
    }

    void refuseIfClosed(@Nullable Throwable cause) {
        if (closed) {
            throw new IllegalStateException(refusal, cause);
        }
    }

    /** Closes what was opened for nothing, because of a failure; if that fails too, it is suppressed onto the first. */
    static void close(Closeable part, Throwable because) {
        try {
            part.close();
        } catch (Throwable second) {
            because.addSuppressed(second);
        }
    }

    void close() {
        closed = true;
        for (Closeable part : parts) {
            if (part instanceof Selector selector) {
                selector.wakeup(); // also a selection that has not begun yet
                continue;
            }
            try {
                part.close();
            } catch (IOException unimportant) {
                // Its own thread sees that this is closed, and closes it too.
            }
        }
    }
}
