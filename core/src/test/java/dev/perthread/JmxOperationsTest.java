package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import javax.management.JMX;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** What can be changed and done through JMX while a pool runs. */
class JmxOperationsTest {

    private static PerThread.Builder<Probe, RuntimeException> builder() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("orders")
                .whenIdle(IdlePolicy.KEEP)
                .limit(4);
    }

    private static PerThreadMXBean bean(PerThread<?, ?> pool) throws Exception {
        return JMX.newMXBeanProxy(
                ManagementFactory.getPlatformMBeanServer(),
                new ObjectName(pool.registerMXBean().objectName()),
                PerThreadMXBean.class);
    }

    @Test
    void settings_mustBeShown_andBeChanged() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder()
                .acquireTimeout(Duration.ofSeconds(7))
                .idleTimeout(Duration.ofMinutes(2))
                .build()) {
            PerThreadMXBean bean = bean(pool);
            assertThat(bean.getLimit()).isEqualTo(4);
            assertThat(bean.getAcquireTimeoutMillis()).isEqualTo(7_000);
            assertThat(bean.getIdleTimeoutMillis()).isEqualTo(120_000);
            assertThat(bean.getMaxAgeMillis()).isZero();
            bean.setLimit(2);
            bean.setAcquireTimeoutMillis(0);
            bean.setIdleTimeoutMillis(5_000);
            bean.setMaxAgeMillis(9_000);
            assertThat(bean.getLimit()).isEqualTo(2);
            assertThat(bean.getAcquireTimeoutMillis()).isZero();
            assertThat(bean.getIdleTimeoutMillis()).isEqualTo(5_000);
            assertThat(bean.getMaxAgeMillis()).isEqualTo(9_000);
            assertThat(pool.limit()).hasValue(2);
            assertThatThrownBy(() -> bean.setLimit(-1)).hasStackTraceContaining("limit must be 1 or more, but was -1");
            bean.setLimit(0); // none
            assertThat(pool.limit()).isEmpty();
        }
    }

    @EachThreadKind
    void leaseRevokedThroughJmx_mustBeClosed_andItsLoserBeTold(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().build();
                Actor user = new Actor(kind)) {
            PerThreadMXBean bean = bean(pool);
            Lease<Probe> lease = user.call(pool::acquire);
            long id = bean.getResources().get(0).getId();
            assertThat(bean.revoke(id + 1)).isFalse();
            assertThat(bean.revoke(id)).isTrue();
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(bean.getClosedByReason()).containsEntry("REVOKED", 1L);
            user.call(() -> {
                assertThatThrownBy(lease::get)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("revoked");
                lease.close();
                return pool.call(Probe::number);
            });
        }
    }

    @EachThreadKind
    void refreshSuspendAndResume_mustWorkThroughJmx(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder().acquireTimeout(Duration.ofSeconds(20)).build();
                Actor user = new Actor(kind)) {
            PerThreadMXBean bean = bean(pool);
            user.call(() -> pool.call(Probe::number));
            assertThat(bean.refresh()).isEqualTo(1);
            user.call(() -> pool.call(Probe::number));
            assertThat(bean.suspend(0)).isEqualTo(1);
            FutureTask<Integer> waiting = user.beginAndWait(() -> pool.call(Probe::number));
            assertThat(bean.getWaiting()).isEqualTo(1);
            bean.resume();
            assertThat(Actor.get(waiting)).isEqualTo(3);
            assertThat(bean.getClosedByReason()).containsEntry("REFRESHED", 1L).containsEntry("SUSPENDED", 1L);
        }
    }
}
