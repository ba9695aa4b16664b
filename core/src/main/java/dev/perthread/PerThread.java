// The second floor: a resource a thread behind one shared object. Read this first, then Lease, Slot, ThreadStore.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One object that many threads share and that hands every thread a resource of its own: opened on first use, used inside
 * try-with-resources, closed at a moment one can name.
 *
 * {@snippet file="example/ExamplesTest.java" region="scope"}
 *
 * <p>By default a resource is opened by {@link #acquire()} and closed when its lease closes, a thread that acquires while
 * it holds a lease is refused, and nothing is limited. All else is asked for with {@link #builder}: what happens to a
 * resource after its scope ({@link IdlePolicy}), on re-entry ({@link ReentryPolicy}), how many there may be, and for how
 * long.
 *
 * <p>All methods may be called by any thread, platform or virtual. The opener, closer, check, listener and body run with
 * no lock held. What one thread did with a resource happens-before what the next one, or the closer, does with it.
 *
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 */
public final class PerThread<T, X extends Exception> implements AutoCloseable {

    private static final AtomicLong NAMES = new AtomicLong();

    final Pool<T, X> pool;
    private final long acquireNanos;
    private final long closeNanos;
    private final @Nullable Predicate<? super Throwable> invalidates; // null where nothing is kept anyway

    private PerThread(Builder<T, X> options) {
        this.pool = new Pool<>(options);
        this.acquireNanos = options.acquireNanos;
        this.closeNanos = options.closeNanos;
        this.invalidates = options.whenIdle == IdlePolicy.CLOSE ? null : options.invalidateWhen;
    }

    /**
     * Makes a holder with the defaults. Opens nothing.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource
     * @return a new holder
     */
    public static <T extends AutoCloseable, X extends Exception> PerThread<T, X> of(
            Opener<? extends T, ? extends X> opener) {
        return PerThread.<T, X>builder(opener).build();
    }

    /**
     * Starts a holder with options.
     *
     * {@snippet file="example/ExamplesTest.java" region="lend"}
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource
     * @return a builder with the defaults
     */
    public static <T, X extends Exception> Builder<T, X> builder(Opener<? extends T, ? extends X> opener) {
        return new Builder<>(opener);
    }

    /**
     * A lease on the calling thread's own resource, opened now if need be. Waits at the limit for as long as
     * {@link Builder#acquireTimeout} says.
     *
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw; nothing is left behind and the next call tries again
     * @throws ReentryException if the thread already holds a lease and re-entry is rejected, or if the opener itself calls
     * @throws AcquireTimeoutException if the limit was reached and nothing became free in time
     * @throws AcquireInterruptedException if the thread was interrupted while it waited; the flag is set again
     * @throws IllegalStateException if the holder is closed, before or while the thread waited
     */
    public Lease<T> acquire() throws X {
        return pool.acquire(acquireNanos);
    }

    /**
     * The same, with another bound on the wait. The time that opening takes is not bounded by it.
     *
     * @param timeout the longest wait at the limit; zero does not wait at all, but for a dead thread's or an expired
     *     resource that is just being closed, and for that 0.1 s at most
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ReentryException as for {@link #acquire()}
     * @throws AcquireTimeoutException as for {@link #acquire()}
     * @throws AcquireInterruptedException as for {@link #acquire()}
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public Lease<T> acquire(Duration timeout) throws X {
        return pool.acquire(Messages.nanos("timeout", timeout, 0));
    }

    /**
     * Acquires, calls the body, and closes the lease. If the body throws, the resource is not kept: it may be in the
     * middle of something ({@link Builder#invalidateWhen} says otherwise).
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(Body<? super T, ? extends R, ? extends Y> body)
            throws X, Y {
        Objects.requireNonNull(body, "body");
        Slot<T> slot = pool.leaseFast(acquireNanos);
        R result;
        try {
            result = body.call(Lease.resource(slot, Thread.currentThread(), false));
        } catch (Throwable failure) {
            Lease.endAfter(slot, failure, invalidates);
            throw failure;
        }
        slot.release();
        return result;
    }

    /**
     * As {@link #call}, without a result.
     *
     * @param <Y> what the action may throw
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <Y extends Exception> void run(Action<? super T, ? extends Y> action) throws X, Y {
        Objects.requireNonNull(action, "action");
        Slot<T> slot = pool.leaseFast(acquireNanos);
        try {
            action.run(Lease.resource(slot, Thread.currentThread(), false));
        } catch (Throwable failure) {
            Lease.endAfter(slot, failure, invalidates);
            throw failure;
        }
        slot.release();
    }

    /**
     * Whether the calling thread holds a lease of this holder. In a {@link Check} that is so already, in
     * {@link Listener#released} still.
     *
     * @return {@code true} from {@code acquire} to {@code close}
     */
    public boolean isHeld() {
        return pool.isHeld();
    }

    /**
     * Closes the calling thread's idle resource now. One that it has on lease is left alone.
     *
     * @return whether there was one
     * @throws ResourceCloseException if its closer failed; it is gone all the same
     */
    public boolean release() {
        return pool.closing().releaseOwn();
    }

    /**
     * Closes every resource that is idle at this moment, whosever it is. Those in use are left alone. A closer that fails
     * is counted and told to the listener; the others are closed all the same.
     *
     * @return how many were closed
     */
    public int evictIdle() {
        return pool.closing().evictIdle();
    }

    /**
     * Closes what threads left that have ended. It also happens by itself, within a second. A closer that fails is counted
     * and told to the listener.
     *
     * @return how many were closed by this call
     */
    public int reap() {
        return pool.closing().reap();
    }

    /**
     * Every resource there is at this moment, in no particular order. One that changes hands meanwhile is shown as it was
     * when it was looked at.
     *
     * @return an unmodifiable list
     */
    public List<ResourceInfo> snapshot() {
        return pool.snapshot();
    }

    /**
     * The counters of this holder; {@link Stats} says which are exact.
     *
     * @return the counters at this moment
     */
    public Stats stats() {
        return pool.stats();
    }

    /**
     * The name given to the builder, or one made up.
     *
     * @return the name
     */
    public String name() {
        return pool.name();
    }

    /**
     * The limit given to the builder.
     *
     * @return the most that may be open at once, empty if there is no limit
     */
    public OptionalInt limit() {
        return pool.limit() == 0 ? OptionalInt.empty() : OptionalInt.of(pool.limit());
    }

    /**
     * Shows this holder to JMX as {@code dev.perthread:type=PerThread,name="…"}, with {@code ,id=2} and so on if the name
     * is taken, until either is closed. The server does not keep the holder in memory.
     *
     * @return what ends it
     * @throws IllegalStateException if the holder is closed, or if there is no module {@code java.management}
     */
    public PerThreadMXBean.Registration registerMXBean() {
        try {
            return Jmx.register(this);
        } catch (LinkageError absent) {
            throw new IllegalStateException(
                    name() + ": JMX needs module java.management; java --add-modules java.management adds it", absent);
        }
    }

    /**
     * Closes as {@link #close(Duration)} does, with the grace that {@link Builder#closeTimeout} says.
     *
     * @throws ResourceCloseException if closers failed, once all were called: the first failure is the cause, the others
     *     are suppressed onto it
     */
    @Override
    public void close() {
        pool.closing().rethrowAll(pool.close(closeNanos).failures());
    }

    /**
     * Refuses new leases at once, wakes every waiting thread at once, closes what is idle, waits for the leases of other
     * threads, and when the grace is over closes under their users what is left, from the calling thread. A lease of the
     * calling thread itself is not waited for. What is just being opened cannot be closed; its thread closes it when it
     * has it, and gets an {@link IllegalStateException}. Interrupting the calling thread ends the grace.
     *
     * <p>May be called again, by any thread, from inside an opener, closer, listener or scope; each call does what is left
     * to do.
     *
     * @param grace the longest wait for leases to end; zero forces at once
     * @return what happened during this call
     * @throws IllegalArgumentException if the grace is negative
     */
    public CloseReport close(Duration grace) {
        return pool.close(Messages.nanos("grace", grace, 0));
    }

    /**
     * Runs an action when this pool has been closed: at the end of {@link #close(Duration)}, in the thread that calls it, or
     * at once, in the calling thread, if the pool was closed before. For what shows or measures the pool and should end with
     * it. What the action throws is logged. The pool keeps the action in memory.
     *
     * @param action runs once, with no lock held
     * @since 0.1
     */
    public void onClose(Runnable action) {
        Objects.requireNonNull(action, "action");
        Runnable guarded = () -> {
            try {
                action.run();
            } catch (Throwable failure) {
                Log.line(Level.WARNING, () -> name() + ": an action of onClose failed", failure);
            }
        };
        if (!pool.atEnd(guarded)) {
            guarded.run();
        }
    }

    /** The name and the counters. */
    @Override
    public String toString() {
        Stats now = stats();
        return "PerThread[" + name() + ", leased " + now.leased() + ", idle " + now.idle() + ", waiting "
                + now.waiting() + "]";
    }

    /**
     * Options of a holder. Not safe for use by several threads; it may be used again after {@link #build}.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     */
    public static final class Builder<T, X extends Exception> {
        final Opener<? extends T, ? extends X> opener;
        String name = "";
        Closer<? super T> closer = Builder::closeIfCloseable;

        @Nullable
        Check<? super T> check;

        ReentryPolicy reentry = ReentryPolicy.REJECT;
        IdlePolicy whenIdle = IdlePolicy.CLOSE;
        long idleNanos; // 0: none
        long ageNanos; // 0: none
        int limit = Integer.MAX_VALUE;
        long acquireNanos = Duration.ofSeconds(30).toNanos();
        long closeNanos = Duration.ofSeconds(5).toNanos();
        Predicate<? super Throwable> invalidateWhen = failure -> true;

        @Nullable
        Listener listener;

        boolean trace;
        LongSupplier clock = System::nanoTime;

        private Builder(Opener<? extends T, ? extends X> opener) {
            this.opener = Objects.requireNonNull(opener, "opener");
        }

        private Builder(Builder<T, X> from) {
            opener = from.opener;
            name = from.name.isEmpty() ? "perthread-" + NAMES.incrementAndGet() : from.name;
            closer = from.closer;
            check = from.check;
            reentry = from.reentry;
            whenIdle = from.whenIdle;
            idleNanos = from.idleNanos;
            ageNanos = from.ageNanos;
            limit = from.limit;
            acquireNanos = from.acquireNanos;
            closeNanos = from.closeNanos;
            invalidateWhen = from.invalidateWhen;
            listener = from.listener;
            trace = from.trace;
            clock = from.clock;
        }

        private static void closeIfCloseable(Object resource) throws Exception {
            if (resource instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }

        /**
         * The name in messages, metrics and events. Default: {@code perthread-} and a number.
         *
         * @param name not empty
         * @return this
         * @throws IllegalArgumentException if it is empty
         */
        public Builder<T, X> name(String name) {
            if (name.isBlank()) {
                throw new IllegalArgumentException("name is empty; give it some text, or leave it out for a default");
            }
            this.name = name;
            return this;
        }

        /**
         * Closes a resource. Default: {@link AutoCloseable#close()} if the resource is {@code AutoCloseable}, and nothing
         * if it is not.
         *
         * @param closer called once for each resource
         * @return this
         */
        public Builder<T, X> closer(Closer<? super T> closer) {
            this.closer = Objects.requireNonNull(closer, "closer");
            return this;
        }

        /**
         * Asked before a kept or lent resource is handed out again. Default: none. Needs {@code whenIdle(KEEP)} or
         * {@code whenIdle(LEND)}.
         *
         * @param check says whether a resource is still usable
         * @return this
         */
        public Builder<T, X> check(Check<? super T> check) {
            this.check = Objects.requireNonNull(check, "check");
            return this;
        }

        /**
         * What a thread gets that acquires while it holds a lease. Default: {@link ReentryPolicy#REJECT}.
         *
         * @param reentry the policy
         * @return this
         */
        public Builder<T, X> reentry(ReentryPolicy reentry) {
            this.reentry = Objects.requireNonNull(reentry, "reentry");
            return this;
        }

        /**
         * What becomes of a resource when its lease closes. Default: {@link IdlePolicy#CLOSE}.
         *
         * @param whenIdle the policy
         * @return this
         */
        public Builder<T, X> whenIdle(IdlePolicy whenIdle) {
            this.whenIdle = Objects.requireNonNull(whenIdle, "whenIdle");
            return this;
        }

        /**
         * Closes a resource that nobody has used for so long. Default: never. Needs {@code whenIdle(KEEP)} or
         * {@code whenIdle(LEND)}. One that is older is never handed out; closing it may come a little later.
         *
         * @param idleTimeout more than zero
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder<T, X> idleTimeout(Duration idleTimeout) {
            this.idleNanos = Messages.nanos("idleTimeout", idleTimeout, 1);
            return this;
        }

        /**
         * Closes a resource that has been open for so long, never inside a scope. Default: never. Needs
         * {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}. Each resource gets up to a tenth less, so that those opened
         * together are not all replaced together.
         *
         * @param maxAge more than zero
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder<T, X> maxAge(Duration maxAge) {
            this.ageNanos = Messages.nanos("maxAge", maxAge, 1);
            return this;
        }

        /**
         * The most resources that may be open at once, those being opened or closed included. Default: no limit. Threads
         * wait in order of arrival. Under {@code LEND} the last user of a resource may take it again before them, until the
         * first has waited four milliseconds. Under {@code KEEP} a living thread's idle resource counts and stays its own.
         *
         * @param limit 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder<T, X> limit(int limit) {
            if (limit < 1) {
                throw new IllegalArgumentException(
                        "limit is " + limit + "; 1 or more is allowed, or leave it out for no limit");
            }
            this.limit = limit;
            return this;
        }

        /**
         * How long {@link PerThread#acquire()} waits at the limit. Default: 30 seconds.
         *
         * @param acquireTimeout zero or more; zero does not wait at all
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder<T, X> acquireTimeout(Duration acquireTimeout) {
            this.acquireNanos = Messages.nanos("acquireTimeout", acquireTimeout, 0);
            return this;
        }

        /**
         * The grace of {@link PerThread#close()}. Default: 5 seconds.
         *
         * @param closeTimeout zero or more; zero forces at once
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder<T, X> closeTimeout(Duration closeTimeout) {
            this.closeNanos = Messages.nanos("closeTimeout", closeTimeout, 0);
            return this;
        }

        /**
         * After which failures of a body {@code call} and {@code run} do not keep the resource. Default: after all. It
         * makes no difference where nothing is kept.
         *
         * @param invalidateWhen {@code true} for a failure that may have left the resource in the middle of something;
         *     if it throws itself, that is suppressed onto the failure and counts as {@code true}
         * @return this
         */
        public Builder<T, X> invalidateWhen(Predicate<? super Throwable> invalidateWhen) {
            this.invalidateWhen = Objects.requireNonNull(invalidateWhen, "invalidateWhen");
            return this;
        }

        /**
         * Is told what happens. Default: none.
         *
         * @param listener the listener
         * @return this
         */
        public Builder<T, X> listener(Listener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Remembers where each lease was acquired, for messages, {@link ResourceInfo#acquiredAt} and leaks. Default:
         * false, because taking a stack trace costs some microseconds.
         *
         * @param trace whether to
         * @return this
         */
        public Builder<T, X> trace(boolean trace) {
            this.trace = trace;
            return this;
        }

        /** Time for expiry, in nanoseconds; for tests. */
        Builder<T, X> clock(LongSupplier nanoTime) {
            this.clock = nanoTime;
            return this;
        }

        /**
         * Makes the holder. Opens nothing.
         *
         * @return a new holder
         * @throws IllegalArgumentException if two options contradict each other
         */
        public PerThread<T, X> build() {
            if (whenIdle == IdlePolicy.CLOSE) {
                refuse(idleNanos > 0, "idleTimeout");
                refuse(ageNanos > 0, "maxAge");
                refuse(check != null, "check");
            }
            return new PerThread<>(new Builder<>(this));
        }

        private static void refuse(boolean given, String option) {
            if (given) {
                throw new IllegalArgumentException(
                        option + " has no effect with whenIdle(CLOSE), where nothing outlives its"
                                + " scope; leave it out, or build with whenIdle(KEEP) or whenIdle(LEND)");
            }
        }
    }
}
