package dev.perthread;

import java.time.Duration;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One pool for many keys, such as addresses, tenants or shards: each thread gets its own dedicated resource for each key,
 * as from a {@link PerThread}, with a limit for each key and one for all.
 *
 * <pre>{@code
 * try (KeyedPerThread<InetSocketAddress, Client, IOException> clients = KeyedPerThread
 *         .<InetSocketAddress, Client, IOException>builder(Client::new, Client::close)
 *         .whenIdle(IdlePolicy.LEND)
 *         .limit(64)
 *         .limitPerKey(4)
 *         .build()) {
 *     String answer = clients.call(address, client -> client.ask(question));
 * }
 * }</pre>
 *
 * <p>What {@link PerThread} says of a thread holds of a thread and a key: re-entry, for one, is acquiring for a key while
 * holding a lease for the same key. All policies and options apply to each key.
 *
 * <p><b>Limits.</b> A resource needs room under both limits. Threads wait in order of arrival, but one whose key is at its
 * limit never blocks one whose key is not. Where the limit for all is reached under {@link IdlePolicy#LEND}, the longest idle
 * resource of another key makes room ({@link CloseReason#MADE_ROOM}): it is closed by a thread of the library, and when its
 * closer has returned, the thread that has waited longest gets its permit. Under {@link IdlePolicy#KEEP} nothing of a living
 * thread makes room: kept resources go by {@link Builder#idleTimeout}, {@link #release}, or {@link #evictIdle()}.
 *
 * <p><b>Keys</b> are compared by {@code equals} and {@code hashCode}, which must not change while a key is in use; they run
 * in the thread that calls, with no lock held. A key has an entry here while there is a resource for it, or a thread that
 * waits for one (and with {@link Builder#openBackoff} while an outage is remembered); after that nothing is left of it.
 *
 * <p>All methods may be called by any thread, platform or virtual. The opener, closer, check, reset, listener and body run
 * with no lock held.
 *
 * @param <K> the key
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 * @since 0.1
 */
public final class KeyedPerThread<K, T, X extends Exception> implements AutoCloseable {
    private final PoolConfig<T, X> config;
    private final TimedKeyedOpener<? super K, ? extends T, ? extends X> opener;
    private final int limitPerKey;
    private final TotalLimit<T> total;
    private final KeyTable<K, T, X> keys;
    private final Queue<Runnable> atEnd = new ConcurrentLinkedQueue<>();
    private volatile boolean closed; // set before the total limit's, which decides

    private KeyedPerThread(
            PoolConfig<T, X> config,
            TimedKeyedOpener<? super K, ? extends T, ? extends X> opener,
            int limit,
            int limitPerKey) {
        this.config = config;
        this.opener = opener;
        this.limitPerKey = limitPerKey;
        this.total = new TotalLimit<>(limit);
        this.keys = new KeyTable<>(total.lock);
    }

    /**
     * Starts a pool of resources that are {@link AutoCloseable}, and are closed by that.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource for a key
     * @return a builder with the defaults
     */
    public static <K, T extends AutoCloseable, X extends Exception> Builder<K, T, X> builder(
            KeyedOpener<? super K, ? extends T, ? extends X> opener) {
        return builder(opener, AutoCloseable::close);
    }

    /**
     * Starts a pool of any resources.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource for a key
     * @param closer closes one resource; {@link Closer#none()} if there is nothing to close
     * @return a builder with the defaults
     */
    public static <K, T, X extends Exception> Builder<K, T, X> builder(
            KeyedOpener<? super K, ? extends T, ? extends X> opener, Closer<? super T> closer) {
        Objects.requireNonNull(opener, "opener");
        return new Builder<>(new Untimed<>(opener), false, closer);
    }

    /**
     * Starts a pool whose opener can keep to a deadline.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param opener opens one resource for a key, within the time that is left
     * @param closer closes one resource; {@link Closer#none()} if there is nothing to close
     * @return a builder with the defaults
     */
    public static <K, T, X extends Exception> Builder<K, T, X> timedBuilder(
            TimedKeyedOpener<? super K, ? extends T, ? extends X> opener, Closer<? super T> closer) {
        return new Builder<>(Objects.requireNonNull(opener, "opener"), true, closer);
    }

    /** An opener that does not ask for the time. */
    record Untimed<K, T, X extends Exception>(KeyedOpener<? super K, ? extends T, ? extends X> opener)
            implements TimedKeyedOpener<K, T, X> {
        @Override
        public T open(K key, Duration left) throws X {
            return opener.open(key);
        }
    }

    /** The opener of one key. */
    record ForKey<K, T, X extends Exception>(TimedKeyedOpener<? super K, ? extends T, ? extends X> opener, K key)
            implements TimedOpener<T, X>, PoolConfig.OpenerAdapter {
        @Override
        public T open(Duration left) throws X {
            return opener.open(key, left);
        }

        @Override
        public Object userOpener() {
            return opener instanceof Untimed<?, ?, ?> untimed ? untimed.opener() : opener;
        }
    }

    // ---- keys ----

    private Pool<T, X> poolOf(K key) {
        Objects.requireNonNull(key, "key");
        KeyTable.Entry<K, T, X> known = keys.find(key);
        return known != null ? known.pool : newPool(key);
    }

    private Pool<T, X> newPool(K key) {
        if (closed) {
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        String text = Messages.key(key);
        return keys.findOrAdd(
                        key,
                        entry -> new Pool<>(
                                new PoolConfig<>(
                                        config,
                                        new PoolConfig.OfKey<>(
                                                text,
                                                limitPerKey,
                                                new ForKey<K, T, X>(opener, key),
                                                total.limit != Integer.MAX_VALUE)),
                                total,
                                () -> keys.remove(entry)))
                .pool;
    }

    /** Those that have a resource or a waiter. */
    private List<Pool<T, ?>> pools() {
        return total.pools().stream().<Pool<T, ?>>map(pool -> (Pool<T, ?>) pool).toList();
    }

    private @Nullable Pool<T, X> find(K key) {
        KeyTable.Entry<K, T, X> known = keys.find(Objects.requireNonNull(key, "key"));
        return known == null ? null : known.pool;
    }

    // ---- acquire ----

    /**
     * Leases the calling thread's own resource for a key, opened now if need be. The wait at the limits, the check and the
     * opener together are bounded as {@link Builder#acquireTimeout} says.
     *
     * @param key for which; not {@code null}
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw; nothing is left behind and the next call tries again
     * @throws ReentryException if the thread already holds a lease for this key and re-entry is rejected, or if the opener
     *     for this key itself calls
     * @throws AcquireTimeoutException if a limit was reached and nothing became free in time, or if the check or the opener
     *     took too long
     * @throws AcquireRefusedException if too many threads wait for this key already
     * @throws AcquireInterruptedException if the thread was interrupted while it waited; the flag is set again
     * @throws IllegalStateException if the pool is closed, before or while the thread waited
     */
    public Lease<T> acquire(K key) throws X {
        return acquire(key, config.acquireNanos);
    }

    /**
     * The same, with another bound, as for {@link PerThread#acquire(Duration)}.
     *
     * @param key for which; not {@code null}
     * @param timeout must be zero or more; zero does not wait, but for what is just being closed because its thread ended, its
     *     time was over, or it makes room, and for that 0.1 s at most
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ReentryException as for {@link #acquire(Object)}
     * @throws AcquireTimeoutException as for {@link #acquire(Object)}
     * @throws AcquireRefusedException as for {@link #acquire(Object)}
     * @throws AcquireInterruptedException as for {@link #acquire(Object)}
     * @throws IllegalStateException as for {@link #acquire(Object)}
     */
    public Lease<T> acquire(K key, Duration timeout) throws X {
        return acquire(key, Messages.nanos("timeout", timeout, 0));
    }

    /**
     * Leases a resource if that needs no waiting: the thread's own for this key, one for this key that is idle, or a new one if
     * there is room under both limits. Nothing of another key makes room for it: that one's closer would have to be waited for.
     *
     * @param key for which; not {@code null}
     * @return a new lease, or empty if a limit is reached or others wait for this key
     * @throws X what the opener threw
     * @throws ReentryException as for {@link #acquire(Object)}
     * @throws AcquireTimeoutException if the check or the opener took longer than {@link Builder#openTimeout}
     * @throws IllegalStateException if the pool is closed
     */
    public Optional<Lease<T>> tryAcquire(K key) throws X {
        try {
            return Optional.of(acquire(key, Attempt.NO_WAIT));
        } catch (Attempt.MustWaitException mustWait) {
            return Optional.empty();
        }
    }

    private Lease<T> acquire(K key, long timeout) throws X {
        for (long left = timeout; ; ) {
            try {
                return poolOf(key).acquire(left);
            } catch (Attempt.KeyGoneException gone) {
                left = gone.left;
            }
        }
    }

    /**
     * Acquires for a key, calls the body, and closes the lease. If the body returns normally the resource may be reused. If
     * it throws, the resource is closed: it may be in the middle of something ({@link Builder#invalidateWhen} says otherwise).
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param key for which; not {@code null}
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws ResourceException as for {@link #acquire(Object)}
     * @throws IllegalStateException as for {@link #acquire(Object)}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            K key, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        return call(key, config.acquireNanos, body);
    }

    /**
     * As {@link #call(Object, Body)}, with another bound on the acquire.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param key for which; not {@code null}
     * @param timeout as for {@link #acquire(Object, Duration)}; the body's time does not count
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ResourceException as for {@link #acquire(Object, Duration)}
     * @throws IllegalStateException as for {@link #acquire(Object)}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            K key, Duration timeout, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        return call(key, Messages.nanos("timeout", timeout, 0), body);
    }

    private <R extends @Nullable Object, Y extends Exception> R call(
            K key, long timeout, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        Objects.requireNonNull(body, "body");
        for (long left = timeout; ; ) {
            try {
                return poolOf(key).call(left, body);
            } catch (Attempt.KeyGoneException gone) {
                left = gone.left;
            }
        }
    }

    /**
     * As {@link #call(Object, Body)}, without a result.
     *
     * @param <Y> what the action may throw
     * @param key for which; not {@code null}
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws ResourceCloseException if only closing failed
     * @throws ResourceException as for {@link #acquire(Object)}
     * @throws IllegalStateException as for {@link #acquire(Object)}
     */
    public <Y extends Exception> void run(K key, Action<? super T, ? extends Y> action) throws X, Y {
        run(key, config.acquireNanos, action);
    }

    /**
     * As {@link #run(Object, Action)}, with another bound on the acquire.
     *
     * @param <Y> what the action may throw
     * @param key for which; not {@code null}
     * @param timeout as for {@link #acquire(Object, Duration)}; the action's time does not count
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException if the timeout is negative
     * @throws ResourceException as for {@link #acquire(Object, Duration)}
     * @throws IllegalStateException as for {@link #acquire(Object)}
     */
    public <Y extends Exception> void run(K key, Duration timeout, Action<? super T, ? extends Y> action) throws X, Y {
        run(key, Messages.nanos("timeout", timeout, 0), action);
    }

    private <Y extends Exception> void run(K key, long timeout, Action<? super T, ? extends Y> action) throws X, Y {
        Objects.requireNonNull(action, "action");
        for (long left = timeout; ; ) {
            try {
                poolOf(key).run(left, action);
                return;
            } catch (Attempt.KeyGoneException gone) {
                left = gone.left;
            }
        }
    }

    /**
     * Tells whether the calling thread holds a lease for a key.
     *
     * @param key for which; not {@code null}
     * @return {@code true} from {@code acquire} to {@code close}
     */
    public boolean isHeld(K key) {
        Pool<T, X> pool = find(key);
        return pool != null && pool.isHeld();
    }

    // ---- evict ----

    /**
     * Closes the calling thread's idle resource for a key now, in this thread. One that it has on lease is left alone.
     *
     * @param key for which; not {@code null}
     * @return whether there was one
     * @throws ResourceCloseException if its closer failed; it is gone all the same
     */
    public boolean release(K key) {
        Pool<T, X> pool = find(key);
        return pool != null && pool.bulkCloser().releaseOwn();
    }

    /**
     * Closes every resource for a key that is idle at this moment, whosever it is, as {@link PerThread#evictIdle} does.
     *
     * @param key for which; not {@code null}
     * @return how many were idle
     */
    public int evictIdle(K key) {
        Pool<T, X> pool = find(key);
        return pool == null ? 0 : pool.bulkCloser().evictIdle();
    }

    /**
     * Closes every resource that is idle at this moment, whosever it is and for whatever key. Closers run side by side, and are
     * waited for as {@link Builder#closerTimeout} says; one that fails is counted and told to the listener.
     *
     * @return how many were idle
     */
    public int evictIdle() {
        return evictIdle(text -> true);
    }

    /** Of the keys with these texts. */
    int evictIdle(Predicate<String> keyTexts) {
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        for (Pool<T, ?> pool : pools()) {
            if (keyTexts.test(pool.key())) {
                pool.bulkCloser().evictIdle(CloseReason.EVICTED, batch);
            }
        }
        batch.await(config.closerNanos);
        return batch.size();
    }

    /**
     * Closes the resources that {@code which} chooses: idle ones now, as {@link #evictIdle()} does, leased and opening ones
     * when their lease ends. Does not wait for those.
     *
     * @param which is shown every resource, with no lock held; its exceptions reach the caller, and nothing is evicted
     * @return how many in all
     */
    public int evict(Predicate<? super ResourceInfo> which) {
        Objects.requireNonNull(which, "which");
        Set<Long> chosen = new HashSet<>();
        for (ResourceInfo info : snapshot()) {
            if (which.test(info)) {
                chosen.add(info.id());
            }
        }
        return retire(CloseReason.EVICTED, text -> true, chosen::contains);
    }

    /**
     * Replaces every resource for a key, as {@link PerThread#refresh} does.
     *
     * @param key for which; not {@code null}
     * @return how many in all
     */
    public int refresh(K key) {
        Pool<T, X> pool = find(key);
        return pool == null ? 0 : pool.bulkCloser().refresh();
    }

    /**
     * Replaces every resource, for whatever key, as {@link PerThread#refresh} does.
     *
     * @return how many in all
     */
    public int refresh() {
        return refresh(text -> true);
    }

    /** Of the keys with these texts. */
    int refresh(Predicate<String> keyTexts) {
        return retire(CloseReason.REFRESHED, keyTexts, id -> true);
    }

    private int retire(CloseReason why, Predicate<String> keyTexts, LongPredicate which) {
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        int retired = 0;
        for (Pool<T, ?> pool : pools()) {
            if (keyTexts.test(pool.key())) {
                retired += pool.bulkCloser().retire(why, which, batch);
            }
        }
        batch.await(config.closerNanos);
        return retired;
    }

    /**
     * Takes a lease away from its owner, as {@link PerThread#revoke} does.
     *
     * @param resourceId as in {@link ResourceInfo#id}
     * @return whether it was leased
     */
    public boolean revoke(long resourceId) {
        for (Pool<T, ?> pool : pools()) {
            if (pool.bulkCloser().revoke(resourceId)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Closes what threads left that have ended. It also happens by itself, within a second. A closer that fails is counted
     * and told to the listener.
     *
     * @return how many were reclaimed by this call
     */
    public int reap() {
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        for (Pool<T, ?> pool : pools()) {
            pool.upkeep().reclaim(batch);
        }
        batch.await(config.closerNanos);
        return batch.size();
    }

    // ---- looking ----

    /**
     * Lists the keys that have an entry at this moment: those with a resource, or with a thread that waits for one.
     *
     * @return an unmodifiable set; its {@code contains} compares one by one
     */
    public Set<K> keys() {
        return new Keys<>(keys.keys());
    }

    /** Made without a call of the keys' methods. */
    private static final class Keys<K> extends AbstractSet<K> {
        private final List<K> all;

        Keys(List<K> all) {
            this.all = all;
        }

        @Override
        public Iterator<K> iterator() {
            Iterator<K> each = all.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return each.hasNext();
                }

                @Override
                public K next() {
                    return each.next();
                }
            };
        }

        @Override
        public int size() {
            return all.size();
        }
    }

    /**
     * Lists every resource there is at this moment, of all keys, in no particular order. {@link ResourceInfo#key} is the key's
     * {@code toString} when it became known, {@link ResourceInfo#id} is unique in this pool.
     *
     * @return an unmodifiable list
     */
    public List<ResourceInfo> snapshot() {
        List<ResourceInfo> all = new ArrayList<>();
        for (Pool<T, ?> pool : pools()) {
            all.addAll(pool.snapshot());
        }
        return List.copyOf(all);
    }

    /**
     * Returns the counters of a key. They begin anew when its entry has gone and it is used again.
     *
     * @param key for which; not {@code null}
     * @return the counters at this moment; all zero for a key without an entry
     */
    public Stats stats(K key) {
        Pool<T, X> pool = find(key);
        return pool == null ? new Counters(null).stats(List.of(), 0) : pool.stats();
    }

    /**
     * Returns the counters of all keys together, those that are gone included.
     *
     * @return the counters at this moment
     */
    public Stats stats() {
        return total.stats();
    }

    /**
     * Returns the name given to the builder, or one made up.
     *
     * @return the name
     */
    public String name() {
        return config.name;
    }

    /**
     * Returns the limit for all keys together.
     *
     * @return the most that may be open at once, empty if there is no such limit
     */
    public OptionalInt limit() {
        return total.limit == Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of(total.limit);
    }

    /** 0 if there is none. */
    int limitPerKey() {
        return limitPerKey == Integer.MAX_VALUE ? 0 : limitPerKey;
    }

    LiveSettings settings() {
        return new LiveSettings(config);
    }

    /**
     * Shows this pool to JMX as {@code dev.perthread:type=PerThread,name="…"}, all keys as one bean, as
     * {@link PerThread#registerMXBean} does.
     *
     * @return what ends it
     * @throws IllegalStateException if the pool is closed, or if there is no module {@code java.management}
     */
    public PerThreadMXBean.Registration registerMXBean() {
        try {
            return Jmx.register(this);
        } catch (LinkageError absent) {
            throw new IllegalStateException(Messages.noJmx(config.shownName), absent);
        }
    }

    // ---- close ----

    /**
     * Tells whether {@code close} was called.
     *
     * @return {@code true} from the beginning of the first {@code close} on
     */
    public boolean isClosed() {
        return closed;
    }

    /**
     * Closes as {@link #close(Duration)} does, with the grace that {@link Builder#closeTimeout} says.
     *
     * @throws ResourceCloseException if closers failed or did not return in time, once all were called: the first failure is
     *     the cause, the others are suppressed onto it
     */
    @Override
    public void close() {
        Failures.rethrowAll(config.shownName, close(config.closeNanos).failures());
    }

    /**
     * Closes all keys as {@link PerThread#close(Duration)} closes a pool, with one grace for all.
     *
     * @param grace the longest wait for leases to end; zero forces at once
     * @return what happened during this call
     * @throws IllegalArgumentException if the grace is negative
     */
    public CloseReport close(Duration grace) {
        return close(Messages.nanos("grace", grace, 0));
    }

    private CloseReport close(long grace) {
        long begin = System.nanoTime();
        long closedBefore = total.stats().closed();
        closed = true;
        total.close();
        CloserBatch<T> batch = new CloserBatch<>(config.identity);
        drain(begin, grace, batch);
        int forced = 0;
        for (Pool<T, ?> pool : pools()) {
            forced += pool.bulkCloser().force(batch);
        }
        List<Throwable> failures = batch.await(config.closerNanos);
        Stats now = total.stats();
        Jfr.statistics(config.shownName, config.identity, limit().orElse(0), now);
        CloseReport report = new CloseReport((int) (now.closed() - closedBefore), forced, failures);
        for (Runnable action = atEnd.poll(); action != null; action = atEnd.poll()) {
            action.run();
        }
        return report;
    }

    /**
     * Runs an action when this pool has been closed, as {@link PerThread#onClose} does.
     *
     * @param action runs once, with no lock held: at the end of {@link #close(Duration)}, in the thread that calls it, or at
     *     once if the pool was closed before
     */
    public void onClose(Runnable action) {
        Runnable guarded = PerThread.guarded(name(), action);
        if (!atEnd(guarded)) {
            guarded.run();
        }
    }

    /** Has something done at the end of {@code close}; false if that has come already. */
    boolean atEnd(Runnable task) {
        atEnd.add(task);
        return !closed || !atEnd.remove(task); // whoever takes it out, closing or this, decides
    }

    void notAtEnd(Runnable task) {
        atEnd.remove(task);
    }

    private void drain(long begin, long grace, CloserBatch<T> batch) {
        Thread me = Thread.currentThread();
        try {
            do {
                for (Pool<T, ?> pool : pools()) {
                    pool.bulkCloser().evictIdle(CloseReason.HOLDER_CLOSED, batch);
                    pool.upkeep().reclaim(batch);
                }
                // Looks again every few milliseconds even if nobody signals: a release need not have seen us yet.
            } while (total.awaitGone(me, Math.min(Reaper.QUICK, grace - (System.nanoTime() - begin)))
                    && System.nanoTime() - begin < grace);
        } catch (InterruptedException impatient) {
            me.interrupt(); // somebody wants this thread back: the grace ends here
        }
    }

    /** The name and the counters. */
    @Override
    public String toString() {
        Stats now = stats();
        return "KeyedPerThread[" + config.shownName + ", leased " + now.leased() + ", idle " + now.idle() + ", waiting "
                + now.waiting() + "]";
    }

    /**
     * The options of a keyed pool. {@code limit} is the one for all keys; {@code maxWaiting}, {@code maxIdle}, {@code minIdle}
     * and {@code openBackoff} count for each key. {@code minIdle} is kept up while a thread uses the key or waits for it,
     * and makes no room. Not safe for use by several threads; it may be used again after {@link #build}.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @since 0.1
     */
    public static final class Builder<K, T, X extends Exception> extends PoolBuilder<T, X, Builder<K, T, X>> {
        private final TimedKeyedOpener<? super K, ? extends T, ? extends X> keyedOpener;
        private int limitPerKey = Integer.MAX_VALUE;

        private Builder(
                TimedKeyedOpener<? super K, ? extends T, ? extends X> opener, boolean timed, Closer<? super T> closer) {
            super(
                    left -> {
                        throw new AssertionError("opened without a key");
                    },
                    timed,
                    closer);
            this.keyedOpener = opener;
        }

        @Override
        Builder<K, T, X> self() {
            return this;
        }

        /**
         * Limits how many resources may be open at once for one key, those being opened or closed included. Default: no limit.
         *
         * @param limitPerKey must be 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder<K, T, X> limitPerKey(int limitPerKey) {
            this.limitPerKey = (int) Messages.atLeast("limitPerKey", limitPerKey, 1);
            return this;
        }

        @Override
        boolean isLimited() {
            return super.isLimited() || limitPerKey != Integer.MAX_VALUE;
        }

        /**
         * Makes the pool. Opens nothing.
         *
         * @return a new pool
         * @throws IllegalArgumentException if two options contradict each other, or one has no effect with the others
         */
        public KeyedPerThread<K, T, X> build() {
            if (minIdle > limitPerKey) {
                throw new IllegalArgumentException(
                        "minIdle must not be more than limitPerKey (" + limitPerKey + "), but was " + minIdle);
            }
            KeyedPerThread<K, T, X> pool = new KeyedPerThread<>(config(), keyedOpener, limit, limitPerKey);
            if (isJmxWanted()) {
                pool.registerMXBean();
            }
            return pool;
        }
    }
}
