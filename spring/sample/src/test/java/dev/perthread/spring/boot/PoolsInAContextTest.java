package dev.perthread.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.micrometer.PerThreadMetrics;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.LazyConnections;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What beans get, without a web server. */
class PoolsInAContextTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    PerThreadAutoConfiguration.class,
                    PerThreadMetricsAutoConfiguration.class,
                    PerThreadEndpointAutoConfiguration.class))
            .withPropertyValues(
                    "management.endpoints.web.exposure.include=*", "management.endpoints.jmx.exposure.include=*");

    private static PerThread<Probe, RuntimeException> pool(String name, IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name(name)
                .whenIdle(whenIdle)
                .build();
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoPools {
        @Bean
        PerThread<Probe, RuntimeException> kept() {
            return pool("kept", IdlePolicy.KEEP);
        }

        @Bean
        PerThread<Probe, RuntimeException> lent() {
            return pool("lent", IdlePolicy.LEND);
        }
    }

    /** As Boot does it: whatever binds to registries, binds when the registry is created, not when pools are. */
    @Configuration(proxyBeanMethods = false)
    static class Registry {
        @Bean
        MeterRegistry registry(PerThreadMetrics metrics) {
            MeterRegistry registry = new SimpleMeterRegistry();
            metrics.bindTo(registry);
            return registry;
        }
    }

    private static List<String> published(ConfigurableApplicationContext context) {
        return context.getBean(MeterRegistry.class).getMeters().stream()
                .filter(meter -> meter.getId().getName().equals("perthread.resources.idle"))
                .map(meter -> String.valueOf(meter.getId().getTag("pool")))
                .sorted()
                .collect(Collectors.toList());
    }

    @Test
    void connectionsFromProperties_areBeans_namedAsTheyAre() {
        runner.withPropertyValues(
                        "perthread.connections.orders.url=tcp://127.0.0.1:7000?whenIdle=lend&limit=8",
                        "perthread.connections.mail-relay.url=tls://mail.example.org:465?name=relay")
                .run(context -> {
                    assertThat(context.getBeansOfType(LazyConnection.class)).containsOnlyKeys("orders", "mail-relay");
                    LazyConnection orders = context.getBean("orders", LazyConnection.class);
                    assertThat(orders.holder().name()).isEqualTo("orders");
                    assertThat(orders.holder().limit()).hasValue(8);
                    assertThat(context.getBean("mail-relay", LazyConnection.class)
                                    .holder()
                                    .name())
                            .isEqualTo("relay");
                });
    }

    @Test
    void customizer_addsToTheConnectionString() {
        runner.withPropertyValues("perthread.connections.orders.url=tcp://127.0.0.1:7000?limit=8")
                .withBean(
                        LazyConnectionCustomizer.class,
                        () -> (name, builder) -> builder.name(name + "!").limit(3))
                .run(context -> assertThat(context.getBean(LazyConnection.class).holder())
                        .satisfies(pool -> assertThat(pool.name()).isEqualTo("orders!"))
                        .satisfies(pool -> assertThat(pool.limit()).hasValue(3)));
    }

    @Test
    void badConnectionString_stopsTheStart_namingTheProperty_withoutThePassword() {
        runner.withPropertyValues("perthread.connections.orders.url=tcp://h:1?proxy=http://user:S3CRET@")
                .run(context -> {
                    assertThat(context).hasFailed();
                    FailureAnalysis analysis =
                            new InvalidConnectionFailureAnalyzer().analyze(context.getStartupFailure());
                    assertThat(analysis.getDescription())
                            .startsWith("perthread.connections.orders.url: ")
                            .doesNotContain("S3CRET");
                    assertThat(analysis.getAction())
                            .isEqualTo("Correct the property perthread.connections.orders.url.");
                });
    }

    @Test
    void everyPool_isPublished() {
        runner.withUserConfiguration(TwoPools.class, Registry.class)
                .withPropertyValues("perthread.connections.orders.url=tcp://127.0.0.1:7000")
                .run(context -> assertThat(
                                published(context.getSourceApplicationContext(ConfigurableApplicationContext.class)))
                        .containsExactly("kept", "lent", "orders"));
    }

    @Test
    void everyPool_isPublishedWhenItIsCreated_withLazyInitialization() {
        runner.withUserConfiguration(TwoPools.class, Registry.class)
                .withInitializer(context ->
                        context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
                .withPropertyValues("perthread.connections.orders.url=tcp://127.0.0.1:7000")
                .run(started -> {
                    ConfigurableApplicationContext context =
                            started.getSourceApplicationContext(ConfigurableApplicationContext.class);
                    assertThat(published(context)).isEmpty();
                    context.getBean("kept");
                    assertThat(published(context)).containsExactly("kept");
                    context.getBean("orders");
                    assertThat(published(context)).containsExactly("kept", "orders");
                });
    }

    @Test
    void metrics_areLeftOut_withoutMicrometer_orWhenTurnedOff() {
        runner.withUserConfiguration(TwoPools.class)
                .withClassLoader(new FilteredClassLoader(MeterRegistry.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("perThreadMetrics"));
        runner.withUserConfiguration(TwoPools.class)
                .withPropertyValues("perthread.metrics.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(PerThreadMetrics.class));
    }

    @Test
    void endpoint_isLeftOut_withoutActuator() {
        runner.withUserConfiguration(TwoPools.class)
                .withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("perThreadEndpoint"));
    }

    @Test
    void pools_areMXBeans_whenAskedFor_untilTheContextCloses() throws Exception {
        ObjectName all = new ObjectName("dev.perthread:type=PerThread,*");
        runner.withUserConfiguration(TwoPools.class)
                .run(context -> assertThat(
                                ManagementFactory.getPlatformMBeanServer().queryNames(all, null))
                        .isEmpty());
        runner.withUserConfiguration(TwoPools.class)
                .withPropertyValues("perthread.jmx.enabled=true")
                .run(context -> assertThat(
                                ManagementFactory.getPlatformMBeanServer().queryNames(all, null))
                        .hasSize(2));
        assertThat(ManagementFactory.getPlatformMBeanServer().queryNames(all, null))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void endpoint_showsWhoHoldsWhat(ThreadKind kind) {
        runner.withUserConfiguration(TwoPools.class).run(context -> {
            PerThread<?, ?> pool = context.getBean("kept", PerThread.class);
            PerThreadEndpoint endpoint = context.getBean(PerThreadEndpoint.class);
            kind.call(() -> {
                try (Lease<?> lease = pool.acquire()) {
                    lease.done();
                    Map<String, PerThreadEndpoint.Pool> pools = endpoint.pools().pools();
                    assertThat(pools).containsOnlyKeys("kept", "lent");
                    assertThat(pools.get("kept").resources()).singleElement().satisfies(resource -> {
                        assertThat(resource.thread())
                                .isEqualTo(Thread.currentThread().getName());
                        assertThat(resource.leasedSince()).isNotNull();
                    });
                    assertThat(pools.get("lent").resources()).isEmpty();
                }
                return null;
            });
        });
    }

    /** Holds a lease until the pool refuses others, which is when the shutdown waits for it, and uses it once more. */
    @ParameterizedTest
    @MethodSource(KINDS)
    void shutdown_letsALeaseEnd_withinTheGrace(ThreadKind kind) {
        CountDownLatch held = new CountDownLatch(1);
        List<FutureTask<Object>> holding = new ArrayList<>();
        runner.withUserConfiguration(TwoPools.class)
                .withPropertyValues("perthread.shutdown.grace=30s")
                .run(context -> {
                    PerThread<?, ?> pool = context.getBean("lent", PerThread.class);
                    FutureTask<Object> task = new FutureTask<>(() -> {
                        try (Lease<?> lease = pool.acquire()) {
                            held.countDown();
                            Actor.until(() -> isRefused(pool));
                            Object resource = lease.get();
                            lease.done();
                            return resource;
                        }
                    });
                    kind.start(task);
                    held.await();
                    holding.add(task);
                }); // closes the context
        assertThat(holding)
                .singleElement()
                .satisfies(task -> assertThat(task.get()).isInstanceOf(Probe.class));
    }

    private static boolean isRefused(PerThread<?, ?> pool) {
        FutureTask<Boolean> refused = new FutureTask<>(() -> {
            try (Lease<?> lease = pool.acquire()) {
                lease.done();
                return false;
            } catch (IllegalStateException closed) {
                return true;
            }
        });
        new Thread(refused).start();
        try {
            return refused.get();
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void stoppedContext_closesWhatIsIdle_andCanBeStartedAgain() {
        runner.withUserConfiguration(TwoPools.class).run(started -> {
            ConfigurableApplicationContext context =
                    started.getSourceApplicationContext(ConfigurableApplicationContext.class);
            @SuppressWarnings("unchecked")
            PerThread<Probe, RuntimeException> pool = context.getBean("lent", PerThread.class);
            pool.run(Probe::use);
            context.stop();
            assertThat(pool.stats().open()).isZero();
            context.start();
            pool.run(Probe::use);
        });
    }

    @Test
    void shutdown_comesAfterTheWebServerHasStopped() {
        runner.run(context ->
                assertThat(context.getBean(PoolShutdown.class).getPhase()).isLessThan(Integer.MAX_VALUE - 2048));
        runner.withPropertyValues("perthread.shutdown.phase=7")
                .run(context -> assertThat(context.getBean(PoolShutdown.class).getPhase())
                        .isEqualTo(7));
    }

    @Configuration(proxyBeanMethods = false)
    static class Keyed {
        @Bean
        KeyedPerThread<String, Probe, RuntimeException> hosts() {
            return KeyedPerThread.<String, Probe, RuntimeException>builder(key -> {
                        if (key.equals("down")) {
                            throw new IllegalStateException("no route");
                        }
                        return new Probe();
                    })
                    .whenIdle(IdlePolicy.LEND)
                    .limit(4)
                    .build();
        }
    }

    @Test
    void poolForManyKeys_isABeanAsOthersAre() {
        List<KeyedPerThread<?, ?, ?>> seen = new ArrayList<>();
        runner.withUserConfiguration(Keyed.class, Registry.class)
                .withPropertyValues("perthread.jmx.enabled=true")
                .run(context -> {
                    @SuppressWarnings("unchecked")
                    KeyedPerThread<String, Probe, RuntimeException> hosts =
                            (KeyedPerThread<String, Probe, RuntimeException>) context.getBean("hosts");
                    seen.add(hosts);
                    assertThat(published(context.getSourceApplicationContext(ConfigurableApplicationContext.class)))
                            .containsExactly(hosts.name());
                    assertThat(ManagementFactory.getPlatformMBeanServer()
                                    .queryNames(new ObjectName("dev.perthread:type=PerThread,*"), null))
                            .hasSize(1);
                    hosts.run("a", Probe::use);
                    PerThreadEndpoint endpoint = context.getBean(PerThreadEndpoint.class);
                    PerThreadEndpoint.Pool shown = endpoint.pool("hosts");
                    assertThat(shown.limit()).isEqualTo(4);
                    assertThat(shown.resources())
                            .extracting(PerThreadEndpoint.Resource::key)
                            .containsExactly("a");
                    assertThat(endpoint.refresh("hosts").refreshed()).isEqualTo(1);

                    OpeningHealth health = new OpeningHealth(context.getBean(PoolBeans.class), true);
                    assertThat(health.look().get("hosts").isDown()).isFalse();
                    assertThatThrownBy(() -> hosts.run("down", Probe::use)).isInstanceOf(IllegalStateException.class);
                    assertThat(health.look().get("hosts").failure()).isEqualTo("an opener failed");
                    hosts.run("a", Probe::use);
                    assertThat(health.look().get("hosts").isDown()).isFalse();
                });
        assertThat(seen.get(0).isClosed()).isTrue();
    }

    @Configuration(proxyBeanMethods = false)
    static class ManyHosts {
        @Bean
        LazyConnections web() {
            return LazyConnections.tcp().whenIdle(IdlePolicy.LEND).limit(4).build();
        }
    }

    @Test
    void connectionsToManyHosts_areABeanAsOthersAre() {
        List<LazyConnections> seen = new ArrayList<>();
        runner.withUserConfiguration(ManyHosts.class, Registry.class).run(context -> {
            LazyConnections web = context.getBean(LazyConnections.class);
            seen.add(web);
            assertThat(published(context.getSourceApplicationContext(ConfigurableApplicationContext.class)))
                    .containsExactly(web.holder().name());
            assertThat(context.getBean(PerThreadEndpoint.class).pool("web").limit())
                    .isEqualTo(4);
        });
        assertThat(seen.get(0).holder().isClosed()).isTrue();
    }
}
