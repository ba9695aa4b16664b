package dev.perthread;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The options that the builders of {@link PerThread} and {@link KeyedPerThread} share, for code that sets options of either.
 *
 * @param <T> the resource
 * @param <X> what opening may throw
 * @param <B> the builder itself
 * @since 0.1
 */
public abstract class PoolBuilder<T, X extends Exception, B extends PoolBuilder<T, X, B>> {
    private static final AtomicLong NAMES = new AtomicLong();

    final TimedOpener<? extends T, ? extends X> opener;
    final boolean timed;
    String name = "";
    Closer<? super T> closer;

    @Nullable
    Check<? super T> check;

    @Nullable
    Action<? super T, ?> reset;

    ReentryPolicy reentry = ReentryPolicy.REJECT;
    IdlePolicy whenIdle = IdlePolicy.CLOSE;

    ReusePolicy reuse = ReusePolicy.WHEN_DONE;
    private boolean reuseGiven;

    int limit = Integer.MAX_VALUE;
    int maxWaiting = Integer.MAX_VALUE;
    int minIdle;
    int maxIdle = Integer.MAX_VALUE;
    long maxUses = Long.MAX_VALUE;
    long idleNanos;
    long ageNanos;
    long acquireNanos = Duration.ofSeconds(30).toNanos();
    long closeNanos = Duration.ofSeconds(5).toNanos();
    long closerNanos = Duration.ofSeconds(5).toNanos();
    long openNanos;
    long warnNanos;
    long checkEveryNanos;
    long checkAfterNanos;
    long backoffFirst;
    long backoffMost;
    boolean timeLeases;
    boolean trace;

    @Nullable
    Predicate<? super Throwable> invalidateWhen;

    @Nullable
    Listener listener;

    LongSupplier clock = CoarseClock.SYSTEM;

    /** Package-private, so that nobody else extends this; naming the builders here would tie the options to the engine. */
    PoolBuilder(TimedOpener<? extends T, ? extends X> opener, boolean timed, Closer<? super T> closer) {
        this.opener = Objects.requireNonNull(opener, "opener");
        this.timed = timed;
        this.closer = Objects.requireNonNull(closer, "closer");
    }

    abstract B self();

    /** Whether whoever started the program wants its pools in JMX, without a change of the program. */
    static boolean isJmxWanted() {
        return Boolean.getBoolean("perthread.jmx");
    }

