// Everything that closes: one resource, the idle ones, what dead threads left, what has expired, and all at the end.
package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Whoever closes has claimed the slot first, so that every resource is closed once and for one reason. */
final class ResourceCloser<T> {

    private final PerThread.Builder<T, ?> options;
    private final LongSupplier clock;
    private final SlotRegistry<T> slots;
    private final Observer<T> events;
    private final boolean expires;

    ResourceCloser(PerThread.Builder<T, ?> options, SlotRegistry<T> slots, Observer<T> events) {
        this.options = options;
        this.clock = options.clock;
        this.slots = slots;
        this.events = events;
        this.expires = options.idleNanos > 0 || options.ageNanos > 0;
    }

    // ---- one ----

    /** Runs the closer; the caller has claimed the slot. Returns what the closer threw. */
    @Nullable
    Throwable closeClaimed(Slot<T> slot, CloseReason reason) {
        return closeClaimed(slot, reason, null);
    }

    private @Nullable Throwable closeClaimed(Slot<T> slot, CloseReason reason, @Nullable Runnable tellMore) {
        Throwable failure = runCloser(slot, reason);
        // Told first: whoever waits for this place, or for the end of the holder, comes after it for the listener too.
        try {
            events.closed(slot, reason, failure);
            if (tellMore != null) { // not an empty lambda: there may be no memory to link one, and the slot is claimed
                tellMore.run();
            }
        } finally {
            slots.removeClosed(slot, reason, failure != null);
        }
        return failure;
    }

    @Nullable
    Slot<T> replace(Slot<T> slot, CloseReason reason, Thread me) {
        Throwable failure = runCloser(slot, reason);
        try {
            events.closed(slot, reason, failure);
        } catch (Throwable noMemory) {
            slots.removeClosed(slot, reason, failure != null);
            throw noMemory;
        }
        Slot<T> next = slots.replaceClosed(slot, reason, failure != null, me);
        if (next == null) {
            slots.removeClosed(slot, reason, failure != null);
        }
        return next;
    }

    private @Nullable Throwable runCloser(Slot<T> slot, CloseReason reason) {
        slot.closer = Thread.currentThread();
        Jfr.Span recorded = Jfr.closing();
        Throwable failure = null;
        boolean entered = ContextLoader.enter(options.closer, options.opener);
        try {
            options.closer.close(slot.resource());
        } catch (Throwable thrown) {
            restoreInterrupt(thrown);
            failure = thrown;
        }
        ContextLoader.leave(entered);
        Jfr.closed(recorded, slot, reason, failure);
        return failure;
    }

    static void restoreInterrupt(Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
    }

