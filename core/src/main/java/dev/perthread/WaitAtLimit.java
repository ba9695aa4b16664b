package dev.perthread;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** How a thread gets a slot when it has none: at once, or by waiting at the limit until its time is over. */
final class WaitAtLimit<T> {
    /** How long an acquire with a shorter timeout still waits for what is just being closed. */
    private static final long RECLAIM_PATIENCE = 100_000_000;

    private final PoolBase<T> pool;
    private final PoolConfig<T, ?> config;
    private final ReaperRegistration registration;
    private final SlotRegistry<T> registry;
    private final Handoff<T> handoff;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final Upkeep<T> upkeep;

    WaitAtLimit(
            PoolConfig<T, ?> config,
            SlotRegistry<T> registry,
            Handoff<T> handoff,
            Observer<T> observer,
            ResourceCloser<T> closer,
            Upkeep<T> upkeep,
            ReaperRegistration registration) {
        this.pool = registry.pool;
        this.config = config;
        this.registry = registry;
        this.handoff = handoff;
        this.observer = observer;
        this.closer = closer;
        this.upkeep = upkeep;
        this.registration = registration;
    }

    /** A slot of the calling thread's: to open a resource in, or with a leased one. */
    Slot<T> admit(Attempt attempt) {
        attempt.admitted = true;
        Admission<T> admission = registry.admit(attempt.me, attempt.waits());
        if (admission instanceof Slot<T> slot) {
            return slot;
        }
        if (admission instanceof Waiter<T> waiter) {
            return await(waiter, attempt, true);
        }
        if (admission == Admission.Refusal.KEY_GONE) {
            throw new Attempt.KeyGoneException(attempt);
        }
        if (admission == Admission.Refusal.CLOSED) {
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        if (admission == Admission.Refusal.QUEUE_FULL) {
            throw new AcquireRefusedException(
                    situation(attempt.me, "was refused, as " + config.maxWaiting + " threads wait already", null));
        }
        throw new Attempt.MustWaitException();
    }

    /**
     * Closes what the calling thread took and found unfit, and gets it another slot in the place of that; null if it must ask
     * for one as before.
     */
    @Nullable
    Slot<T> replace(Slot<T> slot, CloseReason unfit, Attempt attempt) {
        attempt.now(); // it may begin here: the closer runs in its time
        Slot<T> next = null;
        if (!attempt.admitted) {
            next = closer.replaceOwned(slot, unfit, attempt.me); // its own: its own closer
        } else if (!slot.isClaimed()) { // else somebody else closes it
            Slot<T> room = registry.reserveIfRoom(attempt.me);
            if (room == null && attempt.waits()) {
                // Not in the queue: the permit of what is being closed is for this thread.
                Waiter<T> waiter = new Waiter<>(attempt.me, pool.clock.now());
                if (closer.replaceInBackground(slot, unfit, waiter)) {
                    return await(waiter, attempt, false);
                }
            } else {
                closer.closeInBackground(slot, unfit);
                next = room;
            }
        }
        if (registry.isClosed()) {
            if (next != null) {
                registry.removeUnopened(next, null, 0);
            }
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        if (unfit == CloseReason.CHECK_FAILED && attempt.isLate()) {
            if (next != null) {
                registry.removeUnopened(next, null, 0);
            }
            registry.numbers.timedOut();
            throw new AcquireTimeoutException(
                    situation(attempt.me, "got no resource, as its time went into a check that failed", attempt), null);
        }
        return next;
    }

    private Slot<T> await(Waiter<T> waiter, Attempt attempt, boolean sweeps) {
        long begin = attempt.now();
        Object recorded = null;
        try { // at once: every way out of here must pass giveUp, or a signal or a permit is lost with this waiter
            try {
                recorded = Jfr.waiting();
                // And every few milliseconds from now on, for missed releases and dead owners.
                registration.registerAndWake();
                if (sweeps) {
                    upkeep.sweepForPermits(); // a dead thread's permit is found at once
                    sweepOtherKeys();
                    handoff.makeRoom();
                }
                return park(waiter, attempt);
            } finally {
                // It may have been granted a permit after it was signalled for an idle one. The signal is passed on
                // now: the idle one must not wait for nobody, nor for a listener.
                handoff.tryTake(waiter);
                Jfr.waited(recorded, pool, waiter);
                long waited = System.nanoTime() - begin;
                registry.numbers.waitedFor(waited);
                observer.waited(waited);
            }
        } catch (Throwable failure) {
            try {
                if (!registry.queue.giveUp(waiter, false)) {
                    undo(waiter);
                }
            } finally {
                handoff.tryTake(waiter); // it was in the queue until now
            }
            throw failure;
        }
    }

    private void sweepOtherKeys() {
        TotalLimit<T> total = registry.total;
        if (total != null && total.isWaitedFor()) {
            for (PoolBase<T> other : total.holdingPools()) {
                if (other != pool) {
                    other.sweepForPermits();
                }
            }
        }
    }

    private boolean isReclaiming() {
        TotalLimit<T> total = registry.total;
        if (total == null) {
            return upkeep.isReclaiming();
        }
        return total.holdingPools().stream().anyMatch(PoolBase::isReclaiming);
    }

    private Slot<T> park(Waiter<T> waiter, Attempt attempt) {
        // Whoever waits for a moment only may still get the permit of a dead thread or of an expired resource, though
        // that is just being closed by somebody else.
        long patience = attempt.timeout < RECLAIM_PATIENCE && isReclaiming() ? RECLAIM_PATIENCE : attempt.timeout;
        while (true) {
            handoff.tryTake(waiter);
            Slot<T> granted = waiter.granted;
            if (granted != null) {
                return granted;
            }
            if (registry.isClosed()) {
                throw new IllegalStateException(
                        Messages.closed(config.shownName) + "; " + Messages.of(waiter.thread) + " was waiting");
            }
            long left = patience - attempt.elapsed();
            boolean interrupted = Thread.interrupted();
            if (left <= 0 || interrupted) {
                if (interrupted) {
                    waiter.thread.interrupt();
                }
                if (!registry.queue.giveUp(waiter, !interrupted)) {
                    continue; // granted at the last moment, and kept: the next in line must not be passed over
                }
                throw interrupted
                        ? new AcquireInterruptedException(
                                situation(waiter.thread, "was interrupted while it waited", attempt))
                        : new AcquireTimeoutException(situation(waiter.thread, "got no resource", attempt), null);
            }
            LockSupport.parkNanos(this, left);
        }
    }

    /** Granted, but the waiting thread is on its way out with an exception. */
    private void undo(Waiter<T> waiter) {
        Slot<T> granted = waiter.granted;
        if (granted == null) {
            return;
        }
        granted.inTransition = false;
        if (granted.state() == Slot.OPENING) {
            registry.removeUnopened(granted, null, 0);
        } else {
            granted.releasePath = config.releasePath();
            pool.release(granted, true);
        }
    }

    /** The owner's kept resource is being checked in the background: waits until that is over. */
    void awaitCheck(Slot<T> own, Attempt attempt) {
        if (!attempt.waits()) {
            throw new Attempt.MustWaitException();
        }
        own.awaitsCheck = Thread.currentThread(); // before the look at the state, as that is set before this is read
        try {
            while (own.state() == Slot.CHECKING) {
                // Asked after awaitsCheck was set: the thread that closes the pool reads it after it has closed. What
                // is forced under a check stays CHECKING.
                if (registry.isClosed()) {
                    throw new IllegalStateException(Messages.closed(config.shownName) + "; "
                            + Messages.of(Thread.currentThread()) + " was waiting");
                }
                long left = attempt.timeout - attempt.elapsed();
                boolean interrupted = Thread.interrupted();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                    throw new AcquireInterruptedException(situation(
                            Thread.currentThread(), "was interrupted while its resource was checked", attempt));
                }
                if (left <= 0) {
                    registry.numbers.timedOut();
                    throw new AcquireTimeoutException(
                            situation(
                                    Thread.currentThread(), "got no resource: its own is still being checked", attempt),
                            null);
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            own.awaitsCheck = null;
        }
    }

    private String situation(Thread me, String what, @Nullable Attempt attempt) {
        Duration waited = Duration.ofNanos(attempt == null ? 0 : attempt.elapsed());
        return LimitMessages.of(config, registry, me, what, waited);
    }
}
