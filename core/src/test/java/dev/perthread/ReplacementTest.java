package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

/** A thread at the limit that took a resource, found it unfit, and waits until that one is closed, outside the queue. */
class ReplacementTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    private final CountDownLatch stuck = new CountDownLatch(1);

    private PerThread<Probe, RuntimeException> pool() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    stuck.await();
                    probe.close();
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .check(probe -> probe.number() > 1)
                .acquireTimeout(LONG)
                .closerTimeout(Duration.ofMillis(20))
                .build();
    }

    @EachThreadKind
    void closing_mustWakeIt_atOnce(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = pool();
        try (Actor user = new Actor(kind)) {
            kind.call(() -> pool.call(Probe::number));
            FutureTask<Integer> waiting = user.beginAndWait(() -> pool.call(Probe::number));
            pool.close(Duration.ZERO);
            assertThatThrownBy(() -> Actor.get(waiting)) // within a minute, and not in five
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was waiting");
        }
        stuck.countDown();
        Actor.until(() -> Probe.closed() == 1);
        assertThat(Probe.opened()).isEqualTo(1);
    }

    @EachThreadKind
    void itsPermit_mustComeWithTheEndOfTheCloser(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool();
                Actor user = new Actor(kind)) {
            kind.call(() -> pool.call(Probe::number));
            FutureTask<Integer> waiting = user.beginAndWait(() -> pool.call(Probe::number));
            assertThat(Probe.opened()).isEqualTo(1);
            stuck.countDown();
            assertThat(Actor.get(waiting)).isEqualTo(2);
        }
    }

    @EachThreadKind
    void suspending_mustHaveItWait_andServeItWhenResumed(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool();
                Actor user = new Actor(kind)) {
            kind.call(() -> pool.call(Probe::number));
            FutureTask<Integer> waiting = user.beginAndWait(() -> pool.call(Probe::number));
            pool.suspend(Duration.ZERO);
            stuck.countDown();
            Actor.until(() -> Probe.closed() == 1 && pool.stats().waiting() == 1);
            assertThat(Probe.opened()).isEqualTo(1);
            pool.resume();
            assertThat(Actor.get(waiting)).isEqualTo(2);
        }
    }
}
