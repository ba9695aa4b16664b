package dev.perthread;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Closes the resources of one pool: one, the idle ones, and all at the end. Whoever closes has claimed the slot first, so
 * that every resource is closed once and for one reason.
 */
final class ResourceCloser<T> {
    private final PoolConfig<T, ?> config;
    private final SlotRegistry<T> registry;
    private final Observer<T> observer;
    private final Retirement<T> retirement;

    ResourceCloser(PoolConfig<T, ?> config, SlotRegistry<T> registry, Observer<T> observer) {
        this.config = config;
        this.registry = registry;
        this.observer = observer;
        this.retirement = new Retirement<>(registry);
    }

    // ---- one ----

    /** Closes an owner's own leased or just opened resource: claims it and runs the closer, if nobody else did. */
    @Nullable
    Throwable closeOwned(Slot<T> slot, CloseReason reason) {
        // Before the claim: if there is no stack left for the rest, the owner's next acquire or its end finds the slot
        // lost and finishes this. It stays true if the claim fails, which may be the owner's own of an earlier call.
        slot.ownersClaim = true;
        if (!slot.claim(reason)) {
            return null;
        }
        slot.busy = true;
        try {
            return closeClaimed(slot, reason);
        } finally {
            slot.busy = false;
        }
    }

    /** Runs the closer; the caller has claimed the slot. Returns what the closer threw. */
    @Nullable
    Throwable closeClaimed(Slot<T> slot, CloseReason reason) {
        return closeClaimed(slot, reason, null, false);
    }

    /**
     * The same for what a dead thread left.
     *
     * @param reclaim the event of Flight Recorder that began with it, if it records
     */
    @Nullable
    Throwable closeClaimed(Slot<T> slot, CloseReason reason, @Nullable Object reclaim, boolean leaked) {
        Throwable failure = runCloser(slot, reason);
        // Told first: whoever waits for this permit, or for the end of the pool, comes after it for the listener too.
        try {
            observer.closed(slot, reason, failure);
            Jfr.reclaimed(reclaim, slot, leaked);
        } finally {
            registry.removeClosed(slot, reason, failure != null);
        }
        return failure;
    }

    /** The same for one that {@code next} took and found unfit, with a slot to open another in; null if it must queue. */
    @Nullable
    Slot<T> replaceOwned(Slot<T> slot, CloseReason reason, Thread next) {
        slot.ownersClaim = true; // see closeOwned
        if (!slot.claim(reason)) {
            return null;
        }
        Throwable failure = runCloser(slot, reason);
        Slot<T> another = null;
        try {
            observer.closed(slot, reason, failure);
            another = registry.replaceClosed(slot, reason, failure != null, next);
        } finally {
            if (another == null) {
                registry.removeClosed(slot, reason, failure != null);
            }
        }
        return another;
    }

    /**
     * The same in a thread of the library: another thread used it last, and nobody's timeout waits for its closer. False if
     * somebody else closes it, and then the waiter gets nothing from here.
     */
    boolean replaceAside(Slot<T> slot, CloseReason reason, Waiter<T> next) {
        Runnable task = CloserExecutor.once(
                () -> { // allocate before commit
                    slot.closer = Thread.currentThread();
                    Throwable failure = runCloser(slot, reason);
                    try {
                        observer.closed(slot, reason, failure);
                    } finally {
                        registry.replaceClosed(slot, reason, failure != null, next);
                    }
                });
        if (!registry.claimForReplacement(slot, reason, next)) {
            return false;
        }
        CloserExecutor.run(config.identity, task);
        return true;
    }

    /** Closes one that the calling thread has leased, in a thread of the library, and does not wait for it. */
    void closeAside(Slot<T> slot, CloseReason reason) {
        Runnable task = CloserExecutor.once(() -> closeClaimed(slot, reason)); // allocate before commit
        if (slot.claim(reason)) {
            CloserExecutor.run(config.identity, task);
        }
    }

    private @Nullable Throwable runCloser(Slot<T> slot, CloseReason reason) {
        slot.closer = Thread.currentThread();
        Jfr.Span recorded = Jfr.closing();
        Throwable failure = null;
        boolean entered = ContextLoader.enter(config.closer, config.userOpener());
        try {
            slot.closerCalled = true;
            config.closer.close(slot.resource());
        } catch (Throwable thrown) {
            restoreInterrupt(thrown);
            failure = thrown;
        }
        ContextLoader.leave(entered);
        Jfr.closed(recorded, slot, reason, failure);
        return failure;
    }

    /** What its owner had claimed and, for lack of stack, could not finish. */
    void finish(Slot<T> lost) {
        CloseReason reason = lost.reason();
        if (reason == null) {
            throw new AssertionError("not claimed");
        }
        lost.busy = true;
        try {
            if (lost.closerCalled) {
                registry.removeClosed(lost, reason, true); // how it ended, nobody knows
            } else {
                closeClaimed(lost, reason);
            }
        } finally {
            lost.busy = false;
        }
    }

