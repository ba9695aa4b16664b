package dev.perthread.spring.boot;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.net.LazyConnection;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.PropertyPlaceholderAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.mock.env.MockPropertySource;

/** Starts a context with pools in it, uses them, and closes it. Run in a class loader of its own. */
public final class ApplicationLife implements Runnable {
    /** For reflection. */
    public ApplicationLife() {}

    @Configuration(proxyBeanMethods = false)
    static class Pools {
        static final AtomicInteger OPEN = new AtomicInteger();

        @Bean
        PerThread<AutoCloseable, RuntimeException> pool() {
            return PerThread.<AutoCloseable, RuntimeException>builder(() -> {
                        OPEN.incrementAndGet();
                        return OPEN::decrementAndGet;
                    })
                    .whenIdle(IdlePolicy.KEEP)
                    .build();
        }
    }

    @Override
    public void run() {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.getEnvironment()
                    .getPropertySources()
                    .addFirst(new MockPropertySource()
                            .withProperty("perthread.jmx.enabled", "true")
                            .withProperty("perthread.connections.orders.url", "tcp://127.0.0.1:7000"));
            context.register(Pools.class);
            context.register(AutoConfigurations.getClasses(AutoConfigurations.of(
                    PropertyPlaceholderAutoConfiguration.class,
                    PerThreadAutoConfiguration.class,
                    PerThreadMetricsAutoConfiguration.class)));
            context.refresh();
            context.getBean(LazyConnection.class);
            PerThread<?, ?> pool = context.getBean(PerThread.class);
            pool.run(resource -> {});
            if (pool.stats().open() != 1) {
                throw new AssertionError("not kept: " + pool);
            }
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
        if (Pools.OPEN.get() != 0) {
            throw new AssertionError(Pools.OPEN + " left open");
        }
    }
}
