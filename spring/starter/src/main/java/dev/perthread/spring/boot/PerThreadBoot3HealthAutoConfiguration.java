package dev.perthread.spring.boot;

import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the health of all pools, for Spring Boot 3.5, where the classes are in this package.
 *
 * @since 0.1
 */
@AutoConfiguration(after = PerThreadAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
public final class PerThreadBoot3HealthAutoConfiguration {
    PerThreadBoot3HealthAutoConfiguration() {}

    @Bean
    @ConditionalOnEnabledHealthIndicator("perthread")
    static HealthIndicator perthreadHealthIndicator(PoolBeans pools, PerThreadProperties properties) {
        OpeningHealth openings = new OpeningHealth(pools, properties.health().probe());
        return () -> {
            Health.Builder health = Health.up();
            openings.look().forEach((name, state) -> {
                if (state.isDown()) {
                    health.down();
                }
                health.withDetail(name, state.details());
            });
            return health.build();
        };
    }
}
