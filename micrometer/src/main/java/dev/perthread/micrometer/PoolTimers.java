package dev.perthread.micrometer;

import dev.perthread.CloseReason;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The timers of one pool, as a listener for its builder; {@link PerThreadMetrics#watch(dev.perthread.PerThread, PoolTimers)}
 * publishes them. {@code creation} times the opener, {@code acquire} the wait of those acquires that had to wait at the
 * limit, and {@code closed} counts by reason. None of them is touched by a lease of a kept resource. {@code usage} is, and
 * costs many times what such a lease costs; so it is there only with {@link #withUsage}.
 *
 * <p>What happens before they are published is not in them.
 *
 * @since 0.1
 */
public final class PoolTimers implements Listener {
    private final boolean usage;
    private final List<Published> published = new CopyOnWriteArrayList<>();
    private @Nullable String pool; // guarded by the lock of PerThreadMetrics

    private PoolTimers(boolean usage) {
        this.usage = usage;
    }

    /**
     * All timers but {@code usage}.
     *
     * @return to be given to one builder, and to {@code watch} with the pool that it builds
     */
    public static PoolTimers create() {
        return new PoolTimers(false);
    }

    /**
     * All timers: each lease is timed.
     *
     * @return to be given to one builder, and to {@code watch} with the pool that it builds
     */
    public static PoolTimers withUsage() {
        return new PoolTimers(true);
    }

    void assignTo(String name) {
        if (pool != null) {
            throw new IllegalArgumentException(
                    name + ": timers must be of one pool only, but were watched for " + pool + " before");
        }
        pool = name;
    }

    void publish(PoolMeters meters) {
        published.add(new Published(meters, usage));
    }

    void unpublish(PoolMeters meters) {
        published.removeIf(one -> one.meters == meters);
    }

    /** In one registry. */
    private static final class Published {
        final PoolMeters meters;
        final Timer creation;
        final Timer acquire;
        final @Nullable Timer usage;
        private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);

        Published(PoolMeters meters, boolean usage) {
            this.meters = meters;
            creation = timer("creation", "how long openers run");
            acquire = timer("acquire", "how long threads wait at the limit");
            this.usage = usage ? timer("usage", "how long leases last") : null;
            for (CloseReason reason : CloseReason.values()) {
                closed.put(
                        reason,
                        meters.add(Counter.builder("perthread.resources.closed")
                                .description("resources closed, by reason")
                                .tags(meters.tags().and("reason", reason.name()))
                                .register(meters.registry())));
            }
        }

        private Timer timer(String name, String description) {
            return meters.add(Timer.builder("perthread.resources." + name)
                    .description(description)
                    .tags(meters.tags())
                    .register(meters.registry()));
        }

        void closed(CloseReason reason) {
            Counter counter = closed.get(reason);
            if (counter != null) {
                counter.increment();
            }
        }
    }

    @Override
    public boolean wantsLeases() {
        return usage;
    }

    @Override
    public void opened(ResourceInfo resource, Duration took) {
        published.forEach(one -> one.creation.record(took));
    }

    @Override
    public void waited(Duration waited) {
        published.forEach(one -> one.acquire.record(waited));
    }

    @Override
    public void released(ResourceInfo resource, Duration used) {
        for (Published one : published) {
            if (one.usage != null) {
                one.usage.record(used);
            }
        }
    }

    @Override
    public void closed(ResourceInfo resource, CloseReason reason) {
        published.forEach(one -> one.closed(reason));
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        published.forEach(one -> one.closed(reason));
    }
}
