package dev.perthread.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pools that come and go while the registry stays. */
class ManyPoolsTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";
    private static final String REGISTRIES = "dev.perthread.micrometer.ManyPoolsTest#registries";

    private final Queue<PerThread<?, ?>> opened = new ConcurrentLinkedQueue<>();

    static Stream<MeterRegistry> registries() {
        CompositeMeterRegistry composite = new CompositeMeterRegistry();
        composite.add(new SimpleMeterRegistry());
        composite.add(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        return Stream.of(new SimpleMeterRegistry(), new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), composite);
    }

    private PerThread<Probe, RuntimeException> pool(String name, PoolTimers timers) {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .limit(4)
                .name(name)
                .listener(timers)
                .build();
        opened.add(pool);
        return pool;
    }

    @AfterEach
    void closePools() {
        opened.forEach(PerThread::close);
    }

    private static double idle(MeterRegistry registry, String pool) {
        return registry.get("perthread.resources.idle")
                .tag("pool", pool)
                .gauge()
                .value();
    }

    private static Set<String> pools(MeterRegistry registry) {
        return registry.getMeters().stream()
                .map(meter -> String.valueOf(meter.getId().getTag("pool")))
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @MethodSource(REGISTRIES)
    void poolBuiltAnewUnderItsName_hasItsOwnMeters(MeterRegistry registry) {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        metrics.bindTo(registry);
        for (int generation = 1; generation <= 3; generation++) {
            PoolTimers timers = PoolTimers.create();
            PerThread<Probe, RuntimeException> pool = pool("orders", timers);
            metrics.watch(pool, timers);
            pool.run(Probe::use);
            assertThat(idle(registry, "orders")).isEqualTo(1);
            assertThat(registry.get("perthread.resources.creation").timer().count())
                    .isEqualTo(1);
            pool.close();
            assertThat(registry.getMeters()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(REGISTRIES)
    void poolWatchedLast_hasTheMeters_andKeepsThemWhenTheOneBeforeItEnds(MeterRegistry registry) {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        metrics.bindTo(registry);
        PoolTimers beforeTimers = PoolTimers.create();
        PerThread<Probe, RuntimeException> before = pool("orders", beforeTimers);
        metrics.watch(before, beforeTimers);
        int each = registry.getMeters().size();

        PoolTimers afterTimers = PoolTimers.create();
        PerThread<Probe, RuntimeException> after = pool("orders", afterTimers);
        PerThreadMetrics.create().watch(after, afterTimers).bindTo(registry);
        after.run(Probe::use);
        before.close();

        assertThat(registry.getMeters()).hasSize(each);
        assertThat(idle(registry, "orders")).isEqualTo(1);
        after.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void metersOfClosedPools_areRemoved_whileOthersComeAndGo(ThreadKind kind) throws Exception {
        MeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Counter foreign = registry.counter("requests", "pool", "none of ours");
        PerThreadMetrics metrics = PerThreadMetrics.create();
        metrics.bindTo(registry);
        PerThread<Probe, RuntimeException> stays = pool("stays", PoolTimers.create());
        metrics.watch(stays);
        kind.inParallel(8, thread -> {
            for (int i = 0; i < 25; i++) {
                PoolTimers timers = PoolTimers.withUsage();
                PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .listener(timers)
                        .build();
                metrics.watch(pool, timers);
                pool.run(Probe::use);
                pool.close();
            }
        });
        assertThat(pools(registry)).containsExactlyInAnyOrder("stays", "none of ours");
        assertThat(registry.getMeters()).contains(foreign);
    }

    @Test
    void poolsAndRegistries_mayComeInAnyOrder() {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        MeterRegistry early = new SimpleMeterRegistry();
        MeterRegistry late = new SimpleMeterRegistry();
        metrics.watch(pool("first", PoolTimers.create()));
        metrics.bindTo(early);
        metrics.watch(pool("second", PoolTimers.create()));
        metrics.bindTo(late);
        metrics.watch(pool("third", PoolTimers.create()));
        for (MeterRegistry registry : List.of(early, late)) {
            assertThat(pools(registry)).containsExactlyInAnyOrder("first", "second", "third");
        }
    }

    @Test
    void poolAndRegistry_givenTwice_haveTheirMetersOnce() {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        MeterRegistry registry = new SimpleMeterRegistry();
        PerThread<Probe, RuntimeException> pool = pool("orders", PoolTimers.create());
        metrics.watch(pool).bindTo(registry);
        List<Meter> meters = new ArrayList<>(registry.getMeters());
        metrics.watch(pool).bindTo(registry);
        assertThat(registry.getMeters()).containsExactlyInAnyOrderElementsOf(meters);
    }

    @Test
    void closedPool_isNotPublished() {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        MeterRegistry registry = new SimpleMeterRegistry();
        PerThread<Probe, RuntimeException> pool = pool("orders", PoolTimers.create());
        pool.close();
        metrics.watch(pool).bindTo(registry);
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void close_removesAllMeters_andLeavesThePoolsOpen() {
        MeterRegistry registry = new SimpleMeterRegistry();
        PoolTimers timers = PoolTimers.create();
        PerThread<Probe, RuntimeException> pool = pool("orders", timers);
        PerThreadMetrics metrics = PerThreadMetrics.create().watch(pool, timers);
        metrics.bindTo(registry);
        metrics.close();
        assertThat(registry.getMeters()).isEmpty();
        pool.run(Probe::use);
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void timers_areOfOnePoolOnly() {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        PoolTimers timers = PoolTimers.create();
        metrics.watch(pool("orders", timers), timers);
        PerThread<Probe, RuntimeException> other = pool("bills", timers);
        assertThatThrownBy(() -> metrics.watch(other, timers))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bills: timers must be of one pool only, but were watched for orders before");
    }

    @ParameterizedTest
    @MethodSource(REGISTRIES)
    void poolForManyKeys_hasTheNumbersOfAllKeys_untilItIsClosed(MeterRegistry registry) {
        PerThreadMetrics metrics = PerThreadMetrics.create();
        metrics.bindTo(registry);
        KeyedPerThread<String, Probe, RuntimeException> pool = KeyedPerThread.<String, Probe, RuntimeException>builder(
                        key -> new Probe())
                .whenIdle(IdlePolicy.LEND)
                .limit(4)
                .name("hosts")
                .build();
        metrics.watch(pool).watch(pool);
        pool.run("a", Probe::use);
        pool.run("b", Probe::use);
        assertThat(idle(registry, "hosts")).isEqualTo(2);
        assertThat(registry.get("perthread.resources.max")
                        .tag("pool", "hosts")
                        .gauge()
                        .value())
                .isEqualTo(4);
        pool.close();
        assertThat(registry.getMeters()).isEmpty();
    }
}
