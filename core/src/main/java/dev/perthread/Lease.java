package dev.perthread;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One thread's exclusive use of a resource, from {@link PerThread#acquire()} to {@link #close()}. Belongs in a
 * try-with-resources statement, with {@link #done()} as its last line if the resource is to be reused:
 *
 * {@snippet file="example/ExamplesTest.java" region="done"}
 *
 * <p>Only the thread that acquired it may use it; another one gets an {@link IllegalStateException} and changes nothing.
 *
 * @param <T> the resource
 * @since 0.1
 */
public final class Lease<T> implements AutoCloseable {
    // Escape analysis leaves out a lease that does not leave its scope, but not one that is an argument of a call which
    // is not inlined. So its fields are handed on, and what a scope calls is of at most 35 bytes of code, which are
    // inlined where calls are few, too: after a failure. See "A lease costs no memory" in
    // docs/internals/concurrency.md.
    private final Slot<T> slot;
    private final Thread owner;

    // The owner's.
    private boolean ended;
    private boolean done;

    Lease(Slot<T> slot, Thread owner) {
        this.slot = slot;
        this.owner = owner;
    }

    /**
     * Returns the resource. It must not be used after this lease is closed.
     *
     * @return the resource, always the same one
     * @throws IllegalStateException if another thread calls, if this lease is closed, or if the resource was closed under
     *     its user: by {@link PerThread#revoke}, or because the pool was closed and the grace is over
     */
    public T get() {
        return resource(slot, owner, ended);
    }

    static <T> T resource(Slot<T> slot, Thread owner, boolean ended) {
        if (Thread.currentThread() != owner || ended || slot.isClaimed()) {
            throw misuse(slot, owner, ended, "used");
        }
        return slot.resource();
    }

    /**
     * Declares that the last use ended well, so that the resource may be reused. Without it {@link #close()} closes the
     * resource ({@link CloseReason#NOT_DONE}), unless the pool was built with {@link ReusePolicy#UNLESS_INVALIDATED}.
     * With {@link ReentryPolicy#SHARE} every lease must be done. {@link #invalidate()} wins over it. Has no effect where
     * nothing is kept.
     *
     * @throws IllegalStateException as for {@link #get}
     * @since 0.1
     */
    public void done() {
        done = declare(slot, owner, ended);
    }

    private static boolean declare(Slot<?> slot, Thread owner, boolean ended) {
        if (Thread.currentThread() != owner || ended || slot.isClaimed()) {
            throw misuse(slot, owner, ended, "declared done");
        }
        return true;
    }

    /**
     * Marks the resource as broken: it is closed when its lease closes (the last of them, where several share it), and not
     * reused. Only matters where it would have been.
     *
     * @throws IllegalStateException as for {@link #get}
     */
    public void invalidate() {
        invalidate(slot, owner, ended);
    }

    static void invalidate(Slot<?> slot, Thread owner, boolean ended) {
        if (Thread.currentThread() != owner || ended || slot.isClaimed()) {
            throw misuse(slot, owner, ended, "invalidated");
        }
        slot.invalid = true;
        slot.releasePath = Slot.SLOW;
    }

    /**
     * Ends the lease. The pool's {@link IdlePolicy} and {@link ReusePolicy} decide whether the resource stays open. The
     * second call does nothing. This thread's use of the resource happens-before that of the next thread, and before the
     * closer runs.
     *
     * @throws IllegalStateException if another thread calls
     * @throws ResourceCloseException if the resource is closed now and its closer fails; the lease has ended all the same
     */
    @Override
    public void close() {
        if (isHeld(slot, owner, ended)) {
            ended = true; // before the release, in which a listener may close this once more
            end(slot, done);
        }
    }

    private static boolean isHeld(Slot<?> slot, Thread owner, boolean ended) {
        if (Thread.currentThread() != owner) {
            throw misuse(slot, owner, ended, "closed");
        }
        return !ended;
    }

    /** Ends a lease of the calling thread. */
    static void end(Slot<?> slot, boolean done) {
        slot.countOut(); // first: if there is no stack left for the rest, the slot is found to be lost
        slot.release(done);
    }

    /** Ends the lease of a scope in which something failed. What fails here is suppressed onto that. */
    static void endAfter(Slot<?> slot, Throwable failure, @Nullable Predicate<? super Throwable> invalidates) {
        if (invalidates != null && isBroken(failure, invalidates)) {
            slot.invalid = true;
            slot.releasePath = Slot.SLOW;
        }
        try {
            Failures.suppress(slot.release(true), failure);
        } catch (Throwable second) {
            Failures.suppress(second, failure);
        }
    }

    private static boolean isBroken(Throwable failure, Predicate<? super Throwable> invalidates) {
        try {
            return invalidates.test(failure);
        } catch (Throwable second) {
            Failures.suppress(second, failure);
            return true; // nobody can say that it is sound
        }
    }

    private static IllegalStateException misuse(Slot<?> slot, Thread owner, boolean ended, String how) {
        String pool = slot.pool.name();
        Thread caller = Thread.currentThread();
        Throwable trace = slot.trace;
        String acquired = trace == null || ended ? "" : ", acquired" + Messages.at(trace) + ",";
        if (caller != owner) {
            return new IllegalStateException(pool + ": a lease of " + Messages.of(owner) + acquired + " was " + how
                    + " by " + Messages.of(caller)
                    + "; a lease belongs to the thread that acquired it, let each acquire its own");
        }
        if (ended) {
            return new IllegalStateException(
                    pool + ": this lease is closed, it cannot be " + how + " any more, in " + Messages.of(caller));
        }
        String revokedBy = slot.revokedBy;
        return new IllegalStateException(
                pool + ": the resource was closed under its user, " + Messages.of(caller) + acquired
                        + (slot.reason() == CloseReason.REVOKED && revokedBy != null
                                ? ", because its lease was revoked by " + revokedBy
                                : ", because the pool was closed and its grace is over"));
    }

    /**
     * Names the pool, the resource, the owner, and that the lease is closed if it is: at once in its owner's thread, in
     * another perhaps later.
     */
    @Override
    public String toString() {
        return "Lease[" + slot.pool.name() + ", resource " + slot.id + ", " + Messages.of(owner)
                + (ended ? ", closed]" : "]");
    }
}
