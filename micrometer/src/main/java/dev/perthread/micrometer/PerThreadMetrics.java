package dev.perthread.micrometer;

import dev.perthread.PerThread;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

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
    private final List<WatchedPool> watched = new ArrayList<>();

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
        return add(pool, null);
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
        return add(pool, Objects.requireNonNull(timers, "timers"));
    }

    private PerThreadMetrics add(PerThread<?, ?> pool, @Nullable PoolTimers timers) {
        WatchedPool added = new WatchedPool(pool, tags.and("pool", pool.name()), timers);
        LOCK.lock();
        try {
            if (watched.stream().anyMatch(known -> known.isOf(pool))) {
                return this;
            }
            if (timers != null) {
                timers.assignTo(pool.name());
            }
            registries.forEach(added::publish);
            watched.add(added);
        } finally {
            LOCK.unlock();
        }
        Cleaner.Cleanable end = CLEANER.register(pool, () -> remove(added));
        pool.onClose(end::clean);
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

    private void remove(WatchedPool ended) {
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
