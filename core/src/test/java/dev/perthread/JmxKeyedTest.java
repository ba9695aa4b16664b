package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.management.JMX;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** A pool with keys is one bean, which shows each resource with its key. */
class JmxKeyedTest {
    private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();

    private static KeyedPerThread.Builder<String, Probe, RuntimeException> builder() {
        return KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                .name("hosts")
                .whenIdle(IdlePolicy.KEEP);
    }

    private static PerThreadMXBean proxy(PerThreadMXBean.Registration registration) throws Exception {
        return JMX.newMXBeanProxy(SERVER, new ObjectName(registration.objectName()), PerThreadMXBean.class);
    }

    private static boolean isShown(String name) throws Exception {
        return SERVER.isRegistered(new ObjectName(name));
    }

    @EachThreadKind
    void keyedPool_mustBeOneBean_thatShowsAndActsOnKeys(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        builder().limit(8).limitPerKey(2).build();
                Actor user = new Actor(kind)) {
            PerThreadMXBean bean = proxy(pool.registerMXBean());
            user.call(() -> pool.call("a", Probe::number));
            user.call(() -> pool.call("b", Probe::number));
            Lease<Probe> lease = user.call(() -> pool.acquire("c"));
            assertThat(bean.getName()).isEqualTo("hosts");
            assertThat(List.of(bean.getLimit(), bean.getLimitPerKey(), bean.getOpen(), bean.getLeased()))
                    .containsExactly(8, 2, 3, 1);
            assertThat(bean.getAcquired()).isEqualTo(3);
            assertThat(bean.getResources())
                    .extracting(shown -> shown.getId() + " " + shown.getKey() + " " + shown.getState())
                    .containsExactlyInAnyOrder("1 a IDLE", "2 b IDLE", "3 c LEASED");
            assertThat(bean.evictIdle("nobody's")).isZero();
            assertThat(bean.evictIdle("a")).isEqualTo(1);
            assertThat(bean.refresh("b")).isEqualTo(1);
            assertThat(bean.getResources())
                    .extracting(PerThreadMXBean.Resource::getKey)
                    .containsExactly("c");
            assertThat(bean.refresh()).isEqualTo(1); // when its lease ends
            assertThat(bean.evictIdle()).isZero();
            assertThat(bean.reap()).isZero();
            assertThat(bean.revoke(3)).isTrue();
            assertThat(bean.getClosedByReason())
                    .containsEntry("EVICTED", 1L)
                    .containsEntry("REFRESHED", 1L)
                    .containsEntry("REVOKED", 1L);
            user.call(() -> {
                assertThatThrownBy(lease::get).hasMessageContaining("revoked");
                lease.close();
                return null;
            });
        }
    }

    @Test
    void settingsOfAKeyedPool_mustBeShown_andNotBeChanged() throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool = builder()
                .acquireTimeout(Duration.ofSeconds(7))
                .idleTimeout(Duration.ofMinutes(2))
                .build()) {
            PerThreadMXBean bean = proxy(pool.registerMXBean());
            assertThat(List.of(bean.getLimit(), bean.getLimitPerKey())).containsExactly(0, 0);
            assertThat(bean.getAcquireTimeoutMillis()).isEqualTo(7_000);
            assertThat(bean.getIdleTimeoutMillis()).isEqualTo(120_000);
            assertThat(bean.getMaxAgeMillis()).isZero();
            assertThatThrownBy(() -> bean.setLimit(3))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("hosts: setLimit needs a pool without keys, but this pool has keys");
            assertThatThrownBy(() -> bean.suspend(0)).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(bean::resume).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Test
    void operationsWithAKey_mustDoNothing_inAPoolWithoutKeys() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .build()) {
            PerThreadMXBean bean = proxy(pool.registerMXBean());
            pool.call(Probe::number);
            assertThat(List.of(bean.evictIdle(""), bean.refresh(""), bean.getLimitPerKey(), bean.getOpen()))
                    .containsExactly(0, 0, 0, 1);
            assertThat(bean.getResources())
                    .extracting(PerThreadMXBean.Resource::getKey)
                    .containsExactly("");
        }
    }

    @Test
    void keyedBean_mustGo_withItsRegistrationAndItsPool() throws Exception {
        KeyedPerThread<String, Probe, RuntimeException> pool = builder().build();
        PerThreadMXBean.Registration first = pool.registerMXBean();
        PerThreadMXBean.Registration second = pool.registerMXBean();
        assertThat(first.objectName()).isEqualTo("dev.perthread:type=PerThread,name=\"hosts\"");
        assertThat(second.objectName()).isEqualTo(first.objectName() + ",id=2");
        first.close();
        assertThat(isShown(first.objectName())).isFalse();
        assertThat(isShown(second.objectName())).isTrue();
        pool.close();
        assertThat(isShown(second.objectName())).isFalse();
        assertThatThrownBy(pool::registerMXBean)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("hosts is closed: nothing can be acquired from it any more");
        assertThat(isShown(first.objectName())).isFalse();
    }

    private static String registerAndForget(List<WeakReference<?>> dropped) {
        KeyedPerThread<String, Probe, RuntimeException> pool = builder().build();
        dropped.add(new WeakReference<>(pool));
        return pool.registerMXBean().objectName();
    }

    @Test
    void droppedKeyedPool_mustBeCollected_andNoLongerBeShown() throws Exception {
        List<WeakReference<?>> dropped = new ArrayList<>();
        String name = registerAndForget(dropped);
        dropped.forEach(MemoryFollowsUseTest::untilCollected);
        Actor.until(() -> !isShown(name));
    }
}
