package dev.perthread;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One resource at one moment, for people and monitors.
 *
 * @param id number of the resource in its pool, counted from 1, never used again
 * @param threadName name of the thread it belongs to; empty for an unnamed thread, and for a lent resource whose thread
 *     has ended
 * @param threadId id of that thread; 0 where no thread owns it
 * @param state what it is doing
 * @param openedAt when it was opened, or when opening began while it is {@link State#OPENING}
 * @param leasedSince when the present lease began, {@code null} if there is none. Exact with
 *     tracing, a check, an expiry, {@code warnWhenHeldFor}, {@code timeLeases}, a listener that wants leases, and while
 *     Flight Recorder records leases; otherwise to within a second, because reading a clock would cost more than the
 *     whole acquire
 * @param uses how many leases it has had, the present one included
 * @param acquiredAt the stack of the present lease's {@code acquire}, empty unless tracing is on
 * @param key the key it was opened for, as text of at most 200 characters; empty in a pool without keys
 * @since 0.1
 */
public record ResourceInfo(
        long id,
        String threadName,
        long threadId,
        State state,
        Instant openedAt,
        @Nullable Instant leasedSince,
        long uses,
        List<StackTraceElement> acquiredAt,
        String key) {

    /** What a resource is doing. */
    public enum State {
        /** Its opener runs. */
        OPENING,
        /** A thread is using it. */
        LEASED,
        /** Open, not leased. */
        IDLE,
        /** Its closer runs. */
        CLOSING
    }

    /** Copies the stack, so that the record cannot change. */
    public ResourceInfo {
        acquiredAt = List.copyOf(acquiredAt);
    }
}
