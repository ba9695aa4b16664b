// A thread that waits at the limit.
package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * Granting and giving up both happen under the holder's lock, so a grant is never lost between a thread that gives and
 * one that times out or is interrupted: giving up finds the grant and keeps it.
 */
final class Waiter<T> {
    final Thread thread;

    /**
     * What the thread was given: a slot to open a resource in, or a leased one. Volatile: the thread looks at it without
     * the lock each time it wakes.
     */
    volatile @Nullable Slot<T> granted;

    Waiter(Thread thread) {
        this.thread = thread;
    }
}
