package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 2: while leased, a resource is its owner's alone; KEEP never gives it to another, LEND only when idle. */
class SeenByItsOwnerAloneTest {

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void nobodyElseGetsALeasedOne(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        matrix.<Probe, RuntimeException>builder(Probe::new).build();
                Actor first = new Actor(matrix.kind());
                Actor second = new Actor(matrix.kind())) {
            Lease<Probe> mine = first.call(pool::acquire);
            Probe probe = first.call(mine::get);
            second.call(() -> {
                assertThat(pool.isHeld()).isFalse();
                assertThat(pool.release()).isFalse();
                if (matrix.limit() == 1) {
                    assertThatThrownBy(() -> pool.acquire(Duration.ZERO)).isInstanceOf(AcquireTimeoutException.class);
                } else {
                    try (Lease<Probe> other = pool.acquire()) {
                        assertThat(other.get()).isNotSameAs(probe);
                    }
                    pool.release();
                }
                return null;
            });
            first.call(() -> {
                assertThat(mine.get()).isSameAs(probe);
                assertThat(probe.isClosed()).isFalse();
                mine.close();
                pool.release();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void anotherThreadCanDoNothingToALease(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        matrix.<Probe, RuntimeException>builder(Probe::new).build();
                Actor owner = new Actor(matrix.kind());
                Actor other = new Actor(matrix.kind())) {
            Lease<Probe> lease = owner.call(pool::acquire);
            other.call(() -> {
                assertThatThrownBy(lease::get).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(lease::invalidate).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(lease::close).isInstanceOf(IllegalStateException.class);
                return null;
            });
            Probe probe = owner.call(() -> {
                assertThat(pool.isHeld()).isTrue();
                Probe mine = lease.get();
                lease.close();
                return mine;
            });
            // The other's invalidate() changed nothing: it is still there where it is to be kept.
            assertThat(probe.isClosed()).isEqualTo(matrix.whenIdle() == IdlePolicy.CLOSE);
            other.call(() -> {
                assertThatThrownBy(lease::close).isInstanceOf(IllegalStateException.class);
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void keepNeverGivesItToAnotherThread(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build()) {
            Map<Thread, Probe> all = new ConcurrentHashMap<>();
            kind.inParallel(8, i -> {
                for (int round = 0; round < 1_000; round++) {
                    pool.run(probe -> {
                        probe.begin(Thread.currentThread());
                        Probe before = all.putIfAbsent(Thread.currentThread(), probe);
                        assertThat(before == null || before == probe).isTrue();
                        probe.end(Thread.currentThread());
                    });
                }
            });
            assertThat(Probe.opened()).isEqualTo(8);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void keepAtTheLimitLetsOthersWaitRatherThanTakeAnIdleOne(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .limit(1)
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Probe probe = first.call(() -> pool.call(mine -> mine));
            FutureTask<Probe> waiting = second.beginAndWait(() -> pool.call(mine -> mine));
            for (int i = 0; i < 50; i++) {
                assertThat(first.<Probe>call(() -> pool.call(mine -> mine))).isSameAs(probe);
            }
            assertThat(waiting.isDone()).isFalse();
            assertThat(first.call(pool::release)).isTrue();
            assertThat(Actor.get(waiting)).isNotSameAs(probe);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void lendIsNeverUsedByTwoAtOnce(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.LEND)
                .reusing()
                .limit(3)
                .build()) {
            kind.inParallel(12, i -> {
                for (int round = 0; round < 1_000; round++) {
                    pool.run(probe -> {
                        probe.begin(Thread.currentThread());
                        probe.end(Thread.currentThread());
                    });
                }
            });
            assertThat(Probe.peak()).isLessThanOrEqualTo(3);
            assertThat(pool.stats().acquired()).isEqualTo(12_000);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void aChildThreadInheritsNothing(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build()) {
            matrix.kind().call(() -> {
                try (Lease<Probe> lease = pool.acquire()) {
                    lease.get().use();
                    matrix.kind().call(() -> {
                        assertThat(pool.isHeld()).isFalse();
                        assertThatThrownBy(lease::get).isInstanceOf(IllegalStateException.class);
                        return null;
                    });
                }
                return null;
            });
        }
    }
}
