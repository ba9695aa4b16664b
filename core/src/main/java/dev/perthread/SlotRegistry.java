package dev.perthread;

import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
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
    final PoolBase<T> pool;
    private final boolean lends;
    private final boolean alwaysSlow;
    private final @Nullable BooleanSupplier forgetKey;

    final @Nullable TotalLimit<T> total; // of a pool with keys, of which this is the registry of one; else null

    final ReentrantLock lock; // shared by all keys
    private final Condition resourceRemoved;
    private final Condition becameIdle; // what was opened in the background
    final SlotSurvey<T> survey;
    final RegistryNumbers numbers;

    // Guarded by lock.
    final SlotIndex<T> index = new SlotIndex<>();
    final PermitQueue<T> queue;
    private Counters counters; // those of all keys, once this one is gone
    private int limit;
    private long lastId;
    private boolean suspended;
    private boolean gone; // this key has nothing and nobody any more; whoever comes needs another registry
    final RegistryList.@Nullable Place<SlotRegistry<T>> place; // of a pool with keys

    // Written under the lock and read without it.
    private volatile boolean closed;
    private volatile boolean slowAcquire; // closed, suspended, or a lease has more to do than to change hands

    /**
     * @param total what the registries of all keys share, or null
     * @param forgetKey with the lock held, when the key's entry is not needed any more; false if it must stay
     */
    SlotRegistry(
            PoolBase<T> pool,
            PoolConfig<T, ?> config,
            @Nullable TotalLimit<T> total,
            @Nullable BooleanSupplier forgetKey,
            boolean alwaysSlow) {
        this.pool = pool;
        this.total = total;
        this.counters = new Counters(total == null ? null : total.counters());
        this.place = total == null ? null : new RegistryList.Place<>(this);
        this.lock = total == null ? new SpinThenParkLock() : total.lock;
        this.resourceRemoved = total == null ? lock.newCondition() : total.resourceRemoved;
        this.becameIdle = lock.newCondition();
        this.survey = new SlotSurvey<>(this, resourceRemoved, becameIdle);
        this.numbers = new RegistryNumbers(this);
        this.forgetKey = forgetKey;
        this.limit = config.limit;
        this.lends = config.lends();
        this.alwaysSlow = alwaysSlow;
        this.slowAcquire = alwaysSlow;
        this.queue = new PermitQueue<>(this, config, pool.clock);
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
                slot.mark(); // and so is the end of those that are held now
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether a lease may not take the fast path. Never false once {@link #isClosed} is true for the same reader. */
    boolean isSlowAcquire() {
        return slowAcquire;
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
            boolean first = queue.waiters.isEmpty() && !suspended;
            boolean announces = lends && mayWait && !hasRoom();
            if (announces) {
                queue.announce();
            }
            Slot<T> slot = first ? takeLocked(me) : null;
            Admission<T> admission = slot != null ? slot : queue.enqueue(me, mayWait);
            if (announces) {
                queue.updateWaitersFlag();
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

    /** Lock held. */
    boolean hasRoom() {
        return roomOfKey() > 0 && (total == null || total.hasRoom());
    }

    /** Lock held. How many more there may be, whatever the limit for all keys is. */
    int roomOfKey() {
        return limit - index.size();
    }

    private @Nullable Slot<T> takeLocked(Thread me) {
        Slot<T> lent = lends ? index.takeIdle(me) : null;
        if (lent != null) {
            return lent;
        }
        return hasRoom() ? reserve(me) : null;
    }

    /** Lock held, and there is room. */
    Slot<T> reserve(@Nullable Thread owner) {
        Slot<T> slot = prepare(owner);
        if (lends) {
            slot.mark(); // its first release lists it
        }
        index.add(slot);
        if (total != null) {
            total.reserved(this);
        }
        counters.present(index.size());
        return slot;
    }

    /** Lock held. What needs memory, before anything has changed. */
    Slot<T> prepare(@Nullable Thread owner) {
        Slot<T> slot = new Slot<>(pool, total == null ? ++lastId : total.nextId(), owner, pool.clock.tick());
        index.ensureCapacity(); // allocate before commit
        if (total != null) {
            total.include(this);
        }
        return slot;
    }

    /** An idle lent resource stays when its thread ends, but must not keep the dead thread in memory. */
    void detachOwner(Slot<T> slot) {
        lock.lock();
        try {
            if (!closed) {
                index.move(slot, null);
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
            slot.actingThread = Thread.currentThread();
            return slot;
        } finally {
            lock.unlock();
        }
    }

    // ---- opened and closed ----

    /**
     * The opener has returned; false if the pool is closed, and then the slot is for {@link ResourceCloser#closeAndReject}. For a
     * thread of its own it needs no lock: the slot is counted as opened from its state.
     */
    boolean opened(Slot<T> slot, long nanos) {
        slot.openNanos = nanos;
        if (slot.thread == null || closed) {
            return openedLocked(slot);
        }
        slot.openingToLeased();
        // After that store, which is fenced: either this thread sees that the pool is closed, or who closes it sees
        // LEASED, and waits for the end of the lease. As for idleToLeased().
        return !closed;
    }

    private boolean openedLocked(Slot<T> slot) {
        Waiter<T> next = null;
        lock.lock();
        try {
            if (closed) {
                // Under the lock, so that nobody counts it as opening and as open at once.
                slot.claim(CloseReason.HOLDER_CLOSED);
                counters.opened(slot.openNanos);
                return false;
            }
            slot.actingThread = null;
            slot.openingToIdle();
            index.list(slot);
            becameIdle.signalAll();
            next = queue.serves() ? queue.waiters.signalNext() : null;
        } finally {
            lock.unlock();
        }
        Waiters.wake(next);
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
        Waiters.wake(next);
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
        Waiters.wake(next);
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
            Slot<T> another = prepare(next); // allocate before commit
            counters.closed(slot, reason, failed);
            replace(slot, another);
            return another;
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. */
    void remove(Slot<T> slot) {
        index.remove(slot);
        counters.removed(slot);
        if (total != null) {
            total.removed(this, slot);
        }
    }

    /** Lock held. One that is prepared gets the permit and the place of one that is closed; needs no memory. */
    void replace(Slot<T> closedOne, Slot<T> another) {
        if (lends) {
            another.mark(); // as in reserve()
        }
        index.replace(closedOne, another);
        counters.removed(closedOne);
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

    /** Lock held. */
    void forgetIfUnusedLocked() {
        if (total == null || forgetKey == null || gone || !index.all().isEmpty() || !queue.waiters.isEmpty()) {
            return;
        }
        try {
            if (!forgetKey.getAsBoolean()) {
                return;
            }
        } catch (OutOfMemoryError passing) {
            return; // then it stays, until it is used again
        }
        gone = true;
        total.exclude(this);
        counters = total.counters(); // for what is still to be counted here
    }

    /** Lock held. A permit has just become free: the longest waiter gets it, or who waits for the end hears of it. */
    @Nullable
    Waiter<T> freed() {
        Waiter<T> next = null;
        if (isServing()) {
            next = queue.freed();
        } else {
            resourceRemoved.signalAll();
        }
        forgetIfUnusedLocked();
        return next;
    }

    /** Lock held: whether anybody gets anything, neither closed nor suspended. */
    boolean isServing() {
        return !closed && !suspended;
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

    void resume(boolean expires) {
        lock.lock();
        try {
            if (suspended && !closed) {
                suspended = false;
                slowAcquire = alwaysSlow || expires;
                queue.grantPermits();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. */
    void changeLimit(int newLimit) {
        limit = newLimit;
        if (total != null) {
            total.changed(this);
        }
    }

    /** From here on nobody gets anything, and those who wait are told. */
    void close() {
        List<Waiter<T>> refused;
        lock.lock();
        try {
            refused = queue.dismiss(); // first: should there be no memory for it, nothing has happened
            slowAcquire = true; // before closed, see isSlowAcquire()
            closed = true;
            resourceRemoved.signalAll(); // a suspension ends, too
            if (total != null) {
                total.changed(this);
                forgetIfUnusedLocked();
            }
        } finally {
            lock.unlock();
        }
        Waiters.wakeAll(refused);
    }

    Stats stats() {
        Counters now;
        List<Slot<T>> all;
        int waiting;
        lock.lock();
        try {
            now = gone ? new Counters(null) : counters.copy();
            all = index.copy();
            waiting = queue.waiters.size();
        } finally {
            lock.unlock();
        }
        // Without the lock, for which whoever opens or closes would wait while ten thousand slots are looked at. The
        // numbers agree all the same: each slot that was there counts once, by the one state that is read of it.
        return now.stats(all, waiting);
    }
}
