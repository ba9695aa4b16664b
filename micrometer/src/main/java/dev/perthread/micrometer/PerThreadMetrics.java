package dev.perthread.micrometer;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.micrometer.WatchedPool.Kind;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A binder that publishes the counters of any number of pools to any number of registries, named as those of connection
 * pools are, with the pool's name as tag {@code pool}:
 *
 * {@snippet file="example/MetersTest.java" region="bind"}
 *
 * <p>Pools and registries may come in any order, at any time: each pool that is watched gets its meters in each registry
 * that is bound. They are removed when the pool is closed, or when it is dropped without being closed and has been
 * collected; neither this object nor a registry keeps a pool in memory. Of two pools that have the same name and tags, the
 * one watched last has the meters.
 *
 * <p>Everything but the timers is read from {@link PerThread#stats} when the registry is read, so it costs a lease nothing.
 * For the timers a pool needs a {@link PoolTimers} as its listener.
 *
 * <p>All methods may be called by any thread.
 *
 * @since 0.1
 */
public final class PerThreadMetrics implements MeterBinder, AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    /** One for all: meters are found by name, so two objects that publish to one registry meet there. */
    private static final ReentrantLock LOCK = new ReentrantLock();

    private final Tags tags;
    private final List<MeterRegistry> registries = new ArrayList<>();
    private final List<WatchedPool<?>> watched = new ArrayList<>();

    private PerThreadMetrics(Tags tags) {
        this.tags = tags;
    }

    /**
     * Makes a binder that watches no pool yet.
     *
     * @param tags tags that all meters get, keys and values in turn
     * @return a new binder
     * @throws IllegalArgumentException if a key has no value
     */
    public static PerThreadMetrics create(String... tags) {
        return new PerThreadMetrics(Tags.of(tags));
    }

    /**
     * Publishes a pool, without timers. A pool that is watched already stays as it is; of a closed one nothing is published.
     *
     * @param pool the pool
     * @return this
     */
    public PerThreadMetrics watch(PerThread<?, ?> pool) {
        return add(new WatchedPool<>(Kind.PLAIN, pool, tags(pool.name()), null), pool, pool::onClose);
    }

    /**
     * Publishes a pool for many keys: the numbers of all keys together, without timers. A pool that is watched already stays
     * as it is; of a closed one nothing is published.
     *
     * @param pool the pool
     * @return this
     */
    public PerThreadMetrics watch(KeyedPerThread<?, ?, ?> pool) {
        return add(new WatchedPool<>(Kind.KEYED, pool, tags(pool.name()), null), pool, pool::onClose);
    }

    /**
     * Publishes a pool, with timers. A pool that is watched already stays as it is; of a closed one nothing is published.
     *
     * @param pool the pool
     * @param timers the listener that was given to the pool's builder, and to no other
     * @return this
     * @throws IllegalArgumentException if the timers are another pool's already
     */
    public PerThreadMetrics watch(PerThread<?, ?> pool, PoolTimers timers) {
        Objects.requireNonNull(timers, "timers");
        LOCK.lock();
        try {
            if (isWatched(pool)) {
                return this;
            }
            timers.assignTo(pool.name());
            return add(new WatchedPool<>(Kind.PLAIN, pool, tags(pool.name()), timers), pool, pool::onClose);
        } finally {
            LOCK.unlock();
        }
    }

    private Tags tags(String pool) {
        return tags.and("pool", pool);
    }

    private boolean isWatched(Object pool) {
        return watched.stream().anyMatch(known -> known.isOf(pool));
    }

    private PerThreadMetrics add(WatchedPool<?> added, Object pool, Consumer<Runnable> onClose) {
        LOCK.lock();
        try {
            if (isWatched(pool)) {
                return this;
            }
            registries.forEach(added::publish);
            watched.add(added);
        } finally {
            LOCK.unlock();
        }
        Cleaner.Cleanable end = CLEANER.register(pool, () -> remove(added));
        onClose.accept(end::clean);
        return this;
    }

    /**
     * Publishes the pools watched so far, and those that will be, to a registry. One that is bound already stays as it is.
     *
     * @param registry the registry
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        LOCK.lock();
        try {
            if (registries.stream().noneMatch(known -> known == registry)) {
                registries.add(Objects.requireNonNull(registry, "registry"));
                watched.forEach(pool -> pool.publish(registry));
            }
        } finally {
            LOCK.unlock();
        }
    }

    private void remove(WatchedPool<?> ended) {
        LOCK.lock();
        try {
            ended.unpublish();
            watched.remove(ended);
        } finally {
            LOCK.unlock();
        }
    }

    /** Removes all meters from all registries and forgets pools and registries. The pools stay open. */
    @Override
    public void close() {
        LOCK.lock();
        try {
            watched.forEach(WatchedPool::unpublish);
            watched.clear();
            registries.clear();
        } finally {
            LOCK.unlock();
        }
    }
}
