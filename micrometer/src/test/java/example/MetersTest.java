package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.micrometer.PerThreadMetrics;
import dev.perthread.micrometer.PoolTimers;
import dev.perthread.testkit.Probe;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

/** The example that the javadoc shows. */
class MetersTest {
    @Test
    void metersOfAPool_haveItsName() {
        MeterRegistry registry = new SimpleMeterRegistry();
        // @start region="bind"
        PerThreadMetrics metrics = PerThreadMetrics.create(); // one for the application
        metrics.bindTo(registry);

        PoolTimers timers = PoolTimers.create(); // one for each pool that is to have timers
        PerThread<Probe, RuntimeException> probes = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("probes")
                .whenIdle(IdlePolicy.KEEP)
                .listener(timers)
                .build();
        metrics.watch(probes, timers);
        // @end
        probes.run(Probe::use);
        assertThat(registry.get("perthread.resources.idle")
                        .tag("pool", "probes")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(registry.get("perthread.resources.creation").timer().count()).isEqualTo(1);
        probes.close();
        assertThat(registry.getMeters()).isEmpty();
    }
}
