package dev.perthread.micrometer;

import dev.perthread.PerThread;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One pool and its meters in every registry. Guarded by the lock of {@link PerThreadMetrics}. */
final class WatchedPool {
    private final WeakReference<PerThread<?, ?>> reference;
    private final Tags tags;
    private final @Nullable PoolTimers timers;
    private final List<PoolMeters> published = new ArrayList<>();

    WatchedPool(PerThread<?, ?> pool, Tags tags, @Nullable PoolTimers timers) {
        this.reference = new WeakReference<>(pool);
        this.tags = tags;
        this.timers = timers;
    }

    boolean isOf(PerThread<?, ?> pool) {
        return reference.refersTo(pool);
    }

    void publish(MeterRegistry registry) {
        PerThread<?, ?> pool = reference.get();
        if (pool == null) {
            return; // dropped, and about to be removed
        }
        PoolMeters meters = new PoolMeters(registry, tags);
        published.add(meters); // first: whatever fails below, what was registered is removed at the pool's end
        meters.registerStats(pool);
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
