package dev.perthread.net;

import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.Opener;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The options of a connection's builder that are those of its pool: how long a connection stays open, and how many may
 * be.
 *
 * <p>The half of {@link LazyConnection.Builder} that has nothing to do with networks.
 *
 * @param <B> that builder
 */
abstract sealed class HolderOptions<B extends HolderOptions<B>> permits LazyConnection.Builder {
    final Options options;
    private final List<Consumer<PerThread.Builder<Transport, IOException>>> given = new ArrayList<>();
    private String name;
    private IdlePolicy whenIdle = IdlePolicy.CLOSE;

    HolderOptions(Options options) {
        this.options = options;
        this.name = options.name();
    }

    abstract B self();

    /**
     * The name in messages, metrics and events. Default: the connection string without
     * options, such as {@code tcp://host:port}.
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
     * Closes a connection that nobody has used for so long, as for {@link PerThread.Builder#idleTimeout}. Default:
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
     * Closes a connection that has been open for so long, as for {@link PerThread.Builder#maxAge}. Default: never.
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
     * How long {@link LazyConnection#open()} waits at the limit, before it connects. Default: 30 seconds. Needs a
     * {@code limit}.
     *
     * @param acquireTimeout zero or more; zero does not wait at all
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B acquireTimeout(Duration acquireTimeout) {
        hold(options -> options.acquireTimeout(acquireTimeout));
        options.acquireTimeout = acquireTimeout;
        return self();
    }

    /**
     * The grace of {@link LazyConnection#close()}. Default: 5 seconds.
     *
     * @param closeTimeout zero or more; zero forces at once
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B closeTimeout(Duration closeTimeout) {
        return hold(options -> options.closeTimeout(closeTimeout));
    }

    /**
     * Is told what happens. Default: none.
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

    String name() {
        return name;
    }

    /** A kept connection is looked at before it is handed out again; one that is not kept has nothing to look at. */
    PerThread<Transport, IOException> holder(Opener<Transport, IOException> opener) {
        PerThread.Builder<Transport, IOException> holding = PerThread.builder(opener);
        given.forEach(option -> option.accept(holding));
        holding.name(name);
        if (whenIdle != IdlePolicy.CLOSE) {
            holding.check(Transport::isReusable).reuse(ReusePolicy.UNLESS_INVALIDATED);
        }
        return holding.build();
    }

    private B hold(Consumer<PerThread.Builder<Transport, IOException>> option) {
        option.accept(PerThread.builder(() -> {
            throw new IOException("only there to refuse a bad value here and not at build");
        }));
        given.add(option);
        return self();
    }
}
