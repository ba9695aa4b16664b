package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.concurrent.FutureTask;

/** A bound on how many may wait at the limit. */
class MaxWaitingTest {

    private static PerThread<Probe, RuntimeException> pool(int maxWaiting) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .limit(1)
                .maxWaiting(maxWaiting)
                .acquireTimeout(Duration.ofSeconds(20))
                .build();
    }

    @EachThreadKind
    void acquire_mustBeRefusedAtOnce_whenSoManyWait(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool(1);
                Actor owner = new Actor(kind);
                Actor first = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<Integer> waiting = first.beginAndWait(() -> pool.call(Probe::number));
            Actor.until(() -> pool.stats().waiting() == 1);
            assertThatThrownBy(pool::acquire)
                    .isInstanceOf(AcquireRefusedException.class)
                    .isInstanceOf(ResourceException.class)
                    .hasMessageContaining(pool.name())
                    .hasMessageContaining("1 threads wait already")
                    .hasMessageContaining("limit 1, leased 1, idle 0, opening 0, waiting 1");
            assertThat(pool.stats().refused()).isEqualTo(1);
            assertThat(pool.stats().timeouts()).isZero();
            owner.call(() -> {
                lease.close();
                return null;
            });
            assertThat(Actor.get(waiting)).isEqualTo(2);
            pool.run(Probe::use);
        }
    }

    @EachThreadKind
    void acquire_mustNeverWait_whenNobodyMay(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool(0);
                Actor owner = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            assertThatThrownBy(pool::acquire).isInstanceOf(AcquireRefusedException.class);
            assertThat(pool.tryAcquire()).isEmpty();
            owner.call(() -> {
                lease.close();
                return null;
            });
            pool.run(Probe::use);
        }
    }
}
