package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What needs time to pass, for one pool: the reaper's rounds. Reclaims what dead threads left, closes what has expired,
 * checks idle resources, warns of leases held too long, and opens spare ones. User code runs aside, in threads of its own.
 */
final class Upkeep<T> {
    private final PoolBase<T> pool;
    private final PoolConfig<T, ?> config;
    private final LiveSettings settings;
    private final SlotRegistry<T> registry;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final ResourceOpener<T, ?> opener;
    private final Handoff<T> handoff;
    private final SlowRelease<T> releases;

    // The reaper's.
    private volatile long nextSpare; // not before this, after a failure
    private volatile boolean spareFailed;

    Upkeep(
            PoolConfig<T, ?> config,
            LiveSettings settings,
            SlotRegistry<T> registry,
            Observer<T> observer,
            ResourceCloser<T> closer,
            ResourceOpener<T, ?> opener,
            Handoff<T> handoff,
            SlowRelease<T> releases) {
        this.pool = registry.pool;
        this.config = config;
        this.settings = settings;
        this.registry = registry;
        this.observer = observer;
        this.closer = closer;
        this.opener = opener;
        this.handoff = handoff;
        this.releases = releases;
    }

    /** One round of the reaper. */
    void sweep(long now, Consumer<Thread> owners) {
        reclaimAll(null, owners);
        closeRetired(null);
        closeExpired(now);
        if (config.lends()) {
            listIdle();
        }
        if (config.checkEveryNanos > 0) {
            checkIdle(now);
        }
        if (config.warnNanos > 0) {
            warn(now);
        }
        if (config.minIdle > 0) {
            openSpares(now);
        }
    }

    /** Those that the list lacks, because their release missed the flag, and, where it is counted, those it should lack. */
    private void listIdle() {
        for (Slot<T> slot : registry.all()) {
            // Read without the lock, which is then taken for those alone that need it: a copy has just been made under
            // it, so what was unlisted before that is seen to be.
            if (!slot.listed && slot.state() == Slot.IDLE) {
                handoff.listIdle(slot);
            } else if (config.limitsIdle() && slot.listed && slot.state() == Slot.LEASED) {
                handoff.unlistLeased(slot);
            }
        }
    }

    /** Nanoseconds after which the next round is needed. */
    long next() {
        long next = settings.nextExpiry();
        if (config.checkEveryNanos > 0) {
            next = Math.min(next, config.checkEveryNanos / 4);
        }
        if (config.warnNanos > 0) {
            next = Math.min(next, config.warnNanos / 4);
        }
        return config.minIdle > 0 ? Math.min(next, Reaper.STEADY) : next;
    }

    private void inBackground(Runnable task) {
        CloserExecutor.run(config.identity, task);
    }

    // ---- dead threads ----

    /** Closes what dead threads left, side by side, and waits for it within the bound on closers. */
    int reap() {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        reclaim(batch);
        batch.await(config.closerNanos);
        return batch.size();
    }

    void reclaim(CloserBatch<T> batch) {
        reclaimAll(batch, null);
    }

    /** By a thread that found the limit reached: the permit of a dead thread or an expired resource may be in its way. */
    void sweepForPermits() {
        reclaimAll(null, null);
        if (settings.expires()) {
            closeExpired(pool.clock.now());
        }
    }

    /**
     * @param batch whose caller waits for the closers, or null
     * @param owners is told each living thread whose end would leave something to reclaim, or null: no lambda for nobody,
     *     as many virtual threads that wait would link it at once, which pins them to their carriers
     */
    private void reclaimAll(@Nullable CloserBatch<T> batch, @Nullable Consumer<Thread> owners) {
        for (Slot<T> slot : registry.all()) {
            Thread owner = slot.thread;
            if (slot.abandoned) {
                closeAbandoned(slot);
                continue;
            }
            if (owner == null) {
                continue;
            }
            if (!owner.isAlive()) {
                reclaim(slot, batch);
            } else if (owners != null && (!config.lends() || slot.state() != Slot.IDLE)) {
                owners.accept(owner);
            }
        }
    }

