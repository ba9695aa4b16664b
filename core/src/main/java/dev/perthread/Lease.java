// One thread's exclusive use of a resource.
package dev.perthread;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The calling thread's use of a resource, from {@link PerThread#acquire()} to {@link #close()}. Belongs in a
 * try-with-resources statement.
 *
 * <p>Only the thread that acquired it may use it; another one gets an {@link IllegalStateException} and changes nothing.
 *
 * @param <T> the resource
 */
public final class Lease<T> implements AutoCloseable {
    // The compiler leaves out a lease that does not leave its scope, but not one that is an argument of a call which
    // is not inlined. So its fields are handed on, and what a scope calls is of at most 35 bytes of code, which are
    // inlined where calls are few, too: after a failure. See "A lease costs no memory" in docs/concurrency.md.
    private final Slot<T> slot;
    private final Thread owner;
    private boolean done; // owner only

    Lease(Slot<T> slot, Thread owner) {
        this.slot = slot;
        this.owner = owner;
    }

    /**
     * The resource. It must not be used after this lease is closed.
     *
     * @return the resource, always the same one
     * @throws IllegalStateException if another thread calls, if this lease is closed, or if the resource was closed by
     *     force because the holder was closed and the grace is over
     */
    public T get() {
        return resource(slot, owner, done);
    }

    static <T> T resource(Slot<T> slot, Thread owner, boolean done) {
        if (Thread.currentThread() != owner || done || slot.isClaimed()) {
            throw misuse(slot, owner, done, "used");
        }
        return slot.resource();
    }

    /**
     * Marks the resource as broken: it is closed when its lease closes (the last of them, where several share it), and
     * not kept. Only matters where it would have been kept.
     *
     * @throws IllegalStateException as for {@link #get}
     */
    public void invalidate() {
        invalidate(slot, owner, done);
    }

    static void invalidate(Slot<?> slot, Thread owner, boolean done) {
        if (Thread.currentThread() != owner || done || slot.isClaimed()) {
            throw misuse(slot, owner, done, "invalidated");
        }
        slot.invalid = true;
        slot.slowRelease = true;
    }

    /**
     * Ends the lease. What becomes of the resource is up to the holder's {@link IdlePolicy}. The second call does
     * nothing. What this thread did with the resource happens-before what the next user or the closer does with it.
     *
     * @throws IllegalStateException if another thread calls
     * @throws ResourceCloseException if the resource is closed now and its closer fails; the lease has ended all the same
     */
    @Override
    public void close() {
        boolean again = done;
        done = requireOwner(slot, owner, again); // before the release, in which a listener may close this once more
        if (!again) {
            slot.release();
        }
    }

    private static boolean requireOwner(Slot<?> slot, Thread owner, boolean done) {
        if (Thread.currentThread() != owner) {
            throw misuse(slot, owner, done, "closed");
        }
        return true;
    }

    /** Ends the lease of a scope in which something failed. What fails here is suppressed onto that. */
    static void endAfter(Slot<?> slot, Throwable failure, @Nullable Predicate<? super Throwable> invalidates) {
        try {
            if (invalidates != null && isBroken(failure, invalidates)) {
                invalidate(slot, Thread.currentThread(), false);
            }
        } catch (Throwable second) {
            ResourceCloser.suppress(second, failure);
        }
        try {
            slot.release();
        } catch (Throwable second) {
            ResourceCloser.suppress(second, failure);
        }
    }

    private static boolean isBroken(Throwable failure, Predicate<? super Throwable> invalidates) {
        try {
            return invalidates.test(failure);
        } catch (Throwable second) {
            ResourceCloser.suppress(second, failure);
            return true; // nobody can say that it is sound
        }
    }

    private static IllegalStateException misuse(Slot<?> slot, Thread owner, boolean done, String how) {
        String pool = slot.pool.name();
        Thread caller = Thread.currentThread();
        Throwable trace = slot.trace;
        String acquired = trace == null || done ? "" : ", acquired" + Messages.at(trace) + ",";
        if (caller != owner) {
            return new IllegalStateException(pool + ": a lease of " + Messages.of(owner) + acquired + " was " + how
                    + " by " + Messages.of(caller)
                    + "; a lease belongs to the thread that acquired it, let each acquire its own");
        }
        if (done) {
            return new IllegalStateException(
                    pool + ": this lease is closed, it cannot be " + how + " any more, in " + Messages.of(caller));
        }
        return new IllegalStateException(pool + ": the resource was closed under its user, " + Messages.of(caller)
                + acquired + ", because the holder was closed and waited for this lease no longer");
    }

    /**
     * Names the holder, the resource, the owner, and that the lease is closed if it is: at once in its owner's thread, in
     * another perhaps later.
     */
    @Override
    public String toString() {
        return "Lease[" + slot.pool.name() + ", resource " + slot.id + ", " + Messages.of(owner)
                + (done ? ", closed]" : "]");
    }
}