    /**
     * Names the pool in messages, metrics and events. Default: {@code perthread-} and a number.
     *
     * @param name must not be blank
     * @return this
     * @throws IllegalArgumentException if it is blank
     * @since 0.1
     */
    public B name(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("name must not be blank; leave it out for a default");
        }
        this.name = name;
        return self();
    }

    /**
     * Sets what closes a resource, in the place of the closer given before.
     *
     * @param closer called once for each resource; {@link Closer#none()} for what needs no closing
     * @return this
     * @since 0.1
     */
    public B closer(Closer<? super T> closer) {
        this.closer = Objects.requireNonNull(closer, "closer");
        return self();
    }

    /**
     * Validates a kept or lent resource before it is handed out again. Default: no check. Needs {@code whenIdle(KEEP)} or
     * {@code whenIdle(LEND)}. A resource that fails is closed, and another one opened in its place.
     *
     * @param check answers whether a resource is still usable
     * @return this
     * @since 0.1
     */
    public B check(Check<? super T> check) {
        this.check = Objects.requireNonNull(check, "check");
        return self();
    }

    /**
     * Skips the check before reuse if the resource was used within this time. Default: the check is made each time. Needs
     * {@code check}.
     *
     * @param time must be more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B checkAfterIdle(Duration time) {
        this.checkAfterNanos = Messages.nanos("checkAfterIdle", time, 1);
        return self();
    }

    /**
     * Runs the check in the background on resources that were neither used nor checked for this time (keep-alive). Default:
     * never. Needs {@code check}. A resource that is being checked is not leased; one that fails is closed. The
     * owner of a kept resource that acquires during its check waits for it, within its own timeout.
     *
     * @param time must be more than zero; checked late by at most a quarter of it, or 10 ms
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B checkIdleEvery(Duration time) {
        this.checkEveryNanos = Messages.nanos("checkIdleEvery", time, 1);
        return self();
    }

    /**
     * Resets a resource at the end of its last lease, before anybody else can have it: rolls back, clears buffers, sets
     * the working directory. Default: none. Needs {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}. Called by the owner's
     * thread, with no lock held, and only for a resource that is to be reused. If it throws, the resource is closed
     * ({@link CloseReason#RESET_FAILED}) and {@link Listener#resetFailed} is called; {@code close()} does not throw for it,
     * nor for a closer that then fails, and where a body threw, the failure is suppressed onto that.
     *
     * @param reset brings a resource into the state of a new one
     * @return this
     * @since 0.1
     */
    public B reset(Action<? super T, ?> reset) {
        this.reset = Objects.requireNonNull(reset, "reset");
        return self();
    }

    /**
     * Sets what happens when a thread acquires while it already holds a lease. Default: {@link ReentryPolicy#REJECT}.
     *
     * @param reentry the policy
     * @return this
     * @since 0.1
     */
    public B reentry(ReentryPolicy reentry) {
        this.reentry = Objects.requireNonNull(reentry, "reentry");
        return self();
    }

    /**
     * Sets what becomes of a resource when its lease closes. Default: {@link IdlePolicy#CLOSE}.
     *
     * @param whenIdle the policy
     * @return this
     * @since 0.1
     */
    public B whenIdle(IdlePolicy whenIdle) {
        this.whenIdle = Objects.requireNonNull(whenIdle, "whenIdle");
        return self();
    }

    /**
     * Sets when a resource may be reused after its lease. Default: {@link ReusePolicy#WHEN_DONE}. Needs
     * {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}.
     *
     * @param reuse the policy
     * @return this
     * @since 0.1
     */
    public B reuse(ReusePolicy reuse) {
        this.reuse = Objects.requireNonNull(reuse, "reuse");
        this.reuseGiven = true;
        return self();
    }

    /**
     * Closes a resource that has not been used for this time. Default: never. Needs {@code whenIdle(KEEP)} or
     * {@code whenIdle(LEND)}. An expired resource is never handed out; its closing may come a little later.
     *
     * @param idleTimeout must be more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B idleTimeout(Duration idleTimeout) {
        this.idleNanos = Messages.nanos("idleTimeout", idleTimeout, 1);
        return self();
    }

    /**
     * Closes a resource that has been open for this time, never inside a scope. Default: never. Needs
     * {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}. Each resource gets up to a tenth less, so that those opened together
     * are not all replaced together.
     *
     * @param maxAge must be more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B maxAge(Duration maxAge) {
        this.ageNanos = Messages.nanos("maxAge", maxAge, 1);
        return self();
    }

    /**
     * Closes a resource after this many leases. Default: no bound. Needs {@code whenIdle(LEND)}.
     *
     * @param maxUses must be 1 or more
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     * @since 0.1
     */
    public B maxUses(long maxUses) {
        this.maxUses = Messages.atLeast("maxUses", maxUses, 1);
        return self();
    }

    /**
     * Limits how many resources may be open at once, those being opened or closed included. Default: no limit. Threads wait
     * in order of arrival. Under {@code LEND} the last user of a resource may take it again before them, until the first has
     * waited four milliseconds. Under {@code KEEP} a living thread's idle resource counts and stays its own.
     *
     * @param limit must be 1 or more
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     * @since 0.1
     */
    public B limit(int limit) {
        this.limit = (int) Messages.atLeast("limit", limit, 1);
        return self();
    }

    /**
     * Limits how many threads may wait at the limit; a further acquire fails at once with {@link AcquireRefusedException}.
     * Default: no bound. Needs {@code limit}.
     *
     * @param maxWaiting must be 0 or more; with 0 no thread waits
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B maxWaiting(int maxWaiting) {
        this.maxWaiting = (int) Messages.atLeast("maxWaiting", maxWaiting, 0);
        return self();
    }

    /**
     * Keeps at least this many resources idle, opened in the background, as far as the limit permits. Default: 0. Needs
     * {@code whenIdle(LEND)}. With {@code maxAge} a successor is opened ahead of time.
     *
     * @param minIdle must be 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B minIdle(int minIdle) {
        this.minIdle = (int) Messages.atLeast("minIdle", minIdle, 0);
        return self();
    }

    /**
     * Closes a resource that is released while this many are idle ({@link CloseReason#SURPLUS}). Default: no bound. Needs
     * {@code whenIdle(LEND)}.
     *
     * @param maxIdle must be 0 or more, and not less than {@code minIdle}
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B maxIdle(int maxIdle) {
        this.maxIdle = (int) Messages.atLeast("maxIdle", maxIdle, 0);
        return self();
    }

    /**
     * Bounds an acquire: the wait at the limit, the check and the opener together. A check or an opener that is running when
     * the time is over is not ended by it, unless {@link #openTimeout} is set, and then an acquire can take longer.
     * Default: 30 seconds.
     *
     * @param acquireTimeout must be zero or more; zero does not wait
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B acquireTimeout(Duration acquireTimeout) {
        this.acquireNanos = Messages.nanos("acquireTimeout", acquireTimeout, 0);
        return self();
    }

    /**
     * Interrupts a check or an opener that runs for longer than this, or beyond the timeout of its acquire; the caller gets
     * an {@link AcquireTimeoutException}, with its interrupt flag clear. The permit comes back when the opener has returned,
     * which one that ignores interrupts does in its own time. Default: no thread is interrupted.
     *
     * @param openTimeout must be more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B openTimeout(Duration openTimeout) {
        this.openNanos = Messages.nanos("openTimeout", openTimeout, 1);
        return self();
    }

    /**
     * Spares a server that is down: after a failure to open, further acquires that would open fail at once with what the
     * opener threw last, until the next try is due. The delay doubles with each failure in a row; the first success ends it.
     * Default: every acquire tries.
     *
     * @param first the delay after the first failure, more than zero
     * @param most the longest delay, not less than {@code first}
     * @return this
     * @throws IllegalArgumentException if {@code first} is zero or negative, or {@code most} is less than {@code first}
     * @since 0.1
     */
    public B openBackoff(Duration first, Duration most) {
        long firstNanos = Messages.nanos("first", first, 1);
        long mostNanos = Messages.nanos("most", most, 1);
        if (mostNanos < firstNanos) {
            throw new IllegalArgumentException("most must not be less than first (" + first + "), but was " + most);
        }
        this.backoffFirst = firstNanos;
        this.backoffMost = mostNanos;
        return self();
    }

    /**
     * Bounds the grace of {@code close()}. Default: 5 seconds.
     *
     * @param closeTimeout must be zero or more; zero forces at once
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B closeTimeout(Duration closeTimeout) {
        this.closeNanos = Messages.nanos("closeTimeout", closeTimeout, 0);
        return self();
    }

    /**
     * Bounds how long {@code close}, {@code suspend}, {@code evict} and {@code reap} wait for closers, which run side by
     * side. One that takes longer is reported and left to its own thread. Default: 5 seconds.
     *
     * @param closerTimeout must be more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B closerTimeout(Duration closerTimeout) {
        this.closerNanos = Messages.nanos("closerTimeout", closerTimeout, 1);
        return self();
    }

    /**
     * Warns of a lease that lasts for longer than this: once in the log, with the owner's stack at that time and with where it
     * was acquired if tracing is on, to {@link Listener#heldTooLong}, and to Flight Recorder; and once more in the log when
     * it comes back. Default: never.
     *
     * @param time must be more than zero; noticed late by at most a quarter of it, or 10 ms
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B warnWhenHeldFor(Duration time) {
        this.warnNanos = Messages.nanos("warnWhenHeldFor", time, 1);
        return self();
    }

    /**
     * Says after which failures of a body {@code call} and {@code run} close the resource. Default: after all of them. After
     * one for which this answers {@code false} the resource is reused, as if the body had returned. Needs
     * {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}.
     *
     * @param invalidateWhen {@code true} for a failure that may have left the resource in the middle of something; if it
     *     throws itself, that is suppressed onto the failure and counts as {@code true}
     * @return this
     * @since 0.1
     */
    public B invalidateWhen(Predicate<? super Throwable> invalidateWhen) {
        this.invalidateWhen = Objects.requireNonNull(invalidateWhen, "invalidateWhen");
        return self();
    }

    /**
     * Sets the listener. Default: none.
     *
     * @param listener receives the events
     * @return this
     * @since 0.1
     */
    public B listener(Listener listener) {
        this.listener = Objects.requireNonNull(listener, "listener");
        return self();
    }

    /**
     * Remembers where each lease was acquired, for messages, {@link ResourceInfo#acquiredAt}, warnings and leaks. Default:
     * {@code false}, because taking a stack trace costs some microseconds per lease.
     *
     * @param trace whether to
     * @return this
     * @since 0.1
     */
    public B trace(boolean trace) {
        this.trace = trace;
        return self();
    }

    /**
     * Counts the time for which resources are leased in {@link Stats#leaseNanos}. Default: {@code false}, because it reads
     * the clock twice per lease. Also counted with a listener that wants leases.
     *
     * @param timeLeases whether to
     * @return this
     * @since 0.1
     */
    public B timeLeases(boolean timeLeases) {
        this.timeLeases = timeLeases;
        return self();
    }

    /** Whatever the idle policy is, what it keeps may be reused; for tests. */
    B reusing() {
        this.reuse = ReusePolicy.UNLESS_INVALIDATED;
        return self();
    }

    /** Time for expiry, in nanoseconds; for tests. */
    B clock(LongSupplier nanoTime) {
        this.clock = nanoTime;
        return self();
    }

    PoolConfig<T, X> config() {
        refuseWithout(
                whenIdle != IdlePolicy.CLOSE,
                "whenIdle(CLOSE), where nothing outlives its scope",
                "KEEP) or whenIdle(LEND");
        refuseUnless(whenIdle == IdlePolicy.LEND);
        refuseWithOneUse(maxUses == 1);
        refuseLongerThan("maxAge", ageNanos);
        refuseLongerThan("idleTimeout", idleNanos);
        refuse(
                checkAfterNanos > 0 && check == null,
                "checkAfterIdle has no effect without a check; add check, or leave it out");
        refuse(
                checkEveryNanos > 0 && check == null,
                "checkIdleEvery has no effect without a check; add check, or leave it out");
        refuse(
                maxWaiting != Integer.MAX_VALUE && !isLimited(),
                "maxWaiting has no effect without a limit, where no thread waits; add limit, or leave it out");
        refuse(maxIdle < minIdle, "maxIdle must not be less than minIdle (" + minIdle + "), but was " + maxIdle);
        refuse(minIdle > limit, "minIdle must not be more than limit (" + limit + "), but was " + minIdle);
        refuse(
                maxIdle != Integer.MAX_VALUE && maxIdle > limit,
                "maxIdle must not be more than limit (" + limit + "), where it has no effect, but was " + maxIdle);
        return new PoolConfig<>(this, name.isEmpty() ? "perthread-" + NAMES.incrementAndGet() : name);
    }

    boolean isLimited() {
        return limit != Integer.MAX_VALUE;
    }

    private void refuseWithout(boolean given, String with, String needed) {
        if (given) {
            return;
        }
        refuseIdle(idleNanos > 0, "idleTimeout", with, needed);
        refuseIdle(ageNanos > 0, "maxAge", with, needed);
        refuseIdle(check != null, "check", with, needed);
        refuseIdle(reset != null, "reset", with, needed);
        refuseIdle(reuseGiven, "reuse", with, needed);
        refuseIdle(invalidateWhen != null, "invalidateWhen", with, needed);
    }

    private void refuseUnless(boolean lends) {
        if (!lends) {
            String with = "whenIdle(" + whenIdle + "), where no resource is shared by threads";
            refuseIdle(maxUses != Long.MAX_VALUE, "maxUses", with, "LEND");
            refuseIdle(minIdle > 0, "minIdle", with, "LEND");
            refuseIdle(maxIdle != Integer.MAX_VALUE, "maxIdle", with, "LEND");
        }
    }

    private void refuseWithOneUse(boolean once) {
        String without = " has no effect with maxUses(1), where nothing is used again; leave one of them out";
        refuse(once && reset != null, "reset" + without);
        refuse(once && invalidateWhen != null, "invalidateWhen" + without);
    }

    /** A check that is due only after the end of a resource is never made. */
    private void refuseLongerThan(String end, long nanos) {
        refuseLonger("checkIdleEvery", checkEveryNanos, end, nanos);
        if (checkEveryNanos == 0) { // otherwise it says that the check is for the background only
            refuseLonger("checkAfterIdle", checkAfterNanos, end, nanos);
        }
    }

    private static void refuseLonger(String option, long given, String end, long nanos) {
        refuse(
                nanos > 0 && given > nanos,
                option + " must not be more than " + end + " (" + Duration.ofNanos(nanos)
                        + "), or nothing is ever checked, but was " + Duration.ofNanos(given));
    }

    private static void refuseIdle(boolean given, String option, String with, String needed) {
        refuse(
                given,
                option + " has no effect with " + with + "; leave it out, or build with whenIdle(" + needed + ")");
    }

    private static void refuse(boolean wrong, String message) {
        if (wrong) {
            throw new IllegalArgumentException(message);
        }
    }
}