    void rethrow(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw new ResourceCloseException(options.name + ": closing a resource failed: " + failure, failure);
        }
    }

    static void suppress(@Nullable Throwable failure, Throwable primary) {
        if (failure != null && failure != primary) {
            primary.addSuppressed(failure);
        }
    }

    // ---- many ----

    boolean releaseOwn() {
        List<Throwable> failures = new ArrayList<>();
        int closed = closeIdle(slots.slotsOf(Thread.currentThread()), CloseReason.RELEASED, failures);
        rethrowAll(failures);
        return closed > 0;
    }

    int evictIdle() {
        return closeIdle(slots.all(), CloseReason.EVICTED, null);
    }

    private int closeIdle(List<Slot<T>> candidates, CloseReason reason, @Nullable List<Throwable> failures) {
        int closed = 0;
        for (Slot<T> slot : candidates) {
            if (slot.idleToClosing() && slot.claim(reason)) {
                add(failures, closeClaimed(slot, reason));
                closed++;
            }
        }
        return closed;
    }

    private static void add(@Nullable List<Throwable> failures, @Nullable Throwable failure) {
        if (failures != null && failure != null) {
            failures.add(failure);
        }
    }

    void rethrowAll(List<Throwable> failures) {
        if (!failures.isEmpty()) {
            Throwable first = failures.get(0);
            failures.subList(1, failures.size()).forEach(other -> suppress(other, first));
            rethrow(first);
        }
    }

    CloseReport close(long grace) {
        Thread me = Thread.currentThread();
        long begin = System.nanoTime();
        long closedBefore = slots.stats().closed();
        slots.close();
        List<Throwable> failures = new ArrayList<>();
        try {
            do {
                closeIdle(slots.all(), CloseReason.HOLDER_CLOSED, failures);
                reap(failures, Runnable::run, owner -> {});
                // Looks again every few milliseconds even if nobody signals: a release need not have seen us yet.
            } while (slots.awaitGone(me, Math.min(Reaper.QUICK, grace - (System.nanoTime() - begin)))
                    && System.nanoTime() - begin < grace);
        } catch (InterruptedException impatient) {
            me.interrupt(); // somebody wants this thread back: the grace ends here
        }
        closeIdle(slots.all(), CloseReason.HOLDER_CLOSED, failures);
        int forced = 0;
        for (Slot<T> slot : slots.all()) {
            // What is still being opened cannot be forced: its opener's thread closes it as soon as it has it.
            if (slot.state() == Slot.LEASED && slot.claim(CloseReason.FORCED)) {
                add(failures, closeClaimed(slot, CloseReason.FORCED));
                forced++;
            } else if (slot.idleToClosing() && slot.claim(CloseReason.HOLDER_CLOSED)) {
                // Released before its owner could see that the holder is closed, and seen only now.
                add(failures, closeClaimed(slot, CloseReason.HOLDER_CLOSED));
            }
        }
        return new CloseReport((int) (slots.stats().closed() - closedBefore), forced, failures);
    }

    // ---- dead threads and time ----

    int reap() {
        return reap(null, Runnable::run, owner -> {});
    }

    /**
     * @param owners is told each living thread whose end would leave something to reclaim
     */
    private int reap(@Nullable List<Throwable> failures, Consumer<Runnable> executor, Consumer<Thread> owners) {
        int reclaimed = 0;
        for (Slot<T> slot : slots.all()) {
            Thread owner = slot.thread;
            if (owner == null) {
                continue;
            }
            if (owner.isAlive()) {
                if (options.whenIdle != IdlePolicy.LEND || slot.state() == Slot.LEASED) {
                    owners.accept(owner);
                }
            } else if (reclaim(slot, failures, executor)) {
                reclaimed++;
            }
        }
        return reclaimed;
    }

    private boolean reclaim(Slot<T> slot, @Nullable List<Throwable> failures, Consumer<Runnable> executor) {
        // That isAlive() was false happens-after all that the owner did: LEASED now is LEASED for ever.
        boolean leaked = slot.state() == Slot.LEASED;
        if (!leaked && options.whenIdle == IdlePolicy.LEND) {
            slots.detachOwner(slot);
            return false;
        }
        Object recorded = Jfr.reclaiming();
        Runnable tellMore = () -> Jfr.reclaimed(recorded, slot, leaked);
        // Made before the claim: what is claimed, and then not closed, is never closed.
        Runnable task = CloserExecutor.once(() -> {
            slot.closer = Thread.currentThread(); // already now: the listener may close the holder
            try {
                if (leaked) {
                    events.leaked(slot);
                }
            } finally {
                add(failures, closeClaimed(slot, CloseReason.THREAD_ENDED, tellMore));
            }
        });
        boolean ours = leaked || slot.idleToClosing();
        if (!ours || !slot.claim(CloseReason.THREAD_ENDED)) {
            return false;
        }
        executor.accept(task);
        return true;
    }

    private void aside(Runnable task) {
        CloserExecutor.run(this, task);
    }

    /** Whether a dead thread's resource, or one that has expired, is just being closed. */
    boolean isReclaiming() {
        for (Slot<T> slot : slots.all()) {
            CloseReason reason = slot.reason();
            if (reason == CloseReason.THREAD_ENDED
                    || reason == CloseReason.IDLE_TIMEOUT
                    || reason == CloseReason.MAX_AGE) {
                return true;
            }
        }
        return false;
    }

    /** By a thread that found the limit reached: a dead thread's or an expired resource may be in its way. */
    void sweepOnce() {
        reap();
        closeExpired(clock.getAsLong(), Runnable::run);
    }

    private void closeExpired(long now, Consumer<Runnable> executor) {
        if (!expires) {
            return;
        }
        for (Slot<T> slot : slots.all()) {
            CloseReason reason = slot.state() == Slot.IDLE ? expired(slot, now) : null;
            if (reason == null) {
                continue;
            }
            Runnable task = CloserExecutor.once(() -> closeClaimed(slot, reason)); // before the claim, see reclaim()
            // Between the look and the compare-and-set the owner cannot have used it: it would have found it expired.
            if (slot.idleToClosing() && slot.claim(reason)) {
                executor.accept(task);
            }
        }
    }

    /** One round of the reaper; closers run aside, so that one that blocks does not hold up other holders. */
    void sweep(long now, Consumer<Thread> owners) {
        reap(null, this::aside, owners);
        closeExpired(now, this::aside);
    }

    long nextExpiry() {
        long next = Reaper.NO_HURRY;
        if (options.idleNanos > 0) {
            next = options.idleNanos / 4; // late by at most a quarter, within the reaper's bounds
        }
        return options.ageNanos > 0 ? Math.min(next, options.ageNanos / 10) : next;
    }

    /** Pure in {@code now}. Ages differ by up to a tenth, so that what was opened together does not all end together. */
    @Nullable
    CloseReason expired(Slot<T> slot, long now) {
        if (options.ageNanos > 0 && now - slot.openedAt >= options.ageNanos - jitter(slot.id)) {
            return CloseReason.MAX_AGE;
        }
        if (options.idleNanos > 0 && now - slot.idleSince >= options.idleNanos) {
            return CloseReason.IDLE_TIMEOUT;
        }
        return null;
    }

    private long jitter(long id) {
        double share = ((id * 0x9E3779B97F4A7C15L) >>> 40) / (double) (1 << 24);
        return (long) (options.ageNanos * 0.1 * share);
    }
}
