package dev.perthread;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The registry of one pool: which resources there are, whose they are, how many there may be, and the counters.
 *
 * <p>Everything here is under one lock, which is held for a few dozen instructions and never over user code, I/O or parking.
 * The only way past it is {@link #find}, for a thread that looks up its own slot.
 *
 * <p>A resource holds a permit from before its opener runs until after its closer has run. A permit that becomes free goes
 * to the longest waiter at once, under the same lock, so nobody can overtake it and it cannot be lost.
 */
final class SlotRegistry<T> {
    private final Pool<T, ?> pool;
    private final boolean lends;
    private final boolean alwaysSlow;
    private final int maxWaiting;
    private final @Nullable Runnable onUnused;

    final @Nullable TotalLimit<T> total; // of a pool with keys, of which this is the registry of one; else null

    final ReentrantLock lock; // shared by all keys
    private final Condition resourceRemoved;
    private final Condition becameIdle; // what was opened in the background
    final SlotSurvey<T> survey;
    final RegistryNumbers numbers;

    // Guarded by lock.
    final SlotIndex<T> index = new SlotIndex<>();
    final Waiters<T> waiters = new Waiters<>();
    private final ArrayList<Waiter<T>> replacing = new ArrayList<>(2); // for each a closer runs, and they do not queue
    private Counters counters = new Counters(); // those of all keys, once this one is gone
    private int limit;
    private long lastId;
    private boolean suspended;
    private boolean gone; // this key has nothing and nobody any more; whoever comes needs another registry
    int place = -1; // the total limit's
    boolean isWaitedAt; // the total limit's

    // Written under the lock and read without it. A release that misses the change of mustCheckWaiters is made good:
    // closing looks again until nothing is left, and for waiters the reaper does.
    private volatile boolean closed;
    private volatile boolean slowAcquire; // closed, suspended, or a lease has more to do than to change hands
    private volatile boolean mustCheckWaiters; // somebody waits for resources that become idle
    private volatile boolean registered; // the reaper knows this pool; false may be said too often

    SlotRegistry(Pool<T, ?> pool, PoolConfig<T, ?> config, boolean alwaysSlow) {
        this.pool = pool;
        this.total = config.total;
        this.lock = total == null ? new SpinThenParkLock() : total.lock;
        this.resourceRemoved = total == null ? lock.newCondition() : total.resourceRemoved;
        this.becameIdle = lock.newCondition();
        this.survey = new SlotSurvey<>(this, resourceRemoved, becameIdle);
        this.numbers = new RegistryNumbers(this);
        this.onUnused = config.onUnused;
        this.limit = config.limit;
        this.lends = config.lends();
        this.maxWaiting = config.maxWaiting;
        this.alwaysSlow = alwaysSlow;
        this.slowAcquire = alwaysSlow;
    }

    boolean isClosed() {
        return closed;
    }

    /** Every lease is to take the slow path from now on. */
    void disableFastPath() {
        lock.lock();
        try {
            slowAcquire = true;
            for (Slot<T> slot : index.all()) {
                slot.flag(); // and so is the end of those that are held now
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether a lease may not take the fast path. Never false once {@link #isClosed} is true for the same reader. */
    boolean isSlowAcquire() {
        return slowAcquire;
    }

    boolean mustCheckWaiters() {
        return mustCheckWaiters || isWaitedForByOthers();
    }

    /** Whether somebody waits, perhaps for another key, and what is idle here may make room; without the lock. */
    boolean isWaitedForByOthers() {
        return lends && total != null && total.isWaitedFor();
    }

    Pool<T, ?> pool() {
        return pool;
    }

    /** Lock held. */
    Counters counters() {
        return counters;
    }

    /** The calling thread's latest slot. */
    @Nullable
    Slot<T> find(Thread me) {
        return index.find(me);
    }

    /** What a thread has here, latest first. */
    List<Slot<T>> slotsOf(Thread thread) {
        lock.lock();
        try {
            return index.slotsOf(thread);
        } finally {
            lock.unlock();
        }
    }

    /** Everything there is: a copy, in which a lent resource may be superseded by the time it is looked at. */
    List<Slot<T>> all() {
        lock.lock();
        try {
            return index.copy();
        } finally {
            lock.unlock();
        }
    }

    boolean isPresent(Slot<T> slot) {
        lock.lock();
        try {
            return index.contains(slot);
        } finally {
            lock.unlock();
        }
    }

    int limit() {
        lock.lock();
        try {
            return limit;
        } finally {
            lock.unlock();
        }
    }

    // ---- admission ----

    /**
     * A slot for the calling thread: somebody's idle one, leased now, or a new one to open a resource in; else a place in
     * the queue. Nobody gets a slot while others wait.
     */
    Admission<T> admit(Thread me, boolean mayWait) {
        lock.lock();
        try {
            if (closed || (total != null && total.isClosed())) {
                return Admission.Refusal.CLOSED.forAny();
            }
            if (gone) {
                return Admission.Refusal.KEY_GONE.forAny();
            }
            boolean first = waiters.isEmpty() && !suspended;
            boolean announces = lends && mayWait && !hasRoom();
            if (announces) {
                // Before looking: a release that comes too late to be seen idle must see that somebody waits.
                mustCheckWaiters = true;
                VarHandle.fullFence();
            }
            Slot<T> slot = first ? takeLocked(me) : null;
            Admission<T> admission = slot != null ? slot : enqueue(me, mayWait);
            if (announces) {
                updateWaitersFlag();
            }
            return admission;
        } finally {
            lock.unlock();
        }
    }

    /** A slot to open a resource in, if that needs no waiting and nothing else has to go for it. */
    @Nullable
    Slot<T> reserveIfRoom(Thread me) {
        lock.lock();
        try {
            return closed || suspended || gone || !hasRoom() ? null : reserve(me);
        } finally {
            lock.unlock();
        }
    }

    private Admission<T> enqueue(Thread me, boolean mayWait) {
        if (!mayWait) {
            return Admission.Refusal.MUST_WAIT.forAny();
        }
        if (waiters.size() >= maxWaiting) {
            counters.refused();
            return Admission.Refusal.QUEUE_FULL.forAny();
        }
        Waiter<T> waiter = new Waiter<>(me, pool.now());
        join(waiter);
        return waiter;
    }

    private void join(Waiter<T> waiter) {
        if (total != null) {
            total.include(this); // allocate before commit
            waiter.arrival = total.nextArrival();
        }
        waiters.join(waiter);
        updateWaitersFlag();
    }

    private boolean hasRoom() {
        return roomOfKey() > 0 && (total == null || total.hasRoom());
    }

    /** Lock held. How many more there may be, whatever the limit for all keys is. */
    int roomOfKey() {
        return limit - index.size();
    }

    private @Nullable Slot<T> takeLocked(Thread me) {
        Slot<T> lent = lends ? takeIdle(me) : null;
        if (lent != null) {
            return lent;
        }
        return hasRoom() ? reserve(me) : null;
    }

    @Nullable
    Slot<T> takeIdle(Thread next) {
        for (Slot<T> slot = index.latestIdle(); slot != null; ) {
            Slot<T> after = slot.idleAfter;
            Slot<T> taken = move(slot, next);
            if (taken == null) {
                index.unlist(slot);
                slot.flag();
                // The store of the flag before the load of the state, as its owner stores IDLE before it loads the
                // flag.
                VarHandle.fullFence();
                taken = move(slot, next);
            }
            if (taken != null) {
                return taken;
            }
            slot = after;
        }
        return null;
    }

    private Slot<T> reserve(@Nullable Thread owner) {
        Slot<T> slot = new Slot<>(pool, total == null ? ++lastId : total.nextId(), owner, pool.tick());
        index.makeRoom(); // allocate before commit
        if (total != null) {
            total.include(this);
            total.reserved();
        }
        if (lends) {
            slot.flag(); // its first release lists it
        }
        index.add(slot);
        counters.present(index.size());
        return slot;
    }

    /** Takes an idle one away from its thread, for another or for nobody; null if its last user was faster. */
    @Nullable
    Slot<T> move(Slot<T> from, @Nullable Thread next) {
        if (from.state() != Slot.IDLE || from.isClaimed()) {
            return null;
        }
        Slot<T> to = from.forNext(next);
        index.makeRoom(); // allocate before commit
        if (!from.idleToMoved()) {
            return null;
        }
        to.takeOver(from);
        index.replace(from, to);
        if (next == null) {
            index.list(to);
        }
        return to;
    }

    /** An idle lent resource stays when its thread ends, but must not keep the dead thread in memory. */
    void detachOwner(Slot<T> slot) {
        lock.lock();
        try {
            if (!closed) {
                move(slot, null);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A slot for a background opener, while fewer than {@code most} are there; null if there is no permit for it. */
    @Nullable
    Slot<T> reserveForNobody(int most) {
        lock.lock();
        try {
            if (closed || suspended || gone || !hasRoom() || index.size() >= most) {
                return null;
            }
            Slot<T> slot = reserve(null);
            slot.closer = Thread.currentThread();
            return slot;
        } finally {
            lock.unlock();
        }
    }

    // ---- opened and closed ----

    /** The opener has returned; false if the pool is closed, and then the slot is claimed for that reason. */
    boolean opened(Slot<T> slot, long nanos) {
        Waiter<T> next = null;
        lock.lock();
        try {
            counters.opened(nanos);
            if (closed) {
                // Under the lock, so that nobody counts it as opening and as open at once.
                slot.claim(CloseReason.HOLDER_CLOSED);
                return false;
            }
            if (slot.thread != null) {
                slot.openingToLeased();
            } else {
                slot.closer = null;
                slot.openingToIdle();
                index.list(slot);
                becameIdle.signalAll();
                next = serves() ? waiters.signalNext() : null;
            }
        } finally {
            lock.unlock();
        }
        Handoff.wake(next);
        return true;
    }

    /** The opener has returned what nobody is to have; whether the caller is to close it, and then it is claimed. */
    boolean openedInVain(Slot<T> slot, CloseReason why) {
        lock.lock();
        try {
            if (!slot.claim(why)) { // under the lock, as in opened()
                return false;
            }
            counters.opened(0);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The opener has failed, or was never called. Does nothing the second time.
     *
     * @param failure what it threw, as text, or null if it was never called
     */
    void removeUnopened(Slot<T> slot, @Nullable String failure, long nanos) {
        Waiter<T> next = null;
        lock.lock();
        try {
            if (index.contains(slot)) {
                if (failure != null) {
                    counters.openFailed(nanos, failure);
                }
                remove(slot);
                next = freed();
            }
        } finally {
            lock.unlock();
        }
        Handoff.wake(next);
    }

    /** The closer has run. Does nothing the second time. */
    void removeClosed(Slot<T> slot, CloseReason reason, boolean failed) {
        Waiter<T> next = null;
        lock.lock();
        try {
            if (index.contains(slot)) {
                counters.closed(slot, reason, failed);
                remove(slot);
                next = freed();
            }
        } finally {
            lock.unlock();
        }
        Handoff.wake(next);
    }

    /**
     * The closer has run, and {@code next}, which has just taken that resource and found it unfit, opens another one in its
     * place; null if it must queue for a permit like everybody, or the pool is closed.
     */
    @Nullable
    Slot<T> replaceClosed(Slot<T> slot, CloseReason reason, boolean failed, Thread next) {
        lock.lock();
        try {
            if (closed || suspended || index.size() > limit) {
                return null;
            }
            counters.closed(slot, reason, failed);
            remove(slot);
            return reserve(next);
        } finally {
            lock.unlock();
        }
    }

    /** The same by a thread of the library, for one that waits for it in {@code await} without being in the queue. */
    void replaceClosed(Slot<T> slot, CloseReason reason, boolean failed, Waiter<T> waiter) {
        Waiter<T> next;
        lock.lock();
        try {
            replacing.remove(waiter);
            counters.closed(slot, reason, failed);
            remove(slot);
            if (waiter.gaveUp || closed || suspended || !hasRoom()) {
                if (!waiter.gaveUp && !closed) {
                    join(waiter);
                }
                next = freed();
            } else {
                waiter.grant(reserve(waiter.thread));
                next = waiter;
            }
        } finally {
            lock.unlock();
        }
        Handoff.wake(next);
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

    private void remove(Slot<T> slot) {
        index.remove(slot);
        counters.removed(slot);
        if (total != null) {
            total.removed();
        }
    }

    /** The thread that has just looked this key up has got nothing. */
    void forgetIfUnused() {
        if (total != null) {
            lock.lock();
            try {
                forgetIfUnusedLocked();
            } finally {
                lock.unlock();
            }
        }
    }

    private void forgetIfUnusedLocked() {
        if (total == null || onUnused == null || gone || !index.all().isEmpty() || !waiters.isEmpty()) {
            return;
        }
        if (!closed && pool.isBackingOff()) {
            return; // until the reaper finds that it is over
        }
        try {
            onUnused.run();
        } catch (OutOfMemoryError passing) {
            return; // then it stays, until it is used again
        }
        gone = true;
        counters = total.exclude(this, counters); // what is still to be counted here
    }

    /** A permit has just become free: the longest waiter gets it. */
    private @Nullable Waiter<T> freed() {
        if (closed || suspended) {
            resourceRemoved.signalAll();
            forgetIfUnusedLocked();
            return null;
        }
        if (total != null) {
            Waiter<T> next = total.grantPermit();
            forgetIfUnusedLocked();
            return next;
        }
        return waiters.isEmpty() || index.size() >= limit ? null : grantPermit();
    }

    /** Lock held, and there is room. */
    Waiter<T> grantPermit() {
        Waiter<T> first = waiters.longest();
        grant(first, reserve(first.thread));
        return first;
    }

    void grant(Waiter<T> waiter, Slot<T> slot) {
        waiter.grant(slot);
        leave(waiter);
    }

    void leave(Waiter<T> waiter) {
        waiters.leave(waiter);
        counters.waited(1);
        updateWaitersFlag();
    }

    private void updateWaitersFlag() {
        mustCheckWaiters = lends && !waiters.isEmpty(); // nobody joins or leaves once the pool is closed
        if (total != null) {
            total.waits(this, !waiters.isEmpty());
        }
    }

    /** Lock held: as {@link #serves}, but not if somebody of another key, for whom room is to be made, comes first. */
    boolean servesOwn() {
        return serves() && (total == null || !total.isOtherFirst(this));
    }

    /** Lock held. What has become idle is for who waits for this key; who is to be woken. */
    @Nullable
    Waiter<T> offerToOwn(Slot<T> idle) {
        if (!servesOwn()) {
            return null;
        }
        return waiters.longest().mustHandOff(pool.now()) ? handOver(idle) : waiters.signalNext();
    }

    /** Lock held: whether what becomes idle may go to waiters. */
    boolean serves() {
        return !closed && !suspended && !waiters.isEmpty();
    }

    /** Lock held: gives free permits to waiters, waking each at once: remembering whom to wake would take memory. */
    void grantPermits() {
        while (serves() && hasRoom()) {
            Waiter<T> next = total == null ? grantPermit() : total.grantPermit();
            Handoff.wake(next);
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
                counters.timedOut();
            }
            forgetIfUnusedLocked();
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- the end of a lease ----

    /**
     * The owner of a lent resource that is not listed as idle is done with it. Returns why it must be closed instead, and then
     * it is still leased.
     */
    @Nullable
    CloseReason releaseAndList(Slot<T> slot, int maxIdle) {
        Waiter<T> next = null;
        lock.lock();
        try {
            CloseReason retired = slot.retireFor();
            if (retired != null) {
                return retired;
            }
            if (maxIdle != Integer.MAX_VALUE && waiters.isEmpty() && index.idleListed(slot) >= maxIdle) {
                return CloseReason.SURPLUS;
            }
            slot.unflag();
            slot.leasedToIdle();
            index.list(slot);
            next = offerToOwn(slot);
        } finally {
            lock.unlock();
        }
        Handoff.wake(next);
        return null;
    }

    /** Lock held. The longest waiter gets this idle one; null if its last user was faster. */
    @Nullable
    Waiter<T> handOver(Slot<T> idle) {
        Waiter<T> first = waiters.longest();
        Slot<T> moved = move(idle, first.thread);
        if (moved == null) {
            return null;
        }
        grant(first, moved);
        return first;
    }

    /** Idle lent resources that no list has, because their release missed the flag, are listed; the reaper's job. */
    void listIdle() {
        if (!lends) {
            return;
        }
        lock.lock();
        try {
            for (Slot<T> slot : index.all()) {
                if (!slot.listed && slot.state() == Slot.IDLE && !slot.isClaimed()) {
                    index.list(slot);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- closed ----

    boolean isSuspended() {
        lock.lock();
        try {
            return suspended && !closed;
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. */
    boolean beginSuspension() {
        if (closed) {
            return false;
        }
        slowAcquire = true; // before suspended is acted upon, see isSlowAcquire()
        suspended = true;
        return true;
    }

    void resume() {
        lock.lock();
        try {
            if (suspended && !closed) {
                suspended = false;
                slowAcquire = alwaysSlow || pool.settings().expires();
                grantPermits();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. */
    void changeLimit(int newLimit) {
        limit = newLimit;
    }

    /** From here on nobody gets anything, and those who wait are told. */
    void close() {
        List<Waiter<T>> refused;
        lock.lock();
        try {
            refused = waiters.dismiss(replacing); // first: should there be no memory for it, nothing has happened
            slowAcquire = true; // before closed, see isSlowAcquire()
            closed = true;
            mustCheckWaiters = true;
            counters.waited(refused.size() - replacing.size());
            resourceRemoved.signalAll(); // a suspension ends, too
            if (total != null) {
                total.waits(this, false);
                forgetIfUnusedLocked();
            }
        } finally {
            lock.unlock();
        }
        Handoff.wakeAll(refused);
    }

    // ---- the reaper, and numbers ----

    /** Whether the reaper knows this pool. Then it does for as long as the caller has a slot here, or waits. */
    boolean isRegistered() {
        return registered;
    }

    /** The reaper has been told, by a thread that has a slot here or waits; so it cannot have forgotten it already. */
    void register() {
        registered = true;
    }

    /** Whether the reaper can forget this pool. */
    boolean deregister(boolean needed) {
        lock.lock();
        try {
            // A permit may be free that nobody had the memory to give.
            registered = (needed && !closed) || !index.all().isEmpty() || !waiters.isEmpty();
            return !registered;
        } finally {
            lock.unlock();
        }
    }

    Stats stats() {
        lock.lock();
        try {
            return (gone ? new Counters() : counters).stats(index.all(), waiters.size());
        } finally {
            lock.unlock();
        }
    }
}
