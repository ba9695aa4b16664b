package dev.perthread.spring.boot;

import dev.perthread.PerThread;
import dev.perthread.net.LazyConnection;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/**
 * Auto-configuration of connections from properties, of the shutdown of all pools, and of JMX.
 *
 * @since 0.1
 */
@AutoConfiguration
@ConditionalOnClass({PerThread.class, LazyConnection.class})
@EnableConfigurationProperties(PerThreadProperties.class)
@Import(ConnectionBeans.class)
public final class PerThreadAutoConfiguration {
    PerThreadAutoConfiguration() {}

    @Bean
    static PoolBeans perThreadPoolBeans(ObjectProvider<PoolObserver> observers) {
        return new PoolBeans(observers);
    }

    @Bean
    PoolShutdown perThreadPoolShutdown(PoolBeans pools, ApplicationContext context, PerThreadProperties properties) {
        return new PoolShutdown(pools, context, properties.shutdown());
    }

    @Bean
    @ConditionalOnProperty("perthread.jmx.enabled")
    static PoolObserver perThreadJmxObserver() {
        return PoolBean::registerMXBean; // until the pool is closed
    }
}
