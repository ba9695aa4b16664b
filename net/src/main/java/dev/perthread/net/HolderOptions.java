package dev.perthread.net;

import dev.perthread.Action;
import dev.perthread.Check;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.PoolBuilder;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The options of a builder of connections that are those of their pool: how long a connection stays open, and how many may
 * be. They have nothing to do with networks.
 *
 * @param <B> that builder
 */
abstract sealed class HolderOptions<B extends HolderOptions<B>> permits NetworkOptions {
    final Options options;
    private final List<Consumer<PoolBuilder<Transport, IOException, ?>>> given = new ArrayList<>();
    private String name;
    private IdlePolicy whenIdle = IdlePolicy.CLOSE;
    private Predicate<? super Throwable> invalidates = failure -> true;
    private @Nullable Check<? super Connection> check;
    private @Nullable Action<? super Connection, ?> reset;
    private @Nullable String keeping; // an option without effect on a connection that is not kept

    HolderOptions(Options options, String name) {
        this.options = options;
        this.name = name;
    }

    abstract B self();

    /**
     * The name in messages, metrics and events. Default: the connection string without options, such as
     * {@code tcp://host:port}, and for many hosts {@code tcp://*} or {@code tls://*}.
     *
     * @param name not blank
     * @return this
     * @throws IllegalArgumentException if it is blank
     */
    public B name(String name) {
        this.name = name;
        return hold(options -> options.name(name));
    }

    /**
     * What a thread gets that opens inside its scope, as for {@link PerThread.Builder#reentry}. Default:
     * {@link ReentryPolicy#REJECT}.
     *
     * @param reentry the policy
     * @return this
     */
    public B reentry(ReentryPolicy reentry) {
        return hold(options -> options.reentry(reentry));
    }

    /**
     * What becomes of a connection when its scope ends, as for {@link PerThread.Builder#whenIdle}. Default:
     * {@link IdlePolicy#CLOSE}.
     *
     * @param whenIdle the policy
     * @return this
     */
    public B whenIdle(IdlePolicy whenIdle) {
        this.whenIdle = whenIdle;
        options.kept = whenIdle != IdlePolicy.CLOSE;
        return hold(options -> options.whenIdle(whenIdle));
    }

    /**
     * Closes a connection that has not been used for this time, as for {@link PerThread.Builder#idleTimeout}. Default:
     * never.
     *
     * @param idleTimeout more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     */
    public B idleTimeout(Duration idleTimeout) {
        return hold(options -> options.idleTimeout(idleTimeout));
    }

    /**
     * Closes a connection that has been open for this time, as for {@link PerThread.Builder#maxAge}. Default: never.
     *
     * @param maxAge more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     */
    public B maxAge(Duration maxAge) {
        return hold(options -> options.maxAge(maxAge));
    }

    /**
     * The most connections that may be open at once, as for {@link PerThread.Builder#limit}. Default: no limit.
     *
     * @param limit 1 or more
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     */
    public B limit(int limit) {
        hold(options -> options.limit(limit));
        options.limited = true;
        return self();
    }

    /**
     * The longest that {@code open} may take: waiting at the limit, keeping at a kept connection, and
     * connecting together. Default: the {@code openTimeout} if that was given and there is a {@code limit}, else 30 seconds,
     * or as long as the {@code openTimeout} may take if that is more.
     *
     * @param acquireTimeout zero or more; zero does not wait at the limit, and leaves the {@code openTimeout} for connecting
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B acquireTimeout(Duration acquireTimeout) {
        hold(options -> options.acquireTimeout(acquireTimeout));
        options.acquireTimeout = acquireTimeout;
        return self();
    }

    /**
     * The grace of {@code close()}. Default: 5 seconds.
     *
     * @param closeTimeout zero or more; zero forces at once
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B closeTimeout(Duration closeTimeout) {
        return hold(options -> options.closeTimeout(closeTimeout));
    }

    /**
     * Receives the events of the pool. Default: none.
     *
     * @param listener the listener
     * @return this
     */
    public B listener(Listener listener) {
        return hold(options -> options.listener(listener));
    }

    /**
     * Remembers where each scope began, as for {@link PerThread.Builder#trace}. Default: false.
     *
     * @param trace whether to
     * @return this
     */
    public B trace(boolean trace) {
        return hold(options -> options.trace(trace));
    }

    /**
     * When a kept connection may be used again, as for {@link PerThread.Builder#reuse}. Default:
     * {@link ReusePolicy#WHEN_DONE}. Needs {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}.
     *
     * @param reuse the policy
     * @return this
     * @since 0.1
     */
    public B reuse(ReusePolicy reuse) {
        return hold(options -> options.reuse(reuse));
    }

    /**
     * Validates a kept connection before it is handed out again, in addition to the look that it gets anyway, and after it:
     * by a question and its answer, for example. Default: that look alone. Needs {@code whenIdle(KEEP)} or
     * {@code whenIdle(LEND)}. A connection is closed if the check says so, fails, or invalidates it.
     *
     * @param check answers whether a connection is still usable; it must use it in its own thread, and not afterwards
     * @return this
     * @since 0.1
     */
    public B check(Check<? super Connection> check) {
        this.check = Objects.requireNonNull(check, "check");
        return self();
    }

