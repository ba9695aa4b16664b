package dev.perthread.micrometer;

import dev.perthread.Stats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The meters of one pool in one registry. A registry knows a meter by name and tags, and answers a second registration with
 * the first meter: so a pool of the same name and tags that was published before has to give way first, and has nothing
 * left to remove at its end. Guarded by the lock of {@link PerThreadMetrics}.
 */
final class PoolMeters {
    private static final double NANOS_PER_SECOND = 1e9;

    /** Who has the meters, until its pool is closed or collected. */
    private static final Map<Key, PoolMeters> OWNERS = new HashMap<>();

    private record Key(MeterRegistry registry, Tags tags) {}

    private final MeterRegistry registry;
    private final Tags tags;
    private final List<Meter> meters = new ArrayList<>();

    PoolMeters(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
        PoolMeters before = OWNERS.put(new Key(registry, tags), this);
        if (before != null) {
            before.removeMeters();
        }
    }

    MeterRegistry registry() {
        return registry;
    }

    Tags tags() {
        return tags;
    }

    <M extends Meter> M add(M registered) {
        meters.add(registered);
        return registered;
    }

    void remove() {
        OWNERS.remove(new Key(registry, tags), this);
        removeMeters();
    }

    private void removeMeters() {
        meters.forEach(registry::remove);
        meters.clear();
    }

    <P> void registerStats(WatchedPool.Kind<P> kind, P pool) {
        gauge(kind, pool, "", "open: leased, idle or being closed", Stats::open);
        gauge(kind, pool, ".active", "in use", Stats::leased);
        gauge(kind, pool, ".idle", "open and not in use", Stats::idle);
        gauge(kind, pool, ".opening", "being opened", Stats::opening);
        gauge(kind, pool, ".pending", "threads waiting at the limit", Stats::waiting);
        if (kind.limit(pool).isPresent()) {
            add(Gauge.builder(
                            "perthread.resources.max",
                            pool,
                            it -> kind.limit(it).orElse(0))
                    .description("the most that may be open at once")
                    .tags(tags)
                    .register(registry));
        }
        counter(kind, pool, ".acquired", "leases", Stats::acquired);
        counter(kind, pool, ".opened", "resources opened", Stats::opened);
        counter(kind, pool, ".timeout", "acquires that timed out", Stats::timeouts);
        counter(kind, pool, ".creation.failed", "openers that threw", Stats::openFailures);
        counter(kind, pool, ".close.failed", "closers that threw", Stats::closeFailures);
        counter(kind, pool, ".reclaimed", "closed because their thread had ended", Stats::reclaimed);
        counter(kind, pool, ".leaked", "reclaimed from a thread that ended during its lease", Stats::leaked);
        counter(kind, pool, ".held.too.long", "leases that lasted for longer than warnWhenHeldFor", Stats::heldTooLong);
        counter(kind, pool, ".refused", "acquires refused because maxWaiting threads waited already", Stats::refused);
        gauge(kind, pool, ".peak", "the most that were open, being opened or being closed at once", Stats::mostOpen);
        time(kind, pool, ".wait.time", "time that threads waited at the limit", Stats::waitNanos);
        time(kind, pool, ".open.time", "time that openers ran", Stats::openNanos);
        time(kind, pool, ".lease.time", "time that resources were leased, if leases are timed", Stats::leaseNanos);
    }

    // All keep the pool weakly.

    private <P> void gauge(
            WatchedPool.Kind<P> kind, P pool, String name, String description, ToDoubleFunction<Stats> value) {
        add(Gauge.builder("perthread.resources" + name, pool, it -> value.applyAsDouble(kind.stats(it)))
                .description(description)
                .tags(tags)
                .register(registry));
    }

    private <P> void counter(
            WatchedPool.Kind<P> kind, P pool, String name, String description, ToDoubleFunction<Stats> value) {
        add(FunctionCounter.builder("perthread.resources" + name, pool, it -> value.applyAsDouble(kind.stats(it)))
                .description(description)
                .tags(tags)
                .register(registry));
    }

    private <P> void time(
            WatchedPool.Kind<P> kind, P pool, String name, String description, ToDoubleFunction<Stats> nanos) {
        add(FunctionCounter.builder(
                        "perthread.resources" + name,
                        pool,
                        it -> nanos.applyAsDouble(kind.stats(it)) / NANOS_PER_SECOND)
                .description(description)
                .baseUnit("seconds")
                .tags(tags)
                .register(registry));
    }
}
