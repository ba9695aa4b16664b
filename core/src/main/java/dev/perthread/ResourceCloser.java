package dev.perthread;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Closes one resource of a pool: at the end of a lease, in place of another, or because something failed. Whoever closes has
 * claimed the slot first, so that every resource is closed once and for one reason.
 *
 * <p>What a closer may assume: that it is called once, that it holds no lock, that what the last user did with the resource
 * happens-before it, unless the resource is closed under its user (FORCED, REVOKED), and that the resource keeps its permit
 * until it has returned or thrown.
 */
final class ResourceCloser<T> {
    private final PoolConfig<T, ?> config;
    private final SlotRegistry<T> registry;
    private final Observer<T> observer;

    ResourceCloser(PoolConfig<T, ?> config, SlotRegistry<T> registry, Observer<T> observer) {
        this.config = config;
        this.registry = registry;
        this.observer = observer;
    }

    /** Closes an owner's own leased or just opened resource: claims it and runs the closer, if nobody else did. */
    @Nullable
    Throwable closeOwned(Slot<T> slot, CloseReason reason) {
        if (slot.isClaimed()) {
            return null; // by another thread, or by this one in an earlier call: who began it ends it
        }
        // Before the claim: if there is no stack left for the rest, the owner's next acquire or its end finds the slot
        // lost and finishes this.
        slot.ownersClaim = true;
        if (!slot.claim(reason)) {
            return null;
        }
        slot.inTransition = true;
        try {
            return closeClaimed(slot, reason);
        } finally {
            slot.inTransition = false;
        }
    }

    /** Runs the closer; the caller has claimed the slot. Returns what the closer threw. */
    @Nullable
    Throwable closeClaimed(Slot<T> slot, CloseReason reason) {
        return closeClaimed(slot, reason, null, false);
    }

    /**
     * Runs the closer for what a dead thread left; the caller has claimed the slot.
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

    /** Closes what {@code next} took and found unfit; returns a slot for it to open another in, null if it must queue. */
    @Nullable
    Slot<T> replaceOwned(Slot<T> slot, CloseReason reason, Thread next) {
        if (slot.isClaimed()) {
            return null;
        }
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
     * Closes in a thread of the library what the waiter took and found unfit: another thread used it last, and nobody's timeout
     * waits for its closer. False if somebody else closes it, and then the waiter gets nothing from here.
     */
    boolean replaceInBackground(Slot<T> slot, CloseReason reason, Waiter<T> next) {
        Runnable task = CloserExecutor.once(
                () -> { // allocate before commit
                    slot.actingThread = Thread.currentThread();
                    Throwable failure = runCloser(slot, reason);
                    try {
                        observer.closed(slot, reason, failure);
                    } finally {
                        registry.queue.replaceClosed(slot, reason, failure != null, next);
                    }
                });
        if (!registry.queue.claimForReplacement(slot, reason, next)) {
            return false;
        }
        CloserExecutor.run(config.identity, task);
        return true;
    }

    /** Closes one that the calling thread has leased, in a thread of the library, and does not wait for it. */
    void closeInBackground(Slot<T> slot, CloseReason reason) {
        Runnable task = CloserExecutor.once(() -> closeClaimed(slot, reason)); // allocate before commit
        if (slot.claim(reason)) {
            CloserExecutor.run(config.identity, task);
        }
    }

    private @Nullable Throwable runCloser(Slot<T> slot, CloseReason reason) {
        slot.actingThread = Thread.currentThread();
        Jfr.Span recorded = Jfr.closing();
        Throwable failure = null;
        boolean entered = ContextLoader.enter(config.closer, config.userOpener());
        try {
            slot.closerCalled = true;
            config.closer.close(slot.resource());
        } catch (Throwable thrown) {
            Failures.restoreInterrupt(thrown);
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
        lost.inTransition = true;
        try {
            if (lost.closerCalled) {
                registry.removeClosed(lost, reason, true); // how it ended, nobody knows
            } else {
                closeClaimed(lost, reason);
            }
        } finally {
            lost.inTransition = false;
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
     * Gives back what a failed attempt still holds. Most failures have been dealt with where they came up, and this does
     * nothing then. But memory can run out in any line of ours, and stack on the fast path, which has no {@link StackProbe};
     * a permit that nobody gives back is lost for ever.
     */
    void releaseAfterFailure(Slot<T> slot, Throwable failure) {
        if (!slot.isFilled()) {
            registry.removeUnopened(slot, null, 0);
            return;
        }
        if (slot.thread == null) {
            // Opened for nobody: once it is idle it is anybody's, and not to be claimed from here.
            if (slot.state() == Slot.OPENING && registry.openedInVain(slot, CloseReason.INVALIDATED)) {
                Failures.suppress(closeClaimed(slot, CloseReason.INVALIDATED), failure);
            }
            return;
        }
        int state = slot.state();
        boolean uncounted = state == Slot.OPENING && !slot.isClaimed();
        if (uncounted && !registry.opened(slot, 0)) {
            Failures.suppress(closeRejected(slot), failure);
        } else if (state == Slot.OPENING || state == Slot.LEASED) { // else others may have it by now
            Failures.suppress(closeOwned(slot, CloseReason.INVALIDATED), failure);
        }
    }

    /** What was opened, or taken, while the pool was closed. */
    private @Nullable Throwable closeRejected(Slot<T> slot) {
        return slot.reason() == CloseReason.HOLDER_CLOSED && slot.state() == Slot.OPENING
                ? closeClaimed(slot, CloseReason.HOLDER_CLOSED) // claimed when it was found to be closed
                : closeOwned(slot, CloseReason.HOLDER_CLOSED);
    }

    /** The pool is closed, and this open slot is not to be handed out any more. */
    IllegalStateException closeAndReject(Slot<T> slot) {
        Throwable failure = closeRejected(slot); // first: what needs no memory
        IllegalStateException rejection = new IllegalStateException(Messages.closed(config.shownName));
        Failures.suppress(failure, rejection);
        return rejection;
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
}
