// What the javadoc shows.
package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.micrometer.PerThreadMetrics;
import dev.perthread.testkit.Probe;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class MetersTest {
    @Test
    void theMetersOfOneHolder() {
        MeterRegistry registry = new SimpleMeterRegistry();
        // @start region="bind"
        PerThreadMetrics metrics = PerThreadMetrics.create();
        PerThread<Probe, RuntimeException> probes = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("probes")
                .whenIdle(IdlePolicy.KEEP)
                .listener(metrics) // for the timers
                .build();
        metrics.watch(probes).bindTo(registry);
        // @end
        probes.run(Probe::use);
        assertThat(registry.get("perthread.resources.idle")
                        .tag("pool", "probes")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(registry.get("perthread.resources.creation").timer().count()).isEqualTo(1);
        probes.close();
    }
}