    /** What an acquire or release of this thread had to leave as it was, for lack of stack; whether to pass it over. */
    boolean closeIfLost(Slot<T> own) {
        if (own.isClaimed()) {
            if (own.isClaimedByOwner() && own.isLost()) {
                finish(own);
            }
            return true; // its closer runs, perhaps further up this very stack
        }
        int state = own.state();
        if (!own.isLost() || (state != Slot.LEASED && state != Slot.OPENING)) {
            return false;
        }
        if (!own.isFilled()) {
            registry.removeUnopened(own, null, 0);
            return true;
        }
        if (state == Slot.OPENING) {
            registry.numbers.countOpened();
        }
        closeOwned(own, CloseReason.INVALIDATED);
        return true;
    }

    /**
     * Most failures have been dealt with where they came up, and this does nothing then. But memory and stack can run out
     * in any line of ours, and a permit that nobody gives back is lost for ever.
     */
    void releaseAfterFailure(Slot<T> slot, Throwable failure) {
        if (!slot.isFilled()) {
            registry.removeUnopened(slot, null, 0);
            return;
        }
        if (slot.thread == null) {
            // Opened for nobody: once it is idle it is anybody's, and not to be claimed from here.
            if (slot.state() == Slot.OPENING && registry.openedInVain(slot, CloseReason.INVALIDATED)) {
                suppress(closeClaimed(slot, CloseReason.INVALIDATED), failure);
            }
            return;
        }
        int state = slot.state();
        boolean uncounted = state == Slot.OPENING && !slot.isClaimed();
        if (uncounted && !registry.opened(slot, 0)) {
            suppress(closeClaimed(slot, CloseReason.HOLDER_CLOSED), failure);
        } else if (state == Slot.OPENING || state == Slot.LEASED) { // else others may have it by now
            suppress(closeOwned(slot, CloseReason.INVALIDATED), failure);
        }
    }

    /** The pool is closed, and this open slot is not to be handed out any more. */
    IllegalStateException closeAndReject(Slot<T> slot) {
        Throwable failure = slot.reason() == CloseReason.HOLDER_CLOSED && slot.state() == Slot.OPENING
                ? closeClaimed(slot, CloseReason.HOLDER_CLOSED) // first: what needs no memory
                : closeOwned(slot, CloseReason.HOLDER_CLOSED);
        IllegalStateException rejection = new IllegalStateException(Messages.closed(config.shownName));
        suppress(failure, rejection);
        return rejection;
    }

    static void restoreInterrupt(Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
    }

    void rethrow(@Nullable Throwable failure) {
        rethrow(config.shownName, failure);
    }

