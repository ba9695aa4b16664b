package dev.perthread.micrometer;

import dev.perthread.CloseReason;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ResourceInfo;
import dev.perthread.Stats;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one holder, named as those of connection pools are, with the holder's name as tag {@code pool}:
 *
 * {@snippet file="example/MetersTest.java" region="bind"}
 *
 * <p>Gauges and most counters are read from {@link PerThread#stats} when the registry is read, so they cost a lease
 * nothing. The timers need this object to be the holder's {@link Listener}: {@code creation} times the opener,
 * {@code acquire} the wait of those acquires that had to wait at the limit. Neither is touched by a lease on a kept
 * resource. {@code usage} is, and costs many times what such a lease costs; so it is there only with {@link #withUsage}.
 *
 * <p>Without being the listener of its holder it has all but the timers and {@code closed}. Two holders in one registry
 * should differ in their names or tags. What happens before {@link #bindTo} is not in the timers and {@code closed}. The
 * registry does not keep the holder in memory.
 */
public final class PerThreadMetrics implements MeterBinder, Listener {

    private final Tags tags;
    private final boolean usage;
    private final List<Heard> bound = new CopyOnWriteArrayList<>();
    private volatile @Nullable WeakReference<PerThread<?, ?>> holder;

    private PerThreadMetrics(Tags tags, boolean usage) {
        this.tags = tags;
        this.usage = usage;
    }

    /**
     * All meters but {@code usage}.
     *
     * @param tags further tags, keys and values in turn
     * @return to be given to the builder, then to {@link #watch} the holder, then to be bound
     */
    public static PerThreadMetrics create(String... tags) {
        return new PerThreadMetrics(Tags.of(tags), false);
    }

    /**
     * All meters, {@code usage} included: each lease is timed.
     *
     * @param tags further tags, keys and values in turn
     * @return to be given to the builder, then to {@link #watch} the holder, then to be bound
     */
    public static PerThreadMetrics withUsage(String... tags) {
        return new PerThreadMetrics(Tags.of(tags), true);
    }

    /**
     * Says whose meters these are.
     *
     * @param holder the holder
     * @return this
     * @throws IllegalStateException if it was called before
     */
    public PerThreadMetrics watch(PerThread<?, ?> holder) {
        if (this.holder != null) {
            throw new IllegalStateException(
                    holder.name() + ": these meters are another holder's already; create() makes some for each");
        }
        this.holder = new WeakReference<>(holder);
        return this;
    }

    /**
     * Makes the meters.
     *
     * @param registry where
     * @throws IllegalStateException if {@link #watch} was not called
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        WeakReference<PerThread<?, ?>> reference = holder;
        if (reference == null) {
            throw new IllegalStateException("no holder to make meters of; call watch(holder) before bindTo(registry)");
        }
        PerThread<?, ?> watched = reference.get();
        if (watched != null) { // else it was dropped, and there is nothing to measure
            Tags all = tags.and("pool", watched.name());
            looked(registry, watched, all);
            bound.add(new Heard(registry, all, usage));
        }
    }

    // ---- read when the registry is ----

    private static void looked(MeterRegistry registry, PerThread<?, ?> watched, Tags tags) {
        Looked looked = new Looked(registry, watched, tags);
        looked.gauge("perthread.resources", "open: leased, idle or being closed", Stats::open);
        looked.gauge("perthread.resources.active", "in use", Stats::leased);
        looked.gauge("perthread.resources.idle", "open and in nobody's use", Stats::idle);
        looked.gauge("perthread.resources.opening", "being opened", Stats::opening);
        looked.gauge("perthread.resources.pending", "threads that wait at the limit", Stats::waiting);
        watched.limit()
                .ifPresent(limit -> Gauge.builder("perthread.resources.max", () -> limit)
                        .description("the most that may be open at once")
                        .tags(tags)
                        .register(registry));
        looked.counter("perthread.resources.acquired", "leases handed out", Stats::acquired);
        looked.counter("perthread.resources.opened", "opened", Stats::opened);
        looked.counter("perthread.resources.timeout", "acquires that gave up waiting", Stats::timeouts);
        looked.counter("perthread.resources.creation.failed", "openers that threw", Stats::openFailures);
        looked.counter("perthread.resources.close.failed", "closers that threw", Stats::closeFailures);
        looked.counter("perthread.resources.reclaimed", "closed because their thread had ended", Stats::reclaimed);
        looked.counter("perthread.resources.leaked", "reclaimed from inside a scope", Stats::leaked);
    }

    /** Meters know the holder weakly. */
    private record Looked(MeterRegistry registry, PerThread<?, ?> watched, Tags tags) {
        void gauge(String name, String description, ToDoubleFunction<Stats> value) {
            Gauge.builder(name, watched, holder -> value.applyAsDouble(holder.stats()))
                    .description(description)
                    .tags(tags)
                    .register(registry);
        }

        void counter(String name, String description, ToDoubleFunction<Stats> value) {
            FunctionCounter.builder(name, watched, holder -> value.applyAsDouble(holder.stats()))
                    .description(description)
                    .tags(tags)
                    .register(registry);
        }
    }

    // ---- told by the holder ----

    private static final class Heard {
        final Timer creation;
        final Timer acquire;
        final @Nullable Timer usage;
        final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);

        Heard(MeterRegistry registry, Tags tags, boolean usage) {
            creation = timer(registry, tags, "perthread.resources.creation", "how long openers run");
            acquire = timer(registry, tags, "perthread.resources.acquire", "how long threads wait at the limit");
            this.usage = usage ? timer(registry, tags, "perthread.resources.usage", "how long leases last") : null;
            for (CloseReason reason : CloseReason.values()) {
                Counter counter = Counter.builder("perthread.resources.closed")
                        .description("closed, by reason")
                        .tags(tags.and("reason", reason.name()))
                        .register(registry);
                closed.put(reason, counter);
            }
        }

        private static Timer timer(MeterRegistry registry, Tags tags, String name, String description) {
            return Timer.builder(name).description(description).tags(tags).register(registry);
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
        bound.forEach(meters -> meters.creation.record(took));
    }

    @Override
    public void waited(Duration waited) {
        bound.forEach(meters -> meters.acquire.record(waited));
    }

    @Override
    public void released(ResourceInfo resource, Duration used) {
        for (Heard meters : bound) {
            if (meters.usage != null) {
                meters.usage.record(used);
            }
        }
    }

    @Override
    public void closed(ResourceInfo resource, CloseReason reason) {
        bound.forEach(meters -> meters.closed(reason));
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        bound.forEach(meters -> meters.closed(reason));
    }
}
