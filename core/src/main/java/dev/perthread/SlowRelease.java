package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The slow path of a release: the end of a lease where there is more to do than to store IDLE. Closes the resource or gives
 * it back, and then offers it to whoever waits.
 */
final class SlowRelease<T> {

    /** How many leases must end without done(), and none be reused, before the log says so. */
    private static final int NOT_DONE_BEFORE_WARNING = 10;

    private final PoolConfig<T, ?> config;
    private final LiveSettings settings;
    private final CoarseClock clock;
    private final SlotRegistry<T> registry;
    private final PermitQueue<T> queue;
    private final Handoff<T> handoff;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final boolean reusesNotDone;
    private final byte releasePath;
    private final boolean stampsIdle; // somebody wants to know since when a resource is idle
    private final boolean timesLeases;

    SlowRelease(
            PoolConfig<T, ?> config,
            LiveSettings settings,
            SlotRegistry<T> registry,
            Handoff<T> handoff,
            Observer<T> observer,
            ResourceCloser<T> closer) {
        this.config = config;
        this.settings = settings;
        this.clock = registry.pool.clock;
        this.registry = registry;
        this.queue = registry.queue;
        this.handoff = handoff;
        this.observer = observer;
        this.closer = closer;
        this.reusesNotDone = config.reusesNotDone();
        this.releasePath = config.releasePath();
        this.stampsIdle = config.ordersIdle() || config.checkEveryNanos > 0 || config.checkAfterNanos > 0;
        this.timesLeases = config.timeLeases || observer.tellsLeases();
    }

    /** By the owner, as {@link PoolBase#release}. */
    @Nullable
    Throwable release(Slot<T> slot, boolean done) {
        StackProbe.touch(); // if there is none, the slot is lost, until this thread's next acquire
        if (!done) {
            slot.notDone = true;
        }
        // Shared; or nested in the check or the reset of this very slot: then the acquire or release further up the
        // stack goes on with it, and were it given back here, another thread could take it meanwhile.
        if (slot.leases > 0 || slot.inTransition) {
            if (!slot.isClaimed()) {
                observer.released(slot);
            }
            return null;
        }
        slot.inTransition = true;
        try {
            return endLease(slot);
        } catch (Throwable failure) {
            slot.inTransition = false;
            // Still LEASED, so still ours: the lease has ended, nobody else will ever give the permit back.
            if (slot.state() == Slot.LEASED) {
                Failures.suppress(closer.closeOwned(slot, CloseReason.INVALIDATED), failure);
            }
            throw failure;
        }
    }

    private @Nullable Throwable endLease(Slot<T> slot) {
        Jfr.leaseEnds(slot);
        boolean stamps = stampsIdle || timesLeases || config.warnNanos > 0 || settings.expires();
        long now = stamps ? clock.now() : 0;
        if (slot.warnedAt == slot.leasedAt() && config.warnNanos > 0) {
            observer.cameBack(slot);
        }
        if (timesLeases) {
            registry.numbers.leasedFor(Math.max(0, now - slot.leasedAt()));
        }
        if (slot.isClaimed()) {
            slot.inTransition = false;
            return null; // closed by force or revoked meanwhile
        }
        observer.released(slot); // before anybody else can take or close it
        slot.idleSince = stamps ? now : slot.idleSince;
        CloseReason reason = whyToClose(slot, now);
        Throwable resetFailure = reason == null && config.reset != null ? reset(slot, config.reset) : null;
        if (resetFailure != null) {
            discard(slot, resetFailure);
            return resetFailure;
        }
        if (reason == null) {
            reason = toIdle(slot);
        }
        if (reason != null) {
            Throwable failure = closer.closeOwned(slot, reason);
            if (reason == CloseReason.NOT_DONE) {
                warnIfNeverReused();
            }
            Failures.rethrow(config.shownName, failure);
        }
        return null;
    }

    private @Nullable CloseReason whyToClose(Slot<T> slot, long now) {
        if (slot.invalid) {
            return CloseReason.INVALIDATED;
        }
        CloseReason retired = slot.retireFor();
        if (retired != null) {
            return retired;
        }
        if (!config.keeps()) {
            return CloseReason.SCOPE_END;
        }
        if (slot.notDone && !reusesNotDone) {
            return CloseReason.NOT_DONE;
        }
        if (registry.isClosed()) {
            return CloseReason.HOLDER_CLOSED; // before the reset: nobody will have it again
        }
        return slot.uses() >= config.maxUses ? CloseReason.MAX_USES : settings.expired(slot, now);
    }

    private @Nullable Throwable reset(Slot<T> slot, Action<? super T, ?> reset) {
        try {
            reset.run(slot.resource());
            return null;
        } catch (Throwable failure) {
            Failures.restoreInterrupt(failure);
            observer.resetFailed(slot, failure);
            return failure;
        }
    }

    /** Broken as the reset has shown it to be, it may well fail to close, too: the listener hears of it, the user does not. */
    private void discard(Slot<T> slot, Throwable resetFailure) {
        Throwable failure = closer.closeOwned(slot, CloseReason.RESET_FAILED);
        if (failure instanceof Error) {
            Failures.rethrow(config.shownName, failure);
        }
        Failures.suppress(failure, resetFailure);
    }

    /** Gives the resource back; returns why it must be closed instead, and then it is still leased. */
    private @Nullable CloseReason toIdle(Slot<T> slot) {
        slot.trace = null;
        slot.releasePath = releasePath;
        slot.inTransition = false; // from the store of IDLE on it may be another thread's
        if (config.lends() && (slot.isMarked() || config.limitsIdle())) {
            CloseReason reason = handoff.releaseAndList(slot);
            if (reason == null) {
                closeIfPoolClosed(slot);
            }
            return reason;
        }
        slot.leasedToIdle();
        offerIfWaitedFor(slot);
        return null;
    }

    void offerIdle(Slot<T> slot) {
        StackProbe.touch(); // if there is none, the reaper offers it in its next round
        if (!registry.isClosed()) {
            handoff.offer(slot);
        }
        closeIfPoolClosed(slot); // not else: it may have been closed while this thread was about to hand over
    }

    private void closeIfPoolClosed(Slot<T> slot) {
        if (registry.isClosed() && slot.claimIdle(CloseReason.HOLDER_CLOSED)) {
            Failures.rethrow(config.shownName, closer.closeClaimed(slot, CloseReason.HOLDER_CLOSED));
        }
    }

    /** A check in the background has passed. */
    void idleAgain(Slot<T> slot) {
        if (config.lends()) {
            handoff.listIdle(slot);
        }
        offerIfWaitedFor(slot);
    }

    void offerIfWaitedFor(Slot<T> slot) {
        if (queue.mustCheckWaiters() || queue.isWaitedForByOthers()) {
            offerIdle(slot);
        }
    }

    private void warnIfNeverReused() {
        AtomicInteger notDone = config.identity.notDone;
        if (notDone.get() < NOT_DONE_BEFORE_WARNING
                && notDone.incrementAndGet() == NOT_DONE_BEFORE_WARNING
                && registry.numbers.neverReuses(NOT_DONE_BEFORE_WARNING)) {
            Log.line(Level.WARNING, () -> Messages.neverReused(config.shownName, NOT_DONE_BEFORE_WARNING), null);
        }
    }
}
