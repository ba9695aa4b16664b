package dev.perthread.ref;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * The options of a reference, for one resource per thread or for many keys.
 *
 * @param <T> the resource
 * @param <X> what opening may throw
 * @param <B> the builder itself
 */
abstract sealed class RefBuilder<T, X extends Exception, B extends RefBuilder<T, X, B>>
        permits PerThreadRef.Builder, KeyedPerThreadRef.Builder {
    final String id;
    final PoolConfig<T, X> config;

    RefBuilder(String id, Serializable opener) {
        this.id = id;
        this.config = new PoolConfig<>(opener);
    }

    abstract B self();

    B set(PoolOption option, Object value) {
        config.set(option, value);
        return self();
    }

    /**
     * Closes a resource, as for {@link PerThread.Builder#closer}.
     *
     * @param closer called once for each resource
     * @return this
     * @since 0.1
     */
    public B closer(SerializableCloser<? super T> closer) {
        return set(PoolOption.CLOSER, closer);
    }

    /**
     * Validates a resource before it is handed out again, as for {@link PerThread.Builder#check}.
     *
     * @param check returns whether a resource is still usable
     * @return this
     * @since 0.1
     */
    public B check(SerializableCheck<? super T> check) {
        return set(PoolOption.CHECK, check);
    }

    /**
     * What happens when a thread acquires while it already holds a lease, as for {@link PerThread.Builder#reentry}.
     *
     * @param reentry the policy
     * @return this
     * @since 0.1
     */
    public B reentry(ReentryPolicy reentry) {
        return set(PoolOption.REENTRY, reentry);
    }

    /**
     * What happens to a resource when its lease closes, as for {@link PerThread.Builder#whenIdle}.
     *
     * @param whenIdle the policy
     * @return this
     * @since 0.1
     */
    public B whenIdle(IdlePolicy whenIdle) {
        return set(PoolOption.WHEN_IDLE, whenIdle);
    }

    /**
     * Closes a resource that has been idle for this long, as for {@link PerThread.Builder#idleTimeout}.
     *
     * @param idleTimeout more than zero
     * @return this
     * @since 0.1
     */
    public B idleTimeout(Duration idleTimeout) {
        return set(PoolOption.IDLE_TIMEOUT, idleTimeout);
    }

    /**
     * Closes a resource that has been open for this long, as for {@link PerThread.Builder#maxAge}.
     *
     * @param maxAge more than zero
     * @return this
     * @since 0.1
     */
    public B maxAge(Duration maxAge) {
        return set(PoolOption.MAX_AGE, maxAge);
    }

    /**
     * The most resources that may be open at once in each Java virtual machine, as for {@link PerThread.Builder#limit}.
     *
     * @param limit 1 or more
     * @return this
     * @since 0.1
     */
    public B limit(int limit) {
        return set(PoolOption.LIMIT, limit);
    }

    /**
     * How long {@code acquire} waits at the limit, as for {@link PerThread.Builder#acquireTimeout}.
     *
     * @param acquireTimeout zero or more
     * @return this
     * @since 0.1
     */
    public B acquireTimeout(Duration acquireTimeout) {
        return set(PoolOption.ACQUIRE_TIMEOUT, acquireTimeout);
    }

    /**
     * The grace of {@link Ref#close()}, as for {@link PerThread.Builder#closeTimeout}.
     *
     * @param closeTimeout zero or more
     * @return this
     * @since 0.1
     */
    public B closeTimeout(Duration closeTimeout) {
        return set(PoolOption.CLOSE_TIMEOUT, closeTimeout);
    }

    /**
     * Remembers where each lease was acquired, as for {@link PerThread.Builder#trace}.
     *
     * @param trace whether to
     * @return this
     * @since 0.1
     */
    public B trace(boolean trace) {
        return set(PoolOption.TRACE, trace);
    }

    /**
     * Skips the check of a resource that was used within this time, as for {@link PerThread.Builder#checkAfterIdle}.
     *
     * @param checkAfterIdle more than zero
     * @return this
     * @since 0.1
     */
    public B checkAfterIdle(Duration checkAfterIdle) {
        return set(PoolOption.CHECK_AFTER_IDLE, checkAfterIdle);
    }

    /**
     * Checks idle resources in the background at this interval, as for {@link PerThread.Builder#checkIdleEvery}.
     *
     * @param checkIdleEvery more than zero
     * @return this
     * @since 0.1
     */
    public B checkIdleEvery(Duration checkIdleEvery) {
        return set(PoolOption.CHECK_IDLE_EVERY, checkIdleEvery);
    }

    /**
     * Which resources may be used again, as for {@link PerThread.Builder#reuse}.
     *
     * @param reuse the policy
     * @return this
     * @since 0.1
     */
    public B reuse(ReusePolicy reuse) {
        return set(PoolOption.REUSE, reuse);
    }

    /**
     * Replaces a resource after this many uses, as for {@link PerThread.Builder#maxUses}.
     *
     * @param maxUses 1 or more
     * @return this
     * @since 0.1
     */
    public B maxUses(long maxUses) {
        return set(PoolOption.MAX_USES, maxUses);
    }

    /**
     * Bounds the threads that wait at the limit; a further acquire is refused at once, as for {@link PerThread.Builder#maxWaiting}.
     *
     * @param maxWaiting zero or more
     * @return this
     * @since 0.1
     */
    public B maxWaiting(int maxWaiting) {
        return set(PoolOption.MAX_WAITING, maxWaiting);
    }

    /**
     * Keeps at least this many resources open and idle, as for {@link PerThread.Builder#minIdle}.
     *
     * @param minIdle zero or more
     * @return this
     * @since 0.1
     */
    public B minIdle(int minIdle) {
        return set(PoolOption.MIN_IDLE, minIdle);
    }

    /**
     * Closes idle resources above this number, as for {@link PerThread.Builder#maxIdle}.
     *
     * @param maxIdle zero or more
     * @return this
     * @since 0.1
     */
    public B maxIdle(int maxIdle) {
        return set(PoolOption.MAX_IDLE, maxIdle);
    }

    /**
     * Interrupts an opener that takes longer than this, as for {@link PerThread.Builder#openTimeout}.
     *
     * @param openTimeout more than zero
     * @return this
     * @since 0.1
     */
    public B openTimeout(Duration openTimeout) {
        return set(PoolOption.OPEN_TIMEOUT, openTimeout);
    }

    /**
     * Bounds the wait for a closer; one that is stuck is reported, as for {@link PerThread.Builder#closerTimeout}.
     *
     * @param closerTimeout more than zero
     * @return this
     * @since 0.1
     */
    public B closerTimeout(Duration closerTimeout) {
        return set(PoolOption.CLOSER_TIMEOUT, closerTimeout);
    }

    /**
     * Warns once about a lease that is held for longer than this, as for {@link PerThread.Builder#warnWhenHeldFor}.
     *
     * @param warnWhenHeldFor more than zero
     * @return this
     * @since 0.1
     */
    public B warnWhenHeldFor(Duration warnWhenHeldFor) {
        return set(PoolOption.WARN_WHEN_HELD_FOR, warnWhenHeldFor);
    }

    /**
     * Measures how long leases are held, as for {@link PerThread.Builder#timeLeases}.
     *
     * @param timeLeases whether to
     * @return this
     * @since 0.1
     */
    public B timeLeases(boolean timeLeases) {
        return set(PoolOption.TIME_LEASES, timeLeases);
    }

    /**
     * Resets a resource before it is used again, as for {@link PerThread.Builder#reset}.
     *
     * @param reset brings a resource into the state of a new one
     * @return this
     * @since 0.1
     */
    public B reset(SerializableReset<? super T> reset) {
        return set(PoolOption.RESET, reset);
    }

    /**
     * Spares a server that is down, as for {@link PerThread.Builder#openBackoff}.
     *
     * @param first the delay after the first failure, more than zero
     * @param most the longest delay, not less than {@code first}
     * @return this
     * @since 0.1
     */
    public B openBackoff(Duration first, Duration most) {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(most, "most");
        return set(PoolOption.OPEN_BACKOFF, List.of(first, most));
    }
}
