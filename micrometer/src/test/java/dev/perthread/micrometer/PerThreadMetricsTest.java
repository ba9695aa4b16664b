package dev.perthread.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.perthread.AcquireRefusedException;
import dev.perthread.AcquireTimeoutException;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.Stats;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Prometheus scrapes are the numbers of the pool. */
class PerThreadMetricsTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private boolean failOpen;
    private boolean failClose;

    private PerThread.Builder<Probe, IOException> builder(PoolTimers timers) {
        return PerThread.<Probe, IOException>builder(() -> {
                    if (failOpen) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .closer(probe -> {
                    probe.close();
                    if (failClose) {
                        throw new IOException("reset");
                    }
                })
                .name("orders")
                .listener(timers);
    }

    /** The samples of a scrape, by name and labels, without those of the tag {@code pool}. */
    private Map<String, Double> scrape() {
        Map<String, Double> samples = new TreeMap<>();
        registry.scrape().lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            int space = line.lastIndexOf(' ');
            assertThat(line).contains("pool=\"orders\"");
            String name = line.substring("perthread_resources".length(), space)
                    .replace("pool=\"orders\"", "")
                    .replace("{,", "{")
                    .replace("{}", "");
            samples.put(name, Double.valueOf(line.substring(space + 1)));
        });
        return samples;
    }

    private static Object end(Lease<?> lease) {
        lease.done();
        lease.close();
        return lease;
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void scrape_hasTheNumbersOfThePool(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        PoolTimers timers = PoolTimers.withUsage();
        PerThread<Probe, IOException> pool =
                builder(timers).whenIdle(IdlePolicy.LEND).limit(2).build();
        PerThreadMetrics.create().watch(pool, timers).bindTo(registry);
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            assertThat(scrape())
                    .containsEntry("", 0.0)
                    .containsEntry("_max", 2.0)
                    .containsEntry("_pending", 0.0);
            Lease<Probe> one = first.call(pool::acquire);
            Lease<Probe> two = second.call(pool::acquire);
            assertThatThrownBy(() -> third.call(() -> pool.acquire(Duration.ofMillis(2))))
                    .isInstanceOf(AcquireTimeoutException.class);
            FutureTask<Object> waiting = third.begin(() -> pool.call(probe -> probe));
            Actor.until(() -> pool.stats().waiting() == 1);
            assertThat(scrape())
                    .containsEntry("", 2.0)
                    .containsEntry("_active", 2.0)
                    .containsEntry("_idle", 0.0)
                    .containsEntry("_pending", 1.0)
                    .containsEntry("_timeout_total", 1.0)
                    .containsEntry("_creation_seconds_count", 2.0)
                    .containsEntry("_usage_seconds_count", 0.0)
                    .containsEntry("_opened_total", 2.0);
            second.call(() -> end(two));
            Actor.get(waiting);
            assertThat(scrape())
                    .containsEntry("_active", 1.0)
                    .containsEntry("_idle", 1.0)
                    .containsEntry("_pending", 0.0)
                    .containsEntry("_acquire_seconds_count", 2.0)
                    .containsEntry("_usage_seconds_count", 2.0)
                    .containsEntry("_acquired_total", 3.0);
            assertThat(scrape().get("_acquire_seconds_sum")).isGreaterThanOrEqualTo(0.002);
            assertThat(scrape().get("_acquire_seconds_max")).isGreaterThanOrEqualTo(0.002);
            assertThat(scrape().get("_creation_seconds_sum")).isPositive();
            assertThat(scrape().get("_usage_seconds_max")).isPositive();
            first.call(() -> end(one));
            failClose = true;
            assertThat(pool.evictIdle()).isEqualTo(2);
            failClose = false;
            failOpen = true;
            assertThatThrownBy(() -> first.call(pool::acquire)).isInstanceOf(IOException.class);
            failOpen = false;
            kind.call(pool::acquire); // never closed
            Actor.until(() -> pool.stats().leaked() == 1);
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(scrape())
                    .containsEntry("_closed_total{reason=\"EVICTED\"}", 2.0)
                    .containsEntry("_closed_total{reason=\"THREAD_ENDED\"}", 1.0)
                    .containsEntry("_closed_total{reason=\"FORCED\"}", 0.0)
                    .containsEntry("_close_failed_total", 2.0)
                    .containsEntry("_creation_failed_total", 1.0)
                    .containsEntry("_leaked_total", 1.0)
                    .containsEntry("_reclaimed_total", 1.0);
        } finally {
            pool.close();
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void scrape_hasTheTimes_andWhatWasRefusedOrHeldTooLong(ThreadKind kind) throws Exception {
        LogLines.expect("has held resource 1");
        LogLines.expect("came back");
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(Probe::new)
                .name("orders")
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .maxWaiting(1)
                .warnWhenHeldFor(Duration.ofMillis(5))
                .timeLeases(true)
                .build();
        PerThreadMetrics.create().watch(pool).bindTo(registry);
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            assertThat(scrape())
                    .containsEntry("_held_too_long_total", 0.0)
                    .containsEntry("_refused_total", 0.0)
                    .containsEntry("_peak", 0.0)
                    .containsEntry("_wait_time_seconds_total", 0.0)
                    .containsEntry("_open_time_seconds_total", 0.0)
                    .containsEntry("_lease_time_seconds_total", 0.0);
            Lease<Probe> lease = first.call(pool::acquire);
            FutureTask<Object> waiting = second.begin(() -> pool.call(probe -> probe));
            Actor.until(() -> pool.stats().waiting() == 1);
            assertThatThrownBy(() -> kind.call(pool::acquire)).isInstanceOf(AcquireRefusedException.class);
            Actor.until(() -> LogLines.seen().size() == 1);
            first.call(() -> end(lease));
            Actor.get(waiting);
            Stats now = pool.stats();
            assertThat(scrape())
                    .containsEntry("_held_too_long_total", 1.0)
                    .containsEntry("_refused_total", 1.0)
                    .containsEntry("_peak", 1.0)
                    .containsEntry("_wait_time_seconds_total", now.waitNanos() / 1e9)
                    .containsEntry("_open_time_seconds_total", now.openNanos() / 1e9)
                    .containsEntry("_lease_time_seconds_total", now.leaseNanos() / 1e9);
            assertThat(now.waitNanos()).isPositive();
            assertThat(now.openNanos()).isPositive();
            assertThat(now.leaseNanos()).isGreaterThan(5_000_000);
        } finally {
            pool.close();
        }
    }

    @Test
    void meters_haveNoMaximumWithoutALimit_andNoUsageUnlessAskedFor() throws Exception {
        PoolTimers timers = PoolTimers.create();
        PerThread<Probe, IOException> pool = builder(timers).build();
        PerThreadMetrics.create("region", "eu").watch(pool, timers).bindTo(registry);
        pool.run(Probe::use);
        assertThat(scrape())
                .doesNotContainKeys("_max{region=\"eu\"}", "_usage_seconds_count{region=\"eu\"}")
                .containsEntry("_closed_total{reason=\"SCOPE_END\",region=\"eu\"}", 1.0);
        pool.close();
    }

    /** A lease of a kept resource must not notice them: nothing is allocated, no clock is read, no listener is called. */
    @Test
    void meters_addNothingToALeaseOfAKeptResource() throws Exception {
        PoolTimers timers = PoolTimers.create();
        PerThread<Probe, IOException> pool =
                builder(timers).whenIdle(IdlePolicy.KEEP).build();
        PerThreadMetrics.create().watch(pool, timers).bindTo(registry);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long begin = System.nanoTime();
        long least = Long.MAX_VALUE;
        while (least > 0 && System.nanoTime() - begin < 60_000_000_000L) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 50_000; i++) {
                try (Lease<Probe> lease = pool.acquire()) {
                    lease.get();
                    lease.done();
                }
            }
            least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / 50_000);
        }
        assertThat(least).isZero();
        assertThat(scrape().get("_acquired_total")).isGreaterThanOrEqualTo(50_000);
        pool.close();
    }

    private WeakReference<?> bindAndForget() {
        PoolTimers timers = PoolTimers.withUsage();
        PerThread<Probe, IOException> pool = builder(timers).build();
        PerThreadMetrics.create().watch(pool, timers).bindTo(registry);
        return new WeakReference<>(pool);
    }

    @Test
    void pool_isNotKeptInMemory_andItsMetersGoWithIt_whenItIsDropped() {
        WeakReference<?> dropped = bindAndForget();
        Actor.until(() -> {
            System.gc();
            return dropped.refersTo(null);
        });
        Actor.until(() -> registry.getMeters().isEmpty());
    }
}
