package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** The reset at the end of a lease. */
class ResetTest {
    private final AtomicInteger resets = new AtomicInteger();

    private PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reset(probe -> {
                    probe.use();
                    resets.incrementAndGet();
                });
    }

    private static PerThread.Builder<Probe, RuntimeException> failing(IdlePolicy whenIdle, Throwable failure) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reset(probe -> {
                    if (failure instanceof Error error) {
                        throw error;
                    }
                    throw (Exception) failure;
                });
    }

    @EachThreadKind
    void reset_mustRunInTheOwnersThread_beforeAnybodyElseHasTheResource(ThreadKind kind) throws Exception {
        List<Thread> by = new ArrayList<>();
        AtomicBoolean clean = new AtomicBoolean(true);
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .limit(1)
                        .reset(probe -> {
                            by.add(Thread.currentThread());
                            clean.set(true);
                        })
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> lease = first.call(pool::acquire);
            clean.set(false);
            FutureTask<Boolean> next = second.beginAndWait(() -> pool.call(probe -> clean.get()));
            first.call(() -> {
                lease.done();
                lease.close();
                return null;
            });
            assertThat(Actor.get(next)).isTrue();
            assertThat(by).containsExactly(first.thread(), second.thread());
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void reset_mustNotRun_onWhatIsClosedAnyway(IdlePolicy whenIdle) {
        PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
        pool.acquire().close(); // not done
        try (Lease<Probe> lease = pool.acquire()) {
            lease.invalidate();
            lease.done();
        }
        try (Lease<Probe> lease = pool.acquire()) {
            pool.refresh();
            lease.done();
        }
        assertThat(resets).hasValue(0);
        pool.run(Probe::use);
        assertThat(resets).hasValue(1);
        try (Lease<Probe> lease = pool.acquire()) {
            lease.done();
            pool.close();
        }
        assertThat(resets).hasValue(1);
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void failingReset_mustDiscardQuietly_andTellTheListener(IdlePolicy whenIdle) {
        for (Throwable failure :
                List.of(new IllegalStateException("no"), new AssertionError("no"), new Exception("no"))) {
            List<Throwable> told = new ArrayList<>();
            try (PerThread<Probe, RuntimeException> pool = failing(whenIdle, failure)
                    .listener(new Listener() {
                        @Override
                        public void resetFailed(ResourceInfo resource, Throwable thrown) {
                            assertThat(resource.state()).isEqualTo(ResourceInfo.State.LEASED);
                            told.add(thrown);
                        }
                    })
                    .build()) {
                try (Lease<Probe> lease = pool.acquire()) {
                    lease.done();
                } // quiet
                pool.run(Probe::use); // too
                assertThat(told).containsExactly(failure, failure);
                assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.RESET_FAILED, 2L);
                assertThat(pool.stats().closeFailures()).isZero();
                assertThat(pool.stats().open()).isZero();
            }
        }
    }

    /** A server that has died fails the reset and then the closer, while the work of the body was done. */
    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void failingReset_mustDiscardQuietly_whereTheCloserFailsToo(IdlePolicy whenIdle) {
        IOException reset = new IOException("reset");
        IOException closer = new IOException("closer");
        List<Throwable> told = new ArrayList<>();
        try (PerThread<Object, RuntimeException> pool = PerThread.<Object, RuntimeException>builder(
                        Object::new, resource -> {
                            throw closer;
                        })
                .whenIdle(whenIdle)
                .reset(resource -> {
                    throw reset;
                })
                .listener(new Listener() {
                    @Override
                    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable thrown) {
                        told.add(thrown);
                    }
                })
                .build()) {
            assertThat(pool.<String, RuntimeException>call(resource -> "done")).isEqualTo("done");
            assertThat(told).containsExactly(closer);
            assertThat(reset).hasSuppressedException(closer);
            assertThat(pool.stats().closeFailures()).isEqualTo(1);
            assertThat(pool.stats().open()).isZero();
        }
    }

    @Test
    void failingReset_mustBeSuppressed_ontoTheFailureOfTheBody() {
        IllegalStateException no = new IllegalStateException("reset");
        try (PerThread<Probe, RuntimeException> pool =
                failing(IdlePolicy.KEEP, no).invalidateWhen(failure -> false).build()) {
            IllegalArgumentException body = new IllegalArgumentException("body");
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw body;
                    }))
                    .isSameAs(body);
            assertThat(body).hasSuppressedException(no);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.RESET_FAILED);
        }
    }

    @Test
    void interruptedReset_mustLeaveTheFlagSet() {
        try (PerThread<Probe, RuntimeException> pool =
                failing(IdlePolicy.KEEP, new InterruptedException()).build()) {
            pool.run(Probe::use);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @EachThreadKind
    void failingReset_mustGiveThePermitToTheNextInLine(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = failing(IdlePolicy.LEND, new IllegalStateException("no"))
                        .limit(1)
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> lease = first.call(pool::acquire);
            FutureTask<Integer> next = second.beginAndWait(() -> pool.call(Probe::number));
            first.call(() -> {
                lease.done();
                lease.close();
                return null;
            });
            assertThat(Actor.get(next)).isEqualTo(2);
        }
    }
}
