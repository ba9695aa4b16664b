package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The times and extremes in {@link Stats}. */
class StatsNumbersTest {
    private static final long HOUR = Duration.ofHours(1).toNanos();
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - HOUR / 2); // it wraps around meanwhile

    private static Object end(Lease<?> lease) {
        lease.done();
        lease.close();
        return lease;
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void leaseNanos_mustAddUp_ifLeasesAreTimed(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .timeLeases(true)
                .reentry(ReentryPolicy.SHARE)
                .clock(now::get)
                .build()) {
            Lease<Probe> lease = pool.acquire();
            now.addAndGet(HOUR);
            assertThat(pool.stats().leaseNanos()).isZero(); // counted when it has ended
            Lease<Probe> shared = pool.acquire();
            now.addAndGet(HOUR);
            end(shared);
            end(lease);
            assertThat(pool.stats().leaseNanos()).isEqualTo(2 * HOUR);
            pool.run(probe -> now.addAndGet(3));
            assertThat(pool.stats().leaseNanos()).isEqualTo(2 * HOUR + 3);
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void leaseNanos_mustBeZero_unlessAskedFor(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .clock(now::get)
                .build()) {
            pool.run(probe -> now.addAndGet(HOUR));
            assertThat(pool.stats().leaseNanos()).isZero();
        }
    }

    @Test
    void leaseNanos_mustBeCounted_forAListenerThatWantsLeases() {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .listener(new RecordingListener())
                .clock(now::get)
                .build()) {
            pool.run(probe -> now.addAndGet(HOUR));
            assertThat(pool.stats().leaseNanos()).isEqualTo(HOUR);
        }
    }

    @EachThreadKind
    void waitNanos_mustBeTheTimeThatThreadsWaited_alsoInVain(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .limit(1)
                        .build();
                Actor holding = new Actor(kind);
                Actor waiting = new Actor(kind)) {
            Lease<Probe> lease = holding.call(pool::acquire);
            assertThat(pool.stats().waitNanos()).isZero();
            waiting.call(() -> {
                assertThatThrownBy(() -> pool.acquire(Duration.ofMillis(10)))
                        .isInstanceOf(AcquireTimeoutException.class);
                return null;
            });
            long first = pool.stats().waitNanos();
            assertThat(first).isGreaterThanOrEqualTo(9_000_000);
            FutureTask<Integer> served = waiting.beginAndWait(() -> pool.call(Probe::number));
            holding.call(() -> end(lease));
            Actor.get(served);
            assertThat(pool.stats().waitNanos()).isGreaterThan(first);
            assertThat(pool.stats().waited()).isEqualTo(2);
        }
    }

    @EachThreadKind
    void openNanos_mustBeTheTimeOfOpeners_alsoOfThoseThatFail(ThreadKind kind) throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicBoolean down = new AtomicBoolean(true);
        try (PerThread<Probe, Exception> pool = PerThread.<Probe, Exception>builder(() -> {
                            goOn.await();
                            if (down.get()) {
                                throw new IOException("down\nfor\tlong" + "!".repeat(300));
                            }
                            return new Probe();
                        })
                        .build();
                Actor user = new Actor(kind)) {
            assertThat(pool.stats().lastOpenFailure()).isNull();
            long begin = System.nanoTime();
            FutureTask<Lease<Probe>> failing = user.beginAndWait(pool::acquire);
            long least = System.nanoTime();
            assertThat(pool.stats().openNanos()).isZero();
            goOn.countDown();
            assertThatThrownBy(() -> Actor.get(failing)).isInstanceOf(IOException.class);
            Stats failed = pool.stats();
            assertThat(failed.openNanos()).isPositive().isLessThanOrEqualTo(System.nanoTime() - begin);
            assertThat(least).isGreaterThanOrEqualTo(begin);
            assertThat(failed.lastOpenFailure())
                    .startsWith("java.io.IOException: down\\nfor\\tlong!!")
                    .hasSizeLessThanOrEqualTo(210)
                    .doesNotContain("\n");
            down.set(false);
            user.call(() -> pool.call(Probe::number));
            assertThat(pool.stats().openNanos()).isGreaterThan(failed.openNanos());
            assertThat(pool.stats().lastOpenFailure()).isEqualTo(failed.lastOpenFailure()); // stays
        }
    }

    @EachThreadKind
    void mostOpen_mustStay_whenTheyAreClosed(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        PerThread.<Probe, RuntimeException>builder(Probe::new).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            first.call(() -> end(a));
            second.call(() -> end(b));
            first.call(() -> pool.call(Probe::number));
            assertThat(pool.stats().open()).isZero();
            assertThat(pool.stats().mostOpen()).isEqualTo(2);
        }
    }

    @Test
    void closedByReason_mustBeUnmodifiable_andAPictureOfItsMoment() {
        try (PerThread<Probe, RuntimeException> pool =
                PerThread.<Probe, RuntimeException>builder(Probe::new).build()) {
            pool.run(Probe::use);
            Map<CloseReason, Long> before = pool.stats().closedByReason();
            assertThat(before).containsExactly(Map.entry(CloseReason.SCOPE_END, 1L));
            assertThatThrownBy(before::clear).isInstanceOf(UnsupportedOperationException.class);
            pool.run(Probe::use);
            assertThat(before).containsEntry(CloseReason.SCOPE_END, 1L);
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.SCOPE_END, 2L);
        }
    }
}
