package dev.perthread.spring.boot;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.micrometer.PerThreadMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the meters of all pools. Boot binds them to its registries, as every binder that is a bean.
 *
 * @since 0.1
 */
@AutoConfiguration(after = PerThreadAutoConfiguration.class)
@ConditionalOnClass({MeterRegistry.class, PerThreadMetrics.class})
@ConditionalOnProperty(name = "perthread.metrics.enabled", matchIfMissing = true)
public final class PerThreadMetricsAutoConfiguration {
    PerThreadMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    static PerThreadMetrics perThreadMetrics() {
        return PerThreadMetrics.create();
    }

    @Bean
    static PoolObserver perThreadMetricsObserver(PerThreadMetrics metrics) {
        return bean -> {
            if (bean.pool() instanceof KeyedPerThread<?, ?, ?> keyed) {
                metrics.watch(keyed);
            } else {
                metrics.watch((PerThread<?, ?>) bean.pool());
            }
        };
    }
}