    private void reclaim(Slot<T> slot, @Nullable CloserBatch<T> batch) {
        // That isAlive() was false happens-after all that the owner did: LEASED now is LEASED for ever, and so are its
        // plain fields what they are.
        int state = slot.state();
        if (state == Slot.CHECKING) {
            return; // the checking thread gives it back
        }
        if (slot.isClaimed()) {
            if (slot.isClaimedByOwner() && slot.actingThread != Thread.currentThread()) {
                finishForDead(slot);
            }
            return;
        }
        if (state == Slot.OPENING && !slot.isFilled()) {
            registry.removeUnopened(slot, null, 0);
            return;
        }
        boolean lost = state == Slot.OPENING;
        boolean leaked = state == Slot.LEASED && slot.leases > 0;
        if (state == Slot.IDLE && config.lends()) {
            registry.detachOwner(slot);
            return;
        }
        Object recorded = Jfr.reclaiming();
        // Allocate before commit: what is claimed, and then not closed, is never closed.
        Runnable task = batch == null
                ? CloserExecutor.once(() -> closeReclaimed(slot, leaked, recorded))
                : batch.task(slot, () -> closeReclaimed(slot, leaked, recorded));
        boolean ours =
                (leaked || lost || state == Slot.LEASED) ? slot.claim(CloseReason.THREAD_ENDED) : claimIdle(slot);
        if (!ours) {
            return;
        }
        if (lost) {
            registry.numbers.countOpened();
        }
        if (batch == null) {
            inBackground(task);
        } else {
            batch.start(closer, slot, task);
        }
    }

    private void closeAbandoned(Slot<T> slot) {
        CloseReason reason = slot.reason();
        if (reason != null) {
            // Allocate before commit.
            Runnable task = CloserExecutor.once(() -> {
                if (!slot.closerCalled) {
                    closer.closeClaimed(slot, reason);
                }
            });
            slot.abandoned = false;
            inBackground(task);
        }
    }

    private boolean claimIdle(Slot<T> slot) {
        return slot.claimIdle(CloseReason.THREAD_ENDED);
    }

    private @Nullable Throwable closeReclaimed(Slot<T> slot, boolean leaked, @Nullable Object recorded) {
        slot.actingThread = Thread.currentThread(); // already now: the listener may close the pool
        Throwable failure;
        try {
            if (leaked) {
                observer.leaked(slot);
            }
        } finally {
            failure = closer.closeClaimed(slot, CloseReason.THREAD_ENDED, recorded, leaked);
        }
        return failure;
    }

    /** Its owner had claimed it, and died before it could close it: then nobody else ever will. */
    private void finishForDead(Slot<T> slot) {
        Thread by = slot.actingThread;
        if (by == null || by == slot.thread) {
            Runnable task = CloserExecutor.once(() -> closer.finish(slot));
            slot.ownersClaim = false; // once
            inBackground(task);
        }
    }

    /** Whether a dead thread's resource, or one that has expired, is just being closed. */
    boolean isReclaiming() {
        for (Slot<T> slot : registry.all()) {
            CloseReason reason = slot.reason();
            if (reason == CloseReason.THREAD_ENDED
                    || reason == CloseReason.IDLE_TIMEOUT
                    || reason == CloseReason.MAX_AGE
                    || reason == CloseReason.MADE_ROOM) {
                return true;
            }
        }
        return false;
    }

    // ---- expired and retired ----

    private void closeExpired(long now) {
        if (!settings.expires()) {
            return;
        }
        for (Slot<T> slot : registry.all()) {
            CloseReason reason = slot.state() == Slot.IDLE ? settings.expired(slot, now) : null;
            if (reason != null) {
                closeIdle(slot, reason, null);
            }
        }
    }

    /** Closes idle ones whose release did not see that they were to be closed. */
    void closeRetired(@Nullable CloserBatch<T> batch) {
        for (Slot<T> slot : registry.all()) {
            CloseReason reason = slot.isMarked() && slot.state() == Slot.IDLE ? slot.retireFor() : null;
            if (reason != null) {
                closeIdle(slot, reason, batch);
            }
        }
    }