    /**
     * Skips the look at a kept connection, and the {@code check}, if it was used within this time, as for
     * {@link PerThread.Builder#checkAfterIdle}. Default: it is looked at each time.
     *
     * @param time more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B checkAfterIdle(Duration time) {
        keeping = "checkAfterIdle";
        return hold(options -> options.checkAfterIdle(time));
    }

    /**
     * Looks at idle connections in the background, and runs the {@code check} on them, as for
     * {@link PerThread.Builder#checkIdleEvery}: one that the peer has closed does not stay open at this end. Default: never.
     *
     * @param time more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B checkIdleEvery(Duration time) {
        keeping = "checkIdleEvery";
        return hold(options -> options.checkIdleEvery(time));
    }

    /**
     * Resets a connection at the end of its last scope, before anybody else can have it, as for
     * {@link PerThread.Builder#reset}. Default: none. Needs {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}. A connection
     * whose reset throws, or invalidates it, is closed.
     *
     * @param reset brings a connection into the state of a new one; it must use it in its own thread, and not afterwards
     * @return this
     * @since 0.1
     */
    public B reset(Action<? super Connection, ?> reset) {
        this.reset = Objects.requireNonNull(reset, "reset");
        return self();
    }

    /**
     * Says after which failures of a body {@code call} and {@code run} close the connection. Default: after all of them. After one for which this answers {@code false} it is kept, as if the body had
     * returned, unless a read or write has failed. Needs {@code whenIdle(KEEP)} or {@code whenIdle(LEND)}.
     *
     * @param invalidateWhen {@code true} for a failure that may have left the connection in the middle of something; if it
     *     throws itself, that is suppressed onto the failure and counts as {@code true}
     * @return this
     * @since 0.1
     */
    public B invalidateWhen(Predicate<? super Throwable> invalidateWhen) {
        this.invalidates = Objects.requireNonNull(invalidateWhen, "invalidateWhen");
        keeping = "invalidateWhen";
        return self();
    }

    /**
     * Closes a connection after this many scopes, as for {@link PerThread.Builder#maxUses}. Default: no bound. Needs
     * {@code whenIdle(LEND)}.
     *
     * @param maxUses 1 or more
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     * @since 0.1
     */
    public B maxUses(long maxUses) {
        return hold(options -> options.maxUses(maxUses));
    }

    /**
     * Limits how many threads may wait at the limit, as for {@link PerThread.Builder#maxWaiting}. Default: no bound. Needs
     * {@link #limit}.
     *
     * @param maxWaiting 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B maxWaiting(int maxWaiting) {
        return hold(options -> options.maxWaiting(maxWaiting));
    }

    /**
     * Keeps at least this many connections idle, opened in the background, as for {@link PerThread.Builder#minIdle}.
     * Default: 0. Needs {@code whenIdle(LEND)}.
     *
     * @param minIdle 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B minIdle(int minIdle) {
        return hold(options -> options.minIdle(minIdle));
    }

    /**
     * Closes a connection whose scope ends while this many are idle, as for {@link PerThread.Builder#maxIdle}. Default: no
     * bound. Needs {@code whenIdle(LEND)}.
     *
     * @param maxIdle 0 or more, and not less than {@link #minIdle}
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @since 0.1
     */
    public B maxIdle(int maxIdle) {
        return hold(options -> options.maxIdle(maxIdle));
    }

    /**
     * Spares a server that is down, as for {@link PerThread.Builder#openBackoff}: while connecting keeps failing, further
     * {@code open()} fail at once with the last failure, until the next try is due. Default: each of them tries.
     *
     * @param first the delay after the first failure, more than zero
     * @param most the longest delay, not less than {@code first}
     * @return this
     * @throws IllegalArgumentException if {@code first} is zero or negative, or {@code most} is less than {@code first}
     * @since 0.1
     */
    public B openBackoff(Duration first, Duration most) {
        return hold(options -> options.openBackoff(first, most));
    }

    /**
     * Bounds how long closing waits for connections to close, as for {@link PerThread.Builder#closerTimeout}. Default: 5
     * seconds.
     *
     * @param closerTimeout more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B closerTimeout(Duration closerTimeout) {
        return hold(options -> options.closerTimeout(closerTimeout));
    }

    /**
     * Warns of a scope that lasts for longer than this, as for {@link PerThread.Builder#warnWhenHeldFor}. Default: never.
     *
     * @param time more than zero
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     * @since 0.1
     */
    public B warnWhenHeldFor(Duration time) {
        return hold(options -> options.warnWhenHeldFor(time));
    }

    /**
     * Counts how long scopes last, as for {@link PerThread.Builder#timeLeases}. Default: false.
     *
     * @param timeLeases whether to
     * @return this
     * @since 0.1
     */
    public B timeLeases(boolean timeLeases) {
        return hold(options -> options.timeLeases(timeLeases));
    }

    String name() {
        return name;
    }

    Predicate<? super Throwable> invalidates() {
        return invalidates;
    }

    /** A kept connection is looked at before it is handed out again; one that is not kept has nothing to look at. */
    <P extends PoolBuilder<Transport, IOException, P>> P configure(P pool) {
        given.forEach(option -> option.accept(pool));
        pool.name(name).acquireTimeout(options.acquireTimeout());
        boolean kept = whenIdle != IdlePolicy.CLOSE;
        if (keeping != null && !kept) {
            throw new IllegalArgumentException(
                    keeping + " has no effect with whenIdle(CLOSE), where nothing outlives its"
                            + " scope; leave it out, or build with whenIdle(KEEP) or whenIdle(LEND)");
        }
        Care care = new Care(name, Timeouts.millis(options.readTimeout), Timeouts.millis(options.writeTimeout()));
        if (check != null) {
            pool.check(care.check(check));
        } else if (kept) {
            pool.check(Transport::isReusable);
        }
        if (reset != null) {
            pool.reset(care.reset(reset));
        }
        return pool;
    }

    private B hold(Consumer<PoolBuilder<Transport, IOException, ?>> option) {
        option.accept(PerThread.timedBuilder( // refuses a bad value where it is given
                left -> {
                    throw new IOException("never opened");
                },
                Transport::close));
        given.add(option);
        return self();
    }
}
