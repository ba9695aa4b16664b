package dev.perthread.micrometer;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.Stats;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** One pool and its meters in every registry. Guarded by the lock of {@link PerThreadMetrics}. */
final class WatchedPool<P> {
    private final Kind<P> kind;
    private final WeakReference<P> reference;
    private final Tags tags;
    private final @Nullable PoolTimers timers;
    private final List<PoolMeters> published = new ArrayList<>();

    /** What the classes of pools have in common. */
    interface Kind<P> {
        Kind<PerThread<?, ?>> PLAIN = new Kind<>() {
            @Override
            public Stats stats(PerThread<?, ?> pool) {
                return pool.stats();
            }

            @Override
            public OptionalInt limit(PerThread<?, ?> pool) {
                return pool.limit();
            }
        };

        Kind<KeyedPerThread<?, ?, ?>> KEYED = new Kind<>() {
            @Override
            public Stats stats(KeyedPerThread<?, ?, ?> pool) {
                return pool.stats();
            }

            @Override
            public OptionalInt limit(KeyedPerThread<?, ?, ?> pool) {
                return pool.limit();
            }
        };

        Stats stats(P pool);

        OptionalInt limit(P pool);
    }

    WatchedPool(Kind<P> kind, P pool, Tags tags, @Nullable PoolTimers timers) {
        this.kind = kind;
        this.reference = new WeakReference<>(pool);
        this.tags = tags;
        this.timers = timers;
    }

    boolean isOf(Object pool) {
        return reference.get() == pool;
    }

    void publish(MeterRegistry registry) {
        P pool = reference.get();
        if (pool == null) {
            return; // dropped, and about to be removed
        }
        PoolMeters meters = new PoolMeters(registry, tags);
        published.add(meters); // first: whatever fails below, what was registered is removed at the pool's end
        meters.registerStats(kind, pool);
        if (timers != null) {
            timers.publish(meters);
        }
    }

    void unpublish() {
        for (PoolMeters meters : published) {
            if (timers != null) {
                timers.unpublish(meters);
            }
            meters.remove();
        }
        published.clear();
    }
}
