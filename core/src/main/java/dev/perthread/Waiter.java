package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * A thread that waits at the limit, or for the end of a suspension.
 *
 * <p>Granting and giving up both happen under the registry's lock, so a grant is never lost between a thread that gives and
 * one that times out or is interrupted: giving up finds the grant and keeps it.
 */
final class Waiter<T> implements Admission<T> {

    /**
     * How long those who have a resource may take it again between leases, at most, in nanoseconds: a hand-off at each
     * release would make short leases a hundred times more expensive. Longer waits are not made longer by it. About a
     * scheduler's time slice; with a quarter of it, waking threads takes most of two processors.
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

    long arrival; // its number among all who wait, where there are several queues
    boolean roomIsMade; // a resource of another key is being closed for it; see Waiters
    boolean gaveUp; // a closer that was to be followed by its opener must not grant it anything; guarded by the lock

    /**
     * What the thread was given: a slot to open a resource in, or a leased one. Volatile: the thread looks at it without
     * the lock each time it wakes.
     */
    volatile @Nullable Slot<T> granted;

    Waiter(Thread thread, long now) {
        this.thread = thread;
        this.since = now;
    }

    /** Lock held. Its thread is on its way: until it has the slot in hand the slot is not lost, see {@link Slot#isLost}. */
    void grant(Slot<T> slot) {
        slot.inTransition = true;
        granted = slot;
    }

    /** Whether it has waited for so long that the next resource is to be given to it. */
    boolean mustHandOff(long now) {
        return now - since >= BARGING_WINDOW;
    }
}
