// The books of one holder: which resources there are, whose they are, who waits, and the counters.
package dev.perthread;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Everything here is under one lock, which is held for a few dozen instructions and never over user code, I/O or parking.
 * The only way past it is {@link #find}, for a thread that looks up its own slot.
 *
 * <p>A resource counts towards the limit from before its opener runs until after its closer has run. A place that becomes
 * free goes to the longest waiter at once, under the same lock, so nobody can overtake it and it cannot be lost.
 */
final class SlotRegistry<T> {

    /** What was never larger than this is not made smaller. */
    private static final int SMALL = 64;

    private final Pool<T, ?> pool;
    private final int limit;
    private final boolean lends;

    private final ReentrantLock lock = new SpinThenParkLock();
    private final Condition resourceRemoved = lock.newCondition();

    // Guarded by lock.
    private final ThreadTable<Slot<T>> byThread =
            new ThreadTable<>(); // a thread's latest slot; find() reads it unlocked
    private final ArrayList<Slot<T>> all = new ArrayList<>();
    private int most; // that all held since it was last trimmed
    private final Waiters<T> waiters = new Waiters<>();
    private long lastId;
    private final Counters counters = new Counters();

    // Written under the lock and read without it. A release of a lease that misses the change of attention is made
    // good: closing looks again until nothing is left, and for waiters the reaper does.
    private volatile boolean closed;
    private volatile boolean slowAcquire; // closed, or a lease has more to do than to change hands
    private volatile boolean mustCheckWaiters; // somebody wants to know of resources that become idle
    private volatile boolean registered; // the reaper knows this holder; false may be said too often

    SlotRegistry(Pool<T, ?> pool, int limit, boolean lends) {
        this.pool = pool;
        this.limit = limit;
        this.lends = lends;
    }

    boolean isClosed() {
        return closed;
    }

    /** Every lease is to take the long way from now on. */
    void disableFastPath() {
        slowAcquire = true;
    }

    /** Whether a lease may not take the shortest way. Never false once {@link #isClosed} is true for the same reader. */
    boolean isSlowAcquire() {
        return slowAcquire;
    }

    boolean mustCheckWaiters() {
        return mustCheckWaiters;
    }

    /** The calling thread's latest slot. */
    @Nullable
    Slot<T> find(Thread me) {
        return byThread.entryOf(me);
    }

    /** What the calling thread has here, latest first. */
    List<Slot<T>> slotsOf(Thread me) {
        lock.lock();
        try {
            List<Slot<T>> own = new ArrayList<>();
            for (Slot<T> slot = byThread.entryOf(me); slot != null; slot = slot.nextOfThread) {
                own.add(slot);
            }
            return own;
        } finally {
            lock.unlock();
        }
    }

    /** Everything there is. */
    List<Slot<T>> all() {
        lock.lock();
        try {
            return new ArrayList<>(all);
        } finally {
            lock.unlock();
        }
    }

    /**
     * A slot for the calling thread, if it need not wait: somebody's idle one (leased now), or a new one to open a
     * resource in. Nobody gets one while others wait.
     */
    @Nullable
    Slot<T> take(Thread me) {
        lock.lock();
        try {
            return closed || !waiters.isEmpty() ? null : takeLocked(me);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The same, or a place in the queue. Returns null if the holder is closed.
     *
     * @param swept whether the caller has just looked for what dead threads left
     */
    @Nullable
    Waiter<T> takeOrWait(Thread me, boolean swept) {
        lock.lock();
        try {
            if (closed) {
                return null;
            }
            Waiter<T> waiter = new Waiter<>(me, pool.now());
            if (!swept && isAnyOwnerDead()) {
                waiter.sweepFirst = true;
                return waiter;
            }
            // Before looking: a release that comes too late to be seen idle must see that somebody wants to know.
            mustCheckWaiters |= lends;
            waiter.granted = waiters.isEmpty() ? takeLocked(me) : null;
            if (waiter.granted == null) {
                waiters.join(waiter);
            }
            updateWaitersFlag();
            return waiter;
        } finally {
            lock.unlock();
        }
    }

    private boolean isAnyOwnerDead() {
        for (Slot<T> slot : all) {
            if (slot.thread != null && !slot.thread.isAlive()) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Slot<T> takeLocked(Thread me) {
        Slot<T> lent = lends ? takeIdle(me) : null;
        if (lent != null) {
            return lent;
        }
        return all.size() < limit ? reserve(me) : null;
    }

    private @Nullable Slot<T> takeIdle(Thread next) {
        // Latest first: what was used last is the least likely to have gone stale, and old ones can time out.
        for (int i = all.size() - 1; i >= 0; i--) {
            Slot<T> slot = all.get(i);
            Slot<T> taken = slot.state() == Slot.IDLE ? move(slot, next) : null;
            if (taken != null) {
                return taken;
            }
        }
        return null;
    }

    private Slot<T> reserve(Thread owner) {
        Slot<T> slot = new Slot<>(pool, ++lastId, owner, pool.tick());
        slot.index = all.size();
        byThread.makeRoom(); // what can run out of memory comes first, or the place would be taken by nobody
        all.add(slot);
        most = Math.max(most, all.size());
        push(slot);
        return slot;
    }

    /** Takes an idle one away from its thread, for another or for nobody; null if its last user was faster. */
    private @Nullable Slot<T> move(Slot<T> from, @Nullable Thread next) {
        Slot<T> to = from.forNext(next);
        byThread.makeRoom(); // as is this: from here on nothing may fail, or nobody would ever close the resource
        if (!from.idleToMoved()) {
            return null;
        }
        to.takeOver(from);
        unlink(from);
        to.index = from.index;
        all.set(to.index, to);
        if (next != null) {
            push(to);
        }
        return to;
    }

    private void push(Slot<T> slot) {
        Thread owner = slot.thread;
        if (owner != null) {
            slot.nextOfThread = byThread.entryOf(owner);
            byThread.put(slot);
        }
    }

    private void unlink(Slot<T> slot) {
        Thread owner = slot.thread;
        Slot<T> above = owner == null ? null : byThread.entryOf(owner);
        if (owner == null || above == null) {
            return;
        }
        if (above == slot) {
            Slot<T> nextOfThread = slot.nextOfThread;
            if (nextOfThread == null) {
                byThread.takeOut(owner);
            } else {
                byThread.put(nextOfThread);
            }
            return;
        }
        for (; above != null; above = above.nextOfThread) {
            if (above.nextOfThread == slot) {
                above.nextOfThread = slot.nextOfThread;
                return;
            }
        }
    }

    private void remove(Slot<T> slot) {
        unlink(slot);
        Slot<T> last = all.remove(all.size() - 1);
        if (last != slot) {
            all.set(slot.index, last);
            last.index = slot.index;
        }
        counters.removed(slot);
        if (all.size() < most >> 3 && most > SMALL) {
            most = all.size();
            try {
                all.trimToSize(); // a list never shrinks by itself
            } catch (OutOfMemoryError passing) {
                // then it stays as large as it is
            }
        }
    }

    /** Whether the reaper knows of this holder. Then it does for as long as the caller has a slot here, or waits. */
    boolean isRegistered() {
        return registered;
    }

    /** The reaper has been told, by a thread that has a slot here or waits; so it cannot have forgotten it already. */
    void register() {
        registered = true;
    }

    /** Whether the reaper can forget this holder. */
    boolean deregister() {
        lock.lock();
        try {
            registered = !all.isEmpty() || !waiters.isEmpty(); // a place may be free that nobody had the memory to give
            return !registered;
        } finally {
            lock.unlock();
        }
    }

    /** The opener has returned; false if the holder is closed, and then the slot is claimed for that reason. */
    boolean opened(Slot<T> slot) {
        lock.lock();
        try {
            counters.opened();
            if (closed) {
                // Under the lock, so that nobody counts it as opening and as open at once.
                slot.claim(CloseReason.HOLDER_CLOSED);
                return false;
            }
            slot.openingToLeased();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The opener has failed, or was never called. Does nothing the second time. */
    void removeUnopened(Slot<T> slot, boolean failed) {
        Waiter<T> next = null;
        lock.lock();
        try {
            if (slot.index < all.size() && all.get(slot.index) == slot) {
                if (failed) {
                    counters.openFailed();
                }
                remove(slot);
                next = freed();
            }
        } finally {
            lock.unlock();
        }
        wake(next);
    }

    /** The closer has run. */
    void removeClosed(Slot<T> slot, CloseReason reason, boolean failed) {
        Waiter<T> next;
        lock.lock();
        try {
            counters.closed(slot, reason, failed);
            remove(slot);
            next = freed();
        } finally {
            lock.unlock();
        }
        wake(next);
    }

    /** The closer has run, and the calling thread, its owner, opens another one in its place. Null if closed. */
    @Nullable
    Slot<T> replaceClosed(Slot<T> slot, CloseReason reason, boolean failed, Thread me) {
        lock.lock();
        try {
            if (closed) {
                return null;
            }
            counters.closed(slot, reason, failed);
            remove(slot);
            return reserve(me);
        } finally {
            lock.unlock();
        }
    }

    /** A place has just become free: the longest waiter gets it. */
    private @Nullable Waiter<T> freed() {
        if (closed) {
            resourceRemoved.signalAll();
            return null;
        }
        return waiters.isEmpty() ? null : grantPlace();
    }

    private Waiter<T> grantPlace() {
        Waiter<T> first = waiters.longest();
        grant(first, reserve(first.thread));
        return first;
    }

    private void grant(Waiter<T> waiter, Slot<T> slot) {
        waiter.granted = slot;
        leave(waiter);
    }

    private void leave(Waiter<T> waiter) {
        waiters.leave(waiter);
        counters.waited(1);
        updateWaitersFlag();
    }

    private void updateWaitersFlag() {
        mustCheckWaiters = lends && !waiters.isEmpty(); // nobody joins or leaves once the holder is closed
    }

    /**
     * A lent resource has become idle while others wait. The longest waiter is woken to take it, or whatever is idle when
     * it comes; until then its last user may take it back, any number of times. So a resource does not lie idle for as
     * long as it takes to wake a thread, which is a thousand times a short lease. A waiter that is due is given it at
     * once: a virtual thread that was woken may never come while the carriers are busy with those who keep taking turns.
     */
    void offer(Slot<T> idle) {
        // The store of IDLE before the load of who is coming, as that one says that it has come before it loads IDLE;
        // neither is fenced by itself. So it sees this resource, or this thread sees that nobody is coming. Without the
        // fence both could miss the other, and the resource would lie idle until the reaper's next round.
        VarHandle.fullFence();
        if (waiters.hasSignalled() && !waiters.mustHandOffNext(pool.now())) {
            return; // without the lock, for which else all who take turns would queue
        }
        Waiter<T> next = null;
        lock.lock();
        try {
            if (!closed && !waiters.isEmpty()) {
                next = waiters.longest().mustHandOff(pool.now()) ? handOver(idle) : waiters.signalNext();
            }
        } finally {
            lock.unlock();
        }
        wake(next);
    }

    private @Nullable Waiter<T> handOver(Slot<T> idle) {
        Waiter<T> first = waiters.longest();
        Slot<T> moved = move(idle, first.thread);
        if (moved == null) {
            return null;
        }
        grant(first, moved);
        return first;
    }

    /** By a thread that waits or has waited: if it was woken to look for what is idle, it does, or has another one do so. */
    void tryTake(Waiter<T> waiter) {
        if (!waiters.isSignalled(waiter)) {
            return;
        }
        Waiter<T> next;
        lock.lock();
        try {
            waiters.clearSignal();
            VarHandle.fullFence(); // see offer()
            Slot<T> idle = waiters.contains(waiter) ? takeIdle(waiter.thread) : null;
            if (idle != null) {
                grant(waiter, idle);
            }
            next = propagateSignal();
        } finally {
            lock.unlock();
        }
        wake(next);
    }

    /** What became idle while somebody was on its way to look was offered to nobody else. */
    private @Nullable Waiter<T> propagateSignal() {
        if (!closed && !waiters.isEmpty()) {
            for (Slot<T> slot : all) {
                if (slot.state() == Slot.IDLE) {
                    return waiters.signalNext();
                }
            }
        }
        return null;
    }

    /**
     * Gives waiters the idle lent resources that a release has missed, and the places that nobody had the memory to give;
     * the reaper's job. Whether anybody still waits.
     */
    boolean serveWaiters() {
        lock.lock();
        try {
            for (int i = 0; lends && i < all.size() && !waiters.isEmpty(); i++) {
                Slot<T> slot = all.get(i);
                if (slot.state() == Slot.IDLE) {
                    wake(handOver(
                            slot)); // at once: to remember whom to wake takes memory, which may be what was wanting
                }
            }
            while (!waiters.isEmpty() && all.size() < limit) {
                wake(grantPlace());
            }
            return !waiters.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** An idle lent resource stays when its thread ends, but must not keep the dead thread in memory. */
    void detachOwner(Slot<T> slot) {
        lock.lock();
        try {
            if (!closed && slot.state() == Slot.IDLE) {
                move(slot, null);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Leaves the queue; false if the waiter has been granted something. */
    boolean giveUp(Waiter<T> waiter, boolean timedOut) {
        lock.lock();
        try {
            if (waiter.granted != null) {
                return false;
            }
            if (waiters.contains(waiter)) { // close() takes all out
                leave(waiter);
            }
            if (timedOut) {
                counters.timedOut();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** From here on nobody gets anything, and those who wait are told. */
    void close() {
        List<Waiter<T>> refused;
        lock.lock();
        try {
            refused = waiters.dismiss(); // first: should there be no memory for it, nothing has happened
            slowAcquire = true; // before closed, see isWatchful()
            closed = true;
            mustCheckWaiters = true;
            counters.waited(refused.size());
        } finally {
            lock.unlock();
        }
        wakeAll(refused);
    }

    /**
     * Waits until some resource is gone, at most so long. Returns false at once if nothing is left but what the calling
     * thread itself leases, opens or is just closing: waiting for oneself would never end.
     */
    boolean awaitGone(Thread me, long nanos) throws InterruptedException {
        lock.lock();
        try {
            for (Slot<T> slot : all) {
                if (slot.thread != me && slot.closer != me) {
                    resourceRemoved.await(nanos, TimeUnit.NANOSECONDS);
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** By index: for an iterator or a lambda there may be no memory, and all must be woken. */
    private static void wakeAll(List<? extends Waiter<?>> waiters) {
        for (int i = 0; i < waiters.size(); i++) {
            wake(waiters.get(i));
        }
    }

    private static void wake(@Nullable Waiter<?> waiter) {
        if (waiter != null) {
            LockSupport.unpark(waiter.thread);
        }
    }

    Stats stats() {
        lock.lock();
        try {
            return counters.stats(all, waiters.size());
        } finally {
            lock.unlock();
        }
    }
}