    private static void rethrow(String pool, @Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof ResourceCloseException stuck) {
            throw stuck;
        }
        if (failure != null) {
            throw new ResourceCloseException(pool + ": closing a resource failed: " + Messages.shown(failure), failure);
        }
    }

    static void suppress(@Nullable Throwable failure, Throwable primary) {
        if (failure != null && failure != primary) {
            primary.addSuppressed(failure);
        }
    }

    void rethrowAll(List<Throwable> failures) {
        rethrowAll(config.shownName, failures);
    }

    static void rethrowAll(String pool, List<Throwable> failures) {
        if (!failures.isEmpty()) {
            Throwable first = failures.get(0);
            failures.subList(1, failures.size()).forEach(other -> suppress(other, first));
            rethrow(pool, first);
        }
    }

    boolean isOpen(Slot<T> slot) {
        return registry.isPresent(slot);
    }

    ResourceCloseException stuck(Slot<T> slot, long nanos) {
        return new ResourceCloseException(
                config.shownName + ": the closer of resource " + slot.id + " has not returned after "
                        + Messages.of(Duration.ofNanos(nanos)) + "; it is left to its own thread",
                null);
    }

    // ---- many ----

    boolean releaseOwn() {
        StackProbe.touch();
        List<Throwable> failures = new ArrayList<>();
        List<Slot<T>> claimed = retirement.claimIdleOf(Thread.currentThread(), CloseReason.RELEASED);
        int i = 0;
        try {
            for (; i < claimed.size(); i++) {
                Throwable failure = closeClaimed(claimed.get(i), CloseReason.RELEASED);
                if (failure != null) {
                    failures.add(failure);
                }
            }
        } finally {
            for (i++; i < claimed.size(); i++) { // none, if nothing failed
                claimed.get(i).abandoned = true;
            }
        }
        rethrowAll(failures);
        return !claimed.isEmpty();
    }

    int evictIdle() {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity); // allocate before commit; so in all that follow
        return closeAside(batch, retirement.claimIdle(CloseReason.EVICTED), CloseReason.EVICTED);
    }

    /** Closes idle ones now and the others at the end of their lease; returns how many in all. */
    int retire(CloseReason why, LongPredicate which) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Retirement.Retired<T> retired = retirement.retire(why, which);
        closeAside(batch, retired.claimed, why);
        return retired.count;
    }

    /** The same for one of many pools, whose caller waits for the closers of all. */
    int retire(CloseReason why, LongPredicate which, CloserBatch<T> batch) {
        Retirement.Retired<T> retired = retirement.retire(why, which);
        batch.addAll(this, retired.claimed, why);
        return retired.count;
    }

    void evictIdle(CloseReason why, CloserBatch<T> batch) {
        batch.addAll(this, retirement.claimIdle(why), why);
    }

    void setLimit(int limit) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        closeAside(batch, retirement.setLimit(limit), CloseReason.SURPLUS);
    }

    boolean revoke(long id, String by) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Slot<T> slot = retirement.revoke(id, by);
        if (slot != null) {
            batch.add(this, slot, CloseReason.REVOKED);
            batch.await(config.closerNanos);
        }
        return slot != null;
    }

    /** Closes what the caller has claimed, side by side, and waits for it within the bound on closers. */
    private int closeAside(CloserBatch<T> batch, List<Slot<T>> claimed, CloseReason reason) {
        if (!claimed.isEmpty()) {
            batch.addAll(this, claimed, reason);
            batch.await(config.closerNanos);
        }
        return claimed.size();
    }

    /** Closes what is idle, waits for leases up to the grace, forces what is left, and reports. */
    CloseReport close(long grace, Upkeep<T> upkeep) {
        StackProbe.touch();
        long closedBefore = registry.numbers.closedCount();
        long begin = System.nanoTime();
        registry.close();
        wakeWhoAwaitChecks();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        drain(begin, grace, CloseReason.HOLDER_CLOSED, batch, upkeep);
        int forced = force(batch);
        List<Throwable> failures = batch.await(config.closerNanos);
        return new CloseReport((int) (registry.numbers.closedCount() - closedBefore), forced, failures);
    }

    /** The owners of what is being checked: a check may hang, and after the grace its resource is closed under it. */
    private void wakeWhoAwaitChecks() {
        if (config.checkEveryNanos > 0) {
            registry.all().forEach(slot -> LockSupport.unpark(slot.awaitsCheck));
        }
    }

    /** Closes what is idle, and under its users what is not. Returns how many were forced. */
    int force(CloserBatch<T> batch) {
        evictIdle(CloseReason.HOLDER_CLOSED, batch);
        int forced = 0;
        for (Slot<T> slot : registry.all()) {
            // What is still being opened cannot be forced: its opener's thread closes it as soon as it has it.
            int state = slot.state();
            if ((state == Slot.LEASED || state == Slot.CHECKING) && slot.claim(CloseReason.FORCED)) {
                batch.add(this, slot, CloseReason.FORCED);
                forced++;
            } else if (slot.claimIdle(CloseReason.HOLDER_CLOSED)) {
                // Released before its owner could see that the pool is closed, and seen only now.
                batch.add(this, slot, CloseReason.HOLDER_CLOSED);
            }
        }
        return forced;
    }

    CloseReport suspend(long drain, Upkeep<T> upkeep) {
        StackProbe.touch();
        long closedBefore = registry.numbers.closedCount();
        long begin = System.nanoTime();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Retirement.Retired<T> retired = retirement.suspend();
        if (retired == null) {
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        batch.addAll(this, retired.claimed, CloseReason.SUSPENDED);
        drain(begin, drain, null, batch, upkeep);
        List<Throwable> failures = batch.await(config.closerNanos);
        return new CloseReport((int) (registry.numbers.closedCount() - closedBefore), 0, failures);
    }

    /** Waits until nothing of others is left, at most until the grace is over. */
    private void drain(long begin, long grace, @Nullable CloseReason idle, CloserBatch<T> batch, Upkeep<T> upkeep) {
        Thread me = Thread.currentThread();
        try {
            do {
                if (idle != null) {
                    evictIdle(idle, batch);
                } else if (!registry.isSuspended()) {
                    return; // resumed, or closed
                } else {
                    upkeep.closeRetired(batch);
                }
                upkeep.reclaim(batch);
                // Looks again every few milliseconds even if nobody signals: a release need not have seen us yet.
            } while (registry.survey.awaitGone(me, Math.min(Reaper.QUICK, grace - (System.nanoTime() - begin)))
                    && System.nanoTime() - begin < grace);
        } catch (InterruptedException impatient) {
            me.interrupt(); // somebody wants this thread back: the grace ends here
        }
    }
}
