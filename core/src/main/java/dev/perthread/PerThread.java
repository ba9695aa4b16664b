package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A shared object that gives each thread its own dedicated resource: opened on first use, and closed at a well-defined
 * point: end of scope, end of thread, or {@link #close()}.
 *
 * {@snippet file="example/ExamplesTest.java" region="scope"}
 *
 * <p>By default a resource is opened by {@link #acquire()} and closed when its lease closes, a thread that acquires while
 * it holds a lease is refused, and nothing is limited. Everything else is opt-in, with {@link #builder}: what happens to a
 * resource after its scope ({@link IdlePolicy}, {@link ReusePolicy}), on re-entry ({@link ReentryPolicy}), how many there
 * may be, and for how long.
 *
 * <p>All methods may be called by any thread, platform or virtual. The opener, closer, check, reset, listener and body run
 * with no lock held. One thread's use of a resource happens-before that of the next thread, and before the closer runs.
 *
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 * @since 0.1
 */
public final class PerThread<T, X extends Exception> implements AutoCloseable {
    final Pool<T, X> pool;

    private PerThread(PoolConfig<T, X> config) {
        this.pool = new Pool<>(config);
    }

    /**
     * Makes a pool with the defaults. Opens nothing.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource
     * @return a new pool
     */
    public static <T extends AutoCloseable, X extends Exception> PerThread<T, X> of(
            Opener<? extends T, ? extends X> opener) {
        return PerThread.<T, X>builder(opener).build();
    }

    /**
     * Starts a pool of resources that are {@link AutoCloseable}, and are closed by that.
     *
     * {@snippet file="example/ExamplesTest.java" region="lend"}
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource
     * @return a builder with the defaults
     */
    public static <T extends AutoCloseable, X extends Exception> Builder<T, X> builder(
            Opener<? extends T, ? extends X> opener) {
        return builder(opener, AutoCloseable::close);
    }

    /**
     * Starts a pool of any resources.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource
     * @param closer closes one resource; {@link Closer#none()} if there is nothing to close
     * @return a builder with the defaults
     * @since 0.1
     */
    public static <T, X extends Exception> Builder<T, X> builder(
            Opener<? extends T, ? extends X> opener, Closer<? super T> closer) {
        Objects.requireNonNull(opener, "opener");
        return new Builder<>(new Untimed<>(opener), false, closer);
    }

    /**
     * Starts a pool whose opener can keep to a deadline.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource, within the time that is left
     * @param closer closes one resource; {@link Closer#none()} if there is nothing to close
     * @return a builder with the defaults
     * @since 0.1
     */
    public static <T, X extends Exception> Builder<T, X> timedBuilder(
            TimedOpener<? extends T, ? extends X> opener, Closer<? super T> closer) {
        return new Builder<>(opener, true, closer);
    }

    /** An opener that does not ask for the time. */
    record Untimed<T, X extends Exception>(Opener<? extends T, ? extends X> opener)
            implements TimedOpener<T, X>, PoolConfig.OpenerAdapter {
        @Override
        public T open(Duration left) throws X {
            return opener.open();
        }

        @Override
        public Object userOpener() {
            return opener;
        }
    }

    /**
     * Leases the calling thread's own resource, opened now if need be. The wait at the limit, the check and the opener
     * together are bounded as {@link Builder#acquireTimeout} says.
     *
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw; nothing is left behind and the next call tries again
     * @throws ReentryException if the thread already holds a lease and re-entry is rejected, or if the opener itself calls
     * @throws AcquireTimeoutException if the limit was reached and nothing became free in time, or if the check or the
     *     opener took too long
     * @throws AcquireRefusedException if too many threads wait already
     * @throws AcquireInterruptedException if the thread was interrupted while it waited; the flag is set again
     * @throws IllegalStateException if the pool is closed, before or while the thread waited
     */
    public Lease<T> acquire() throws X {
        return pool.acquire(pool.settings().acquireNanos);
    }

    /**
     * The same, with another bound: on the wait at the limit, the check and the opener together. An opener made by
     * {@link #timedBuilder} gets the time that is left. A check or an opener that runs when the time is over is interrupted only
     * if {@link Builder#openTimeout} is set; otherwise this call returns when it has returned, with a lease.
     *
     * @param timeout must be zero or more; zero does not wait. Where something is just being closed, because its thread ended
     *     or its time was over, a timeout of less than 0.1 s is 0.1 s
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ReentryException as for {@link #acquire()}
     * @throws AcquireTimeoutException as for {@link #acquire()}
     * @throws AcquireRefusedException as for {@link #acquire()}
     * @throws AcquireInterruptedException as for {@link #acquire()}
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public Lease<T> acquire(Duration timeout) throws X {
        return pool.acquire(Messages.nanos("timeout", timeout, 0));
    }

    /**
     * Leases a resource if that needs no waiting: the thread's own, one that is idle, or a new one if there is room.
     *
     * @return a new lease, or empty if the limit is reached, others wait, or the pool is suspended
     * @throws X what the opener threw; a {@link #timedBuilder timed} one gets the {@link Builder#openTimeout}, or else
     *     the {@link Builder#acquireTimeout}
     * @throws ReentryException as for {@link #acquire()}
     * @throws AcquireTimeoutException if the check or the opener took longer than {@link Builder#openTimeout}
     * @throws IllegalStateException if the pool is closed
     * @since 0.1
     */
    public Optional<Lease<T>> tryAcquire() throws X {
        return Optional.ofNullable(pool.tryAcquire());
    }

    /**
     * Acquires, calls the body, and closes the lease. If the body returns normally the resource may be reused. If it throws,
     * the resource is closed: it may be in the middle of something ({@link Builder#invalidateWhen} says otherwise).
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws ResourceException as for {@link #acquire()}
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(Body<? super T, ? extends R, ? extends Y> body)
            throws X, Y {
        Objects.requireNonNull(body, "body");
        return pool.call(pool.settings().acquireNanos, body);
    }

    /**
     * As {@link #call(Body)}, with another bound on the acquire.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param timeout as for {@link #acquire(Duration)}; the body's time does not count
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ResourceException as for {@link #acquire(Duration)}
     * @throws IllegalStateException as for {@link #acquire()}
     * @since 0.1
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            Duration timeout, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        Objects.requireNonNull(body, "body");
        return pool.call(Messages.nanos("timeout", timeout, 0), body);
    }

    /**
     * As {@link #call(Body)}, without a result.
     *
     * @param <Y> what the action may throw
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws ResourceException as for {@link #acquire()}
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <Y extends Exception> void run(Action<? super T, ? extends Y> action) throws X, Y {
        Objects.requireNonNull(action, "action");
        pool.run(pool.settings().acquireNanos, action);
    }

    /**
     * As {@link #run(Action)}, with another bound on the acquire.
     *
     * @param <Y> what the action may throw
     * @param timeout as for {@link #acquire(Duration)}; the action's time does not count
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ResourceException as for {@link #acquire(Duration)}
     * @throws IllegalStateException as for {@link #acquire()}
     * @since 0.1
     */
    public <Y extends Exception> void run(Duration timeout, Action<? super T, ? extends Y> action) throws X, Y {
        Objects.requireNonNull(action, "action");
        pool.run(Messages.nanos("timeout", timeout, 0), action);
    }

    /**
     * Tells whether the calling thread holds a lease of this pool. In a {@link Check} it does so already, in
     * {@link Listener#released} and in a {@link Builder#reset reset} still.
     *
     * @return {@code true} from {@code acquire} to {@code close}
     */
    public boolean isHeld() {
        return pool.isHeld();
    }

    /**
     * Closes the calling thread's idle resource now, in this thread. One that it has on lease is left alone.
     *
     * @return whether there was one
     * @throws ResourceCloseException if its closer failed; it is gone all the same
     */
    public boolean release() {
        return pool.bulkCloser().releaseOwn();
    }

    /**
     * Closes every resource that is idle at this moment, whosever it is. Those in use are left alone. Closers run side by
     * side, and are waited for as {@link Builder#closerTimeout} says; one that fails is counted and reported to the listener.
     *
     * @return how many were idle
     */
    public int evictIdle() {
        return pool.bulkCloser().evictIdle();
    }

    /**
     * Closes the resources that {@code which} chooses: idle ones now, as {@link #evictIdle} does, leased and opening ones
     * when their lease ends. Does not wait for those.
     *
     * @param which is shown every resource, with no lock held; its exceptions reach the caller, and nothing is evicted
     * @return how many in all
     * @since 0.1
     */
    public int evict(Predicate<? super ResourceInfo> which) {
        return pool.evict(Objects.requireNonNull(which, "which"));
    }

    /**
     * Replaces every resource, as after a changed password or a fail-over: idle ones are closed now, leased and opening ones
     * when their lease ends ({@link CloseReason#REFRESHED}). No acquire that begins after this has returned gets one of
     * them, except by {@link ReentryPolicy#SHARE}, which gets what its outer lease has.
     *
     * @return how many in all
     * @since 0.1
     */
    public int refresh() {
        return pool.bulkCloser().refresh();
    }

    /**
     * Takes a lease away from its owner, which may be alive: the resource is closed now, under its user
     * ({@link CloseReason#REVOKED}). The owner's next {@code get}, {@code done} or {@code invalidate} throws, and says which
     * thread did it; its {@code close} does nothing. A way out when a thread holds a resource and will never give it back.
     *
     * @param resourceId as in {@link ResourceInfo#id}
     * @return whether it was leased
     * @since 0.1
     */
    public boolean revoke(long resourceId) {
        return pool.bulkCloser().revoke(resourceId);
    }

    /**
     * Closes what threads left that have ended. It also happens by itself, within a second. A closer that fails is counted
     * and reported to the listener.
     *
     * @return how many were reclaimed by this call
     */
    public int reap() {
        return pool.upkeep().reap();
    }

    /**
     * Opens resources ahead of their use, in the calling thread, until this many are open or being opened, or the limit is
     * reached. They are idle afterwards.
     *
     * @param count how many are to be there
     * @return how many were opened
     * @throws X what the opener threw; those opened before it stay
     * @throws IllegalArgumentException if {@code count} is negative
     * @throws IllegalStateException if the pool was not built with {@code whenIdle(LEND)}, or is closed
     * @since 0.1
     */
    public int prewarm(int count) throws X {
        Messages.atLeast("count", count, 0);
        if (!pool.config().lends()) {
            throw new IllegalStateException(
                    pool.name() + ": prewarm needs whenIdle(LEND), but the pool was built with whenIdle("
                            + pool.config().whenIdle + ")");
        }
        if (pool.isClosed()) {
            throw new IllegalStateException(Messages.closed(pool.name()));
        }
        return pool.prewarm(count);
    }

    /**
     * Waits until as many resources are idle as {@link Builder#minIdle} says.
     *
     * @param timeout must be zero or more
     * @return whether they are; {@code false} when the time is over or the pool is closed
     * @throws IllegalArgumentException if the timeout is negative
     * @throws InterruptedException if the thread is interrupted while it waits
     * @since 0.1
     */
    public boolean awaitReady(Duration timeout) throws InterruptedException {
        return pool.awaitReady(Messages.nanos("timeout", timeout, 0));
    }

    /**
     * Suspends the pool: from now on no thread gets a resource, and acquires wait, each with its own timeout. Idle resources are
     * closed, leases are waited for, and closed when they come back ({@link CloseReason#SUSPENDED}). What outlasts the drain
     * is closed at its end, even after {@link #resume}. Forces nothing. Re-entry by {@link ReentryPolicy#SHARE} is still
     * served. A lease of the calling thread itself is not waited for.
     *
     * @param drain how long to wait for leases, zero or more; closers may take {@link Builder#closerTimeout} more
     * @return what was closed meanwhile
     * @throws IllegalArgumentException if the drain is negative
     * @throws IllegalStateException if the pool is closed
     * @since 0.1
     */
    public CloseReport suspend(Duration drain) {
        return pool.bulkCloser().suspend(Messages.nanos("drain", drain, 0));
    }

    /**
     * Ends a suspension: those who wait are served in order of arrival. Does nothing if the pool is not suspended.
     *
     * @since 0.1
     */
    public void resume() {
        pool.resume();
    }

    /**
     * Changes the limit. A higher one serves those who wait at once. Below what is open, idle resources are closed now, under
     * {@code KEEP} too, and leased ones when their lease ends ({@link CloseReason#SURPLUS}).
     *
     * @param limit must be 1 or more; {@code Integer.MAX_VALUE} for none
     * @throws IllegalArgumentException if it is less than 1
     * @since 0.1
     */
    public void setLimit(int limit) {
        pool.bulkCloser().setLimit((int) Messages.atLeast("limit", limit, 1));
    }

    /**
     * Changes {@link Builder#acquireTimeout}, for acquires that begin from now on; those that wait already keep theirs.
     *
     * @param acquireTimeout must be zero or more
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public void setAcquireTimeout(Duration acquireTimeout) {
        pool.settings().acquireNanos = Messages.nanos("acquireTimeout", acquireTimeout, 0);
    }

    /**
     * Changes {@link Builder#idleTimeout}, for what is idle already, too.
     *
     * @param idleTimeout must be more than zero
     * @throws IllegalArgumentException if it is zero or negative
     * @throws IllegalStateException if the pool was built with {@code whenIdle(CLOSE)}, where nothing is idle
     * @since 0.1
     */
    public void setIdleTimeout(Duration idleTimeout) {
        long nanos = Messages.nanos("idleTimeout", idleTimeout, 1);
        requireKept("setIdleTimeout");
        pool.settings().idleNanos = nanos;
        pool.expiryChanged();
    }

    /**
     * Changes {@link Builder#maxAge}, for what is open already, too.
     *
     * @param maxAge must be more than zero
     * @throws IllegalArgumentException if it is zero or negative
     * @throws IllegalStateException if the pool was built with {@code whenIdle(CLOSE)}, where nothing outlives its scope
     * @since 0.1
     */
    public void setMaxAge(Duration maxAge) {
        long nanos = Messages.nanos("maxAge", maxAge, 1);
        requireKept("setMaxAge");
        pool.settings().ageNanos = nanos;
        pool.expiryChanged();
    }

    private void requireKept(String setter) {
        if (!pool.config().keeps()) {
            throw new IllegalStateException(pool.name() + ": " + setter
                    + " needs whenIdle(KEEP) or whenIdle(LEND), but the pool was built with whenIdle(CLOSE)");
        }
    }

    /**
     * Lists every resource there is at this moment, in no particular order. One that changes hands meanwhile is shown as it
     * was when it was looked at.
     *
     * @return an unmodifiable list
     */
    public List<ResourceInfo> snapshot() {
        return pool.snapshot();
    }

    /**
     * Returns the counters of this pool; {@link Stats} says which are exact.
     *
     * @return the counters at this moment
     */
    public Stats stats() {
        return pool.stats();
    }

    /**
     * Returns the name given to the builder, or one made up.
     *
     * @return the name
     */
    public String name() {
        return pool.config().name;
    }

    /**
     * Returns the present limit.
     *
     * @return the most that may be open at once, empty if there is no limit
     */
    public OptionalInt limit() {
        int limit = pool.limit();
        return limit == 0 ? OptionalInt.empty() : OptionalInt.of(limit);
    }

    /**
     * Tells whether {@code close} was called.
     *
     * @return {@code true} from the beginning of the first {@code close} on
     * @since 0.1
     */
    public boolean isClosed() {
        return pool.isClosed();
    }

    /**
     * Shows this pool to JMX as {@code dev.perthread:type=PerThread,name="…"}, with {@code ,id=2} and so on if the name is
     * taken, until either is closed. The server does not keep the pool in memory. What the system property {@code
     * perthread.jmx} has registered is not registered again.
     *
     * @return what ends it
     * @throws IllegalStateException if the pool is closed, or if there is no module {@code java.management}
     */
    public PerThreadMXBean.Registration registerMXBean() {
        try {
            return Jmx.register(this);
        } catch (LinkageError absent) {
            throw new IllegalStateException(Messages.noJmx(pool.name()), absent);
        }
    }

    /**
     * Closes as {@link #close(Duration)} does, with the grace that {@link Builder#closeTimeout} says.
     *
     * @throws ResourceCloseException if closers failed or did not return in time, once all were called: the first failure is
     *     the cause, the others are suppressed onto it
     */
    @Override
    public void close() {
        Failures.rethrowAll(pool.name(), pool.close(pool.config().closeNanos).failures());
    }

    /**
     * Refuses new leases at once, wakes every waiting thread at once, closes what is idle, waits for the leases of other
     * threads, and when the grace is over closes what is left under its users. Closers run side by side in threads of the
     * library. A lease of the calling thread itself is not waited for. What is just being opened cannot be closed; its thread
     * closes it when it has it, and gets an {@link IllegalStateException}. Interrupting the calling thread ends the grace.
     *
     * <p>Returns within the grace and {@link Builder#closerTimeout} together, whatever openers, closers, checks and listeners
     * do. A closer that has not returned by then is one of the report's failures, and is left to its own thread.
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
     * it. Exceptions of the action are logged. The pool keeps the action in memory.
     *
     * @param action runs once, with no lock held
     * @since 0.1
     */
    public void onClose(Runnable action) {
        Runnable guarded = guarded(name(), action);
        if (!pool.atEnd(guarded)) {
            guarded.run();
        }
    }

    static Runnable guarded(String name, Runnable action) {
        Objects.requireNonNull(action, "action");
        return () -> {
            try {
                action.run();
            } catch (Throwable failure) {
                Log.line(Level.WARNING, () -> name + ": an action of onClose failed", failure);
            }
        };
    }

    /** The name and the counters. */
    @Override
    public String toString() {
        Stats now = stats();
        return "PerThread[" + pool.name() + ", leased " + now.leased() + ", idle " + now.idle() + ", waiting "
                + now.waiting() + "]";
    }

    /**
     * The options of a pool. Not safe for use by several threads; it may be used again after {@link #build}.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     */
    public static final class Builder<T, X extends Exception> extends PoolBuilder<T, X, Builder<T, X>> {
        private Builder(TimedOpener<? extends T, ? extends X> opener, boolean timed, Closer<? super T> closer) {
            super(opener, timed, closer);
        }

        @Override
        Builder<T, X> self() {
            return this;
        }

        /**
         * Makes the pool. Opens nothing, unless {@code minIdle} is set: then it begins to open in the background.
         * With the system property {@code perthread.jmx=true} it is registered as {@link PerThread#registerMXBean} does.
         *
         * @return a new pool
         * @throws IllegalArgumentException if two options contradict each other, or one has no effect with the others
         */
        public PerThread<T, X> build() {
            PerThread<T, X> pool = new PerThread<>(config());
            if (isJmxWanted()) {
                pool.registerMXBean();
            }
            return pool;
        }
    }
}
