package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Closes many resources of one pool, on purpose: a thread's own, the idle ones, what is above a lowered limit, all for a
 * suspension or at the end. {@link Retirement} claims them, and their closers run side by side.
 */
final class BulkCloser<T> {
    private final PoolConfig<T, ?> config;
    private final SlotRegistry<T> registry;
    private final ResourceCloser<T> closer;
    private final Upkeep<T> upkeep;
    private final Retirement<T> retirement;

    BulkCloser(PoolConfig<T, ?> config, SlotRegistry<T> registry, ResourceCloser<T> closer, Upkeep<T> upkeep) {
        this.config = config;
        this.registry = registry;
        this.closer = closer;
        this.upkeep = upkeep;
        this.retirement = new Retirement<>(registry);
    }

    boolean releaseOwn() {
        StackProbe.touch();
        List<Throwable> failures = new ArrayList<>();
        List<Slot<T>> claimed = retirement.claimIdleOf(Thread.currentThread(), CloseReason.RELEASED);
        int i = 0;
        try {
            for (; i < claimed.size(); i++) {
                Throwable failure = closer.closeClaimed(claimed.get(i), CloseReason.RELEASED);
                if (failure != null) {
                    failures.add(failure);
                }
            }
        } finally {
            for (i++; i < claimed.size(); i++) { // none, if nothing failed
                claimed.get(i).abandoned = true;
            }
        }
        Failures.rethrowAll(config.shownName, failures);
        return !claimed.isEmpty();
    }

    int evictIdle() {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity); // allocate before commit; so in all that follow
        return closeAll(batch, retirement.claimIdle(CloseReason.EVICTED), CloseReason.EVICTED);
    }

    /** Closes idle ones now and the others at the end of their lease; returns how many in all. */
    int retire(CloseReason why, LongPredicate which) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Retirement.Retired<T> retired = retirement.retire(why, which);
        closeAll(batch, retired.claimed, why);
        return retired.count;
    }

    int refresh() {
        return retire(CloseReason.REFRESHED, id -> true);
    }

    /** The same for one of many pools, whose caller waits for the closers of all. */
    int retire(CloseReason why, LongPredicate which, CloserBatch<T> batch) {
        Retirement.Retired<T> retired = retirement.retire(why, which);
        batch.addAll(closer, retired.claimed, why);
        return retired.count;
    }

    void evictIdle(CloseReason why, CloserBatch<T> batch) {
        batch.addAll(closer, retirement.claimIdle(why), why);
    }

    void setLimit(int limit) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        closeAll(batch, retirement.setLimit(limit), CloseReason.SURPLUS);
    }

    boolean revoke(long id) {
        StackProbe.touch();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Slot<T> slot = retirement.revoke(id, Messages.of(Thread.currentThread()));
        if (slot != null) {
            batch.add(closer, slot, CloseReason.REVOKED);
            batch.await(config.closerNanos);
        }
        return slot != null;
    }

    /** Closes what the caller has claimed, side by side, and waits for it within the bound on closers. */
    private int closeAll(CloserBatch<T> batch, List<Slot<T>> claimed, CloseReason reason) {
        if (!claimed.isEmpty()) {
            batch.addAll(closer, claimed, reason);
            batch.await(config.closerNanos);
        }
        return claimed.size();
    }

    /** Closes what is idle, waits for leases up to the grace, forces what is left, and reports. */
    CloseReport close(long grace) {
        StackProbe.touch();
        long closedBefore = registry.numbers.closedCount();
        long begin = System.nanoTime();
        registry.close();
        wakeWhoAwaitChecks();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        drain(begin, grace, CloseReason.HOLDER_CLOSED, batch);
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
                batch.add(closer, slot, CloseReason.FORCED);
                forced++;
            } else if (slot.claimIdle(CloseReason.HOLDER_CLOSED)) {
                // Released before its owner could see that the pool is closed, and seen only now.
                batch.add(closer, slot, CloseReason.HOLDER_CLOSED);
            }
        }
        return forced;
    }

    CloseReport suspend(long drain) {
        StackProbe.touch();
        long closedBefore = registry.numbers.closedCount();
        long begin = System.nanoTime();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        Retirement.Retired<T> retired = retirement.suspend();
        if (retired == null) {
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        batch.addAll(closer, retired.claimed, CloseReason.SUSPENDED);
        drain(begin, drain, null, batch);
        List<Throwable> failures = batch.await(config.closerNanos);
        return new CloseReport((int) (registry.numbers.closedCount() - closedBefore), 0, failures);
    }

    /** Waits until nothing of others is left, at most until the grace is over. */
    private void drain(long begin, long grace, @Nullable CloseReason idle, CloserBatch<T> batch) {
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
