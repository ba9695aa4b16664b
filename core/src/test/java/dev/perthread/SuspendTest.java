package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code suspend} and {@code resume}. */
class SuspendTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .acquireTimeout(LONG);
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void suspendedPool_mustHaveNothingOpen_andLetAcquiresWait(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            pool.run(Probe::use);
            CloseReport report = pool.suspend(Duration.ZERO);
            assertThat(report.forced()).isZero();
            assertThat(report.failures()).isEmpty();
            assertThat(pool.stats().open()).isZero();
            FutureTask<Integer> waiting = other.beginAndWait(() -> pool.call(Probe::number));
            Actor.until(() -> pool.stats().waiting() == 1);
            assertThat(pool.tryAcquire()).isEmpty();
            assertThatThrownBy(() -> pool.acquire(Duration.ZERO))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("suspended");
            pool.resume();
            assertThat(Actor.get(waiting)).isEqualTo(2);
            pool.run(Probe::use);
            pool.resume(); // does nothing
        }
    }

    @EachThreadKind
    void suspend_mustWaitForLeases_andCloseThemWhenTheyComeBack(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build();
                Actor owner = new Actor(kind);
                Actor operator = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<CloseReport> draining = operator.beginAndWait(() -> pool.suspend(LONG));
            assertThat(draining.isDone()).isFalse();
            owner.call(() -> {
                lease.get().use();
                lease.done();
                lease.close();
                return null;
            });
            CloseReport report = Actor.get(draining);
            assertThat(report.closed()).isEqualTo(1);
            assertThat(report.forced()).isZero();
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.SUSPENDED);
        }
    }

    @EachThreadKind
    void leaseThatOutlastsTheDrain_mustBeClosedAtItsEnd_evenAfterResume(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build();
                Actor owner = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            assertThat(pool.suspend(Duration.ZERO).closed()).isZero();
            pool.resume();
            owner.call(() -> {
                lease.get().use();
                lease.done();
                lease.close();
                return null;
            });
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(owner.<Integer>call(() -> pool.call(Probe::number))).isEqualTo(2);
        }
    }

    @EachThreadKind
    void ownLeaseOfTheCaller_mustNotBeWaitedFor(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).reentry(ReentryPolicy.SHARE).build()) {
            kind.call(() -> {
                try (Lease<Probe> lease = pool.acquire()) {
                    pool.suspend(LONG);
                    try (Lease<Probe> shared = pool.acquire()) { // still served
                        assertThat(shared.get()).isSameAs(lease.get());
                    }
                }
                return null;
            });
            assertThat(Probe.closed()).isEqualTo(1);
        }
    }

    @EachThreadKind
    void closing_mustEndASuspension_andRefuseThoseWhoWait(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build();
        try (Actor other = new Actor(kind);
                Actor owner = new Actor(kind);
                Actor operator = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<CloseReport> draining = operator.beginAndWait(() -> pool.suspend(LONG));
            FutureTask<Integer> waiting = other.beginAndWait(() -> pool.call(Probe::number));
            Actor.until(() -> pool.stats().waiting() == 1);
            pool.close(Duration.ZERO);
            assertThatThrownBy(() -> Actor.get(waiting)).isInstanceOf(IllegalStateException.class);
            Actor.get(draining);
            owner.call(() -> {
                lease.close();
                return null;
            });
            assertThatThrownBy(() -> pool.suspend(LONG)).isInstanceOf(IllegalStateException.class);
            pool.resume();
            assertThat(pool.isClosed()).isTrue();
        }
    }
}