    private void closeIdle(Slot<T> slot, CloseReason reason, @Nullable CloserBatch<T> batch) {
        Runnable task = batch == null // allocate before commit
                ? CloserExecutor.once(() -> closer.closeClaimed(slot, reason))
                : batch.task(slot, () -> closer.closeClaimed(slot, reason));
        // Between the look and the compare-and-set the owner cannot have used it: it would have found the same reason.
        if (!slot.claimIdle(reason)) {
            return;
        }
        unlist(slot);
        if (batch == null) {
            inBackground(task);
        } else {
            batch.start(closer, slot, task);
        }
    }

    /** What has just been claimed does not count as idle, however long its closer takes. */
    private void unlist(Slot<T> slot) {
        if (config.limitsIdle()) {
            handoff.unlist(slot);
        }
    }

    // ---- checks in the background ----

    private void checkIdle(long now) {
        for (Slot<T> slot : registry.all()) {
            if (slot.state() == Slot.IDLE && slot.untouchedFor(now) >= config.checkEveryNanos) {
                Runnable task = CloserExecutor.once(() -> checkClaimed(slot));
                if (slot.idleToChecking()) {
                    inBackground(task);
                }
            }
        }
    }

    private void checkClaimed(Slot<T> slot) {
        slot.actingThread = Thread.currentThread();
        boolean usable = false;
        try {
            usable = opener.isUsable(slot);
        } finally {
            slot.actingThread = null;
            slot.checkedAt = pool.clock.now();
            if (slot.isClaimed()) {
                // By force, and closed under the check; nothing is given back.
            } else if (!usable || registry.isClosed() || slot.retireFor() != null) {
                CloseReason retired = slot.retireFor();
                CloseReason reason = registry.isClosed()
                        ? CloseReason.HOLDER_CLOSED
                        : !usable || retired == null ? CloseReason.CHECK_FAILED : retired;
                slot.checkingToClosing();
                unlist(slot);
                if (slot.claim(reason)) {
                    closer.closeClaimed(slot, reason);
                }
            } else {
                slot.checkingToIdle();
                releases.idleAgain(slot);
            }
            LockSupport.unpark(slot.awaitsCheck);
        }
    }

    // ---- held too long ----

    private void warn(long now) {
        for (Slot<T> slot : registry.all()) {
            Thread owner = slot.thread;
            long since = slot.leasedAt();
            if (owner != null
                    && slot.state() == Slot.LEASED
                    && !slot.isClaimed()
                    && slot.leases > 0 // else no lease has begun: it is checked, or on its way to the next thread
                    && now - since >= config.warnNanos
                    && slot.warnedAt != since) {
                Throwable stack = new Throwable("the stack of " + Messages.of(owner) + " now");
                stack.setStackTrace(owner.getStackTrace());
                // Now: by the time the other thread tells it, the lease may have ended, and the next one have begun.
                ResourceInfo info = pool.info(slot, ResourceInfo.State.LEASED);
                Throwable acquired = slot.trace;
                slot.warnedAt = since; // first: the owner's release looks at it
                registry.numbers.heldTooLong();
                inBackground(CloserExecutor.once(() -> observer.heldTooLong(slot, info, now - since, acquired, stack)));
            }
        }
    }

    // ---- spare ones ----

    private void openSpares(long now) {
        if (config.keyed && !registry.survey.isInUse()) {
            return; // or a key that was used once would have its resources for ever
        }
        if (spareFailed && now - nextSpare < 0) {
            return;
        }
        int missing = config.minIdle - registry.survey.spares(slot -> isPastHeadStart(slot, now));
        for (int i = 0; i < missing; i++) {
            Slot<T> slot = registry.reserveForNobody(Integer.MAX_VALUE);
            if (slot == null) {
                return;
            }
            inBackground(CloserExecutor.once(() -> openSpare(slot)));
        }
    }

    private boolean isPastHeadStart(Slot<T> slot, long now) {
        return settings.ageNanos > 0 && settings.expired(slot, now + settings.headStart()) == CloseReason.MAX_AGE;
    }

    private void openSpare(Slot<T> slot) {
        try {
            slot.actingThread = Thread.currentThread();
            opener.openForNobody(slot);
            spareFailed = false;
        } catch (Throwable failure) {
            nextSpare = pool.clock.now() + Reaper.SPARE_PAUSE;
            spareFailed = true;
            Log.line(Level.DEBUG, () -> pool.name() + ": opening a spare resource failed", failure);
        }
    }
}
