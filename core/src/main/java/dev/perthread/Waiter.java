// A thread that waits at the limit.
package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * Granting and giving up both happen under the holder's lock, so a grant is never lost between a thread that gives and
 * one that times out or is interrupted: giving up finds the grant and keeps it.
 */
final class Waiter<T> {

    /**
     * For so long those who have a resource may go on with it between leases, at most, in nanoseconds: handing over at
     * each release would make short leases a hundred times dearer. Longer waits are not made longer by it. About what a
     * scheduler gives a thread before it runs another; with a quarter of it, waking threads takes most of two processors.
     */
    private static final long BARGING_WINDOW = 4_000_000;

    final Thread thread;
    private final long since;

    // The queue's.
    boolean queued;

    @Nullable
    Waiter<T> ahead;

    @Nullable
    Waiter<T> behind;

    boolean joined; // has been in it; the waiter's own thread sets this and reads it

    boolean sweepFirst; // not in the queue: a dead thread's resource is in its way

    /**
     * What the thread was given: a slot to open a resource in, or a leased one. Volatile: the thread looks at it without
     * the lock each time it wakes.
     */
    volatile @Nullable Slot<T> granted;

    Waiter(Thread thread, long now) {
        this.thread = thread;
        this.since = now;
    }

    /** Whether it has waited for so long that the next resource is to be given to it. */
    boolean mustHandOff(long now) {
        return now - since >= BARGING_WINDOW;
    }
}
