package dev.perthread;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for a permit, or for an idle lent resource, of one {@link SlotRegistry}, and who gets the next: under that one's
 * lock, which the caller holds unless it is said otherwise.
 */
final class PermitQueue<T> {
    private final SlotRegistry<T> registry;
    private final SlotIndex<T> index;
    private final @Nullable TotalLimit<T> total;
    private final @Nullable TotalLimit<T> lendsTo; // for whose other keys what is idle here may make room
    private final ReentrantLock lock; // the registry's
    private final CoarseClock clock;
    private final boolean lends;
    private final int maxWaiting;

    final Waiters<T> waiters = new Waiters<>();
    private final ArrayList<Waiter<T>> replacing = new ArrayList<>(2); // for each a closer runs, and they do not queue

    // Written under the lock and read without it. A release that misses the change is made good: closing looks again
    // until nothing is left, and for waiters the reaper does.
    private volatile boolean mustCheckWaiters; // somebody waits for resources that become idle

    PermitQueue(SlotRegistry<T> registry, PoolConfig<T, ?> config, CoarseClock clock) {
        this.registry = registry;
        this.index = registry.index;
        this.total = registry.total;
        this.lendsTo = config.ordersIdle() ? registry.total : null;
        this.lock = registry.lock;
        this.clock = clock;
        this.lends = config.lends();
        this.maxWaiting = config.maxWaiting;
    }

    /** Without the lock: whether somebody waits for what becomes idle here, or the pool is closed. */
    boolean mustCheckWaiters() {
        return mustCheckWaiters;
    }

    /** Without the lock: whether somebody waits, perhaps for another key, and what is idle here may make room. */
    boolean isWaitedForByOthers() {
        return lendsTo != null && lendsTo.isWaitedFor();
    }

    // ---- joining ----

    /** Before looking for what is idle: a release that comes too late to be seen idle must see that somebody waits. */
    void announce() {
        mustCheckWaiters = true;
        VarHandle.fullFence();
    }

    Admission<T> enqueue(Thread me, boolean mayWait) {
        if (!mayWait) {
            return Admission.Refusal.MUST_WAIT.forAny();
        }
        if (waiters.size() >= maxWaiting) {
            registry.counters().refused();
            return Admission.Refusal.QUEUE_FULL.forAny();
        }
        Waiter<T> waiter = new Waiter<>(me, clock.now());
        join(waiter);
        return waiter;
    }

    private void join(Waiter<T> waiter) {
        if (total != null) {
            total.include(registry); // allocate before commit
            waiter.arrival = total.nextArrival();
        }
        waiters.join(waiter);
        updateWaitersFlag();
    }

    /** A permit has just become free: the longest waiter gets it. */
    @Nullable
    Waiter<T> freed() {
        if (total != null) {
            return total.grantPermit();
        }
        return waiters.isEmpty() || !registry.hasRoom() ? null : grantPermit();
    }

    /** There is room. */
    Waiter<T> grantPermit() {
        Waiter<T> first = waiters.longest();
        grant(first, registry.reserve(first.thread));
        return first;
    }

    void grant(Waiter<T> waiter, Slot<T> slot) {
        waiter.grant(slot);
        leave(waiter);
    }

    void leave(Waiter<T> waiter) {
        waiters.leave(waiter);
        registry.counters().waited(1);
        updateWaitersFlag();
    }

    void updateWaitersFlag() {
        mustCheckWaiters = lends && !waiters.isEmpty(); // nobody joins or leaves once the pool is closed
        if (total != null) {
            total.changed(registry);
        }
    }

    /** As {@link #serves}, but not if somebody of another key, for whom room is to be made, comes first. */
    boolean servesOwn() {
        return serves() && (total == null || !total.isOtherFirst(registry));
    }

    /** What has become idle is for who waits for this key; who is to be woken. */
    @Nullable
    Waiter<T> offerToOwn(Slot<T> idle) {
        if (!servesOwn()) {
            return null;
        }
        return waiters.longest().mustHandOff(clock.now()) ? handOver(idle) : waiters.signalNext();
    }

    /** Whether what becomes idle may go to waiters. */
    boolean serves() {
        return registry.isServing() && !waiters.isEmpty();
    }

    /** Gives free permits to waiters, waking each at once: remembering whom to wake would take memory. */
    void grantPermits() {
        while (serves() && registry.hasRoom()) {
            Waiters.wake(total == null ? grantPermit() : total.grantPermit());
        }
    }

    /** Leaves the queue; false if the waiter has been granted something. */
    boolean giveUp(Waiter<T> waiter, boolean timedOut) {
        lock.lock();
        try {
            replacing.remove(waiter);
            if (waiter.granted != null) {
                return false;
            }
            waiter.gaveUp = true;
            if (waiters.contains(waiter)) { // close() takes all out
                leave(waiter);
            }
            if (timedOut) {
                registry.counters().timedOut();
            }
            registry.forgetIfUnusedLocked();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The longest waiter gets this idle one; null if its last user was faster. */
    @Nullable
    Waiter<T> handOver(Slot<T> idle) {
        Waiter<T> first = waiters.longest();
        Slot<T> moved = index.move(idle, first.thread);
        if (moved == null) {
            return null;
        }
        grant(first, moved);
        return first;
    }

    /**
     * Takes a closed slot out of the books and gives its permit to the thread that found it unfit, which waits for it without
     * being in the queue; by a thread of the library.
     */
    void replaceClosed(Slot<T> slot, CloseReason reason, boolean failed, Waiter<T> waiter) {
        Waiter<T> next;
        lock.lock();
        try {
            Slot<T> another = prepare(waiter.thread);
            replacing.remove(waiter);
            registry.counters().closed(slot, reason, failed);
            if (another == null || waiter.gaveUp || !registry.isServing() || registry.roomOfKey() < 0) {
                registry.remove(slot);
                if (!waiter.gaveUp && !registry.isClosed()) {
                    join(waiter);
                }
                next = registry.freed();
            } else {
                registry.replace(slot, another);
                waiter.grant(another);
                next = waiter;
            }
        } finally {
            lock.unlock();
        }
        Waiters.wake(next);
    }

    /** Null if there is no memory for it now: then the waiter queues like everybody, which needs none. */
    private @Nullable Slot<T> prepare(Thread owner) {
        try {
            return registry.prepare(owner);
        } catch (OutOfMemoryError passing) {
            return null;
        }
    }

    /** Claims what this thread is to have the permit of; false if somebody else did, and then it gets nothing from that. */
    boolean claimForReplacement(Slot<T> slot, CloseReason reason, Waiter<T> waiter) {
        lock.lock();
        try {
            replacing.ensureCapacity(replacing.size() + 1); // allocate before commit
            return slot.claim(reason) && replacing.add(waiter);
        } finally {
            lock.unlock();
        }
    }

    /** Nobody waits any more, and what is released need not look for waiters but for the pool's end. Returns who did. */
    List<Waiter<T>> dismiss() {
        List<Waiter<T>> dismissed =
                waiters.dismiss(replacing); // first: should there be no memory for it, nothing has happened
        mustCheckWaiters = true;
        registry.counters().waited(dismissed.size() - replacing.size());
        return dismissed;
    }
}
