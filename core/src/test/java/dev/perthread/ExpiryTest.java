package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

/** idleTimeout and maxAge, on a clock that only the test moves. */
class ExpiryTest {
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - HOUR / 2); // it wraps around meanwhile
    private final RecordingListener journal = new RecordingListener();

    private PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reusing()
                .clock(now::get)
                .listener(journal);
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void idleForLessThanTheTimeoutIsReusedAndForAsLongIsNot(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).idleTimeout(Duration.ofHours(1)).limit(1).build()) {
            Probe first = pool.call(probe -> probe);
            now.addAndGet(HOUR - 1);
            assertThat(pool.<Probe, RuntimeException>call(probe -> probe)).isSameAs(first);
            now.addAndGet(HOUR - 1);
            assertThat(pool.<Probe, RuntimeException>call(probe -> probe)).isSameAs(first);
            now.addAndGet(HOUR);
            Probe second = pool.call(probe -> probe);
            assertThat(second).isNotSameAs(first);
            assertThat(first.isClosed()).isTrue();
            Actor.until(() -> journal.count("closed 1 IDLE_TIMEOUT") == 1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void timeInsideAScopeIsNotIdleTime(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                        .idleTimeout(Duration.ofHours(1))
                        .limit(1)
                        .build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            Probe first = pool.call(probe -> probe); // has been idle
            try (Lease<Probe> lease = pool.acquire()) {
                assertThat(lease.get()).isSameAs(first);
                now.addAndGet(100 * HOUR);
                // Who finds the limit reached looks for what has expired.
                assertThatThrownBy(() -> other.call(() -> pool.acquire(Duration.ZERO)))
                        .isInstanceOf(AcquireTimeoutException.class);
                assertThat(first.isClosed()).isFalse();
            }
            now.addAndGet(HOUR - 1);
            assertThat(pool.<Probe, RuntimeException>call(probe -> probe)).isSameAs(first);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void anIdleOneThatIsTooOldIsClosedByItself(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                        .idleTimeout(Duration.ofHours(1))
                        .build();
                Actor owner = new Actor(kind)) {
            owner.call(() -> pool.call(probe -> probe));
            now.addAndGet(HOUR);
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(journal.count("closed 1 IDLE_TIMEOUT")).isEqualTo(1);
        }
    }

    @Test
    void anExpiredOneThatTheReaperIsJustClosingIsWaitedForEvenByWhoDoesNotWantToWait() throws Exception {
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                        .idleTimeout(Duration.ofHours(1))
                        .limit(1)
                        .closer(probe -> {
                            closing.countDown();
                            goOn.await();
                            probe.close();
                        })
                        .build();
                Actor owner = new Actor(ThreadKind.PLATFORM)) {
            owner.call(() -> pool.call(probe -> probe));
            now.addAndGet(HOUR);
            assertThat(closing.await(10, TimeUnit.SECONDS)).isTrue();
            long begin = System.nanoTime();
            assertThatThrownBy(() -> pool.acquire(Duration.ZERO)).isInstanceOf(AcquireTimeoutException.class);
            assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(100_000_000);
            goOn.countDown();
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void anExpiredOneOfAnotherThreadMakesRoomAtTheLimit(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                        .idleTimeout(Duration.ofHours(1))
                        .limit(1)
                        .build();
                Actor owner = new Actor(ThreadKind.PLATFORM)) {
            Probe first = owner.call(() -> pool.call(probe -> probe));
            now.addAndGet(HOUR);
            try (Lease<Probe> lease = pool.acquire(Duration.ZERO)) {
                assertThat(lease.get()).isNotSameAs(first);
            }
            assertThat(Probe.peak()).isEqualTo(1);
        }
    }

    @Test
    void maxAgeEndsNoScopeButTheNextReuse() {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).maxAge(Duration.ofHours(1)).build()) {
            Probe first = pool.call(probe -> probe);
            now.addAndGet(HOUR * 9 / 10 - 1); // the jitter is at most a tenth
            assertThat(pool.<Probe, RuntimeException>call(probe -> probe)).isSameAs(first);
            try (Lease<Probe> lease = pool.acquire()) {
                now.addAndGet(HOUR);
                pool.reap();
                pool.evictIdle();
                assertThat(lease.get().isClosed()).isFalse();
            }
            assertThat(first.isClosed()).isTrue();
            assertThat(journal.take()).contains("closed 1 MAX_AGE");
            Probe second = pool.call(probe -> probe);
            now.addAndGet(HOUR);
            assertThat(pool.<Probe, RuntimeException>call(probe -> probe)).isNotSameAs(second);
        }
    }

    @Test
    void useDoesNotMakeYounger() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                .maxAge(Duration.ofHours(1))
                .idleTimeout(Duration.ofHours(2))
                .build()) {
            for (int i = 0; i < 60; i++) {
                pool.run(Probe::use);
                now.addAndGet(HOUR / 60);
            }
            pool.run(Probe::use);
            assertThat(Probe.opened()).isEqualTo(2);
        }
    }

    @Test
    void agesDifferByUpToATenthAndNeverExceedTheMaximum() {
        List<Long> ages = new ArrayList<>();
        int many = 200;
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .reentry(ReentryPolicy.OPEN_NEW)
                .maxAge(Duration.ofHours(1))
                .build()) {
            List<Lease<Probe>> leases = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                leases.add(pool.acquire());
            }
            // Each lease that closes finds out whether its resource is too old by then.
            long step = HOUR / 10 / (many - 1);
            now.addAndGet(HOUR * 9 / 10 - 1);
            for (Lease<Probe> lease : leases) {
                Probe probe = lease.get();
                lease.close();
                assertThat(probe.isClosed()).as("at 90 %% less 1 ns").isFalse();
            }
            leases.clear();
            for (int i = 0; i < many; i++) {
                leases.add(pool.acquire());
            }
            assertThat(Probe.opened()).isEqualTo(many);

            for (int i = 0; i < many; i++) {
                now.addAndGet(step);
                Lease<Probe> lease = leases.get(i);
                Probe probe = lease.get();
                lease.close();
                if (probe.isClosed()) {
                    ages.add(now.get());
                }
            }
            now.addAndGet(HOUR);
            pool.run(Probe::use);
            assertThat(ages).as("closed at ages between 90 and 100 %%").hasSizeBetween(many / 4, many * 3 / 4);
        }
    }

    @Test
    void anExpiredOneIsNeverCountedAsLostAndItsPlaceIsKept() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .idleTimeout(Duration.ofHours(1))
                .limit(1)
                .build()) {
            for (int i = 1; i <= 20; i++) {
                pool.run(Probe::use);
                now.addAndGet(HOUR);
                assertThat(Probe.opened()).isLessThanOrEqualTo(i);
            }
            assertThat(Probe.peak()).isEqualTo(1);
            Stats stats = pool.stats();
            assertThat(stats.opened()).isEqualTo(stats.closed() + stats.open());
        }
    }
}
