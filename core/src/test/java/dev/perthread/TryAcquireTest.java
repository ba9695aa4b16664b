package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** {@code tryAcquire}, and the acquires with a bound of their own. */
class TryAcquireTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).whenIdle(whenIdle);
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void tryAcquire_mustBeEmpty_atTheLimit_andOpenWhereThereIsRoom(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(whenIdle).limit(1).build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> lease = pool.tryAcquire().orElseThrow();
            assertThat(other.call(pool::tryAcquire)).isEmpty();
            assertThat(pool.stats().timeouts()).isZero();
            assertThat(pool.stats().waited()).isZero();
            lease.done();
            lease.close();
            boolean served = other.call(() -> {
                Optional<Lease<Probe>> got = pool.tryAcquire();
                got.ifPresent(Lease::close);
                return got.isPresent();
            });
            assertThat(served).isEqualTo(whenIdle != IdlePolicy.KEEP);
        }
    }

    @EachThreadKind
    void tryAcquire_mustBeEmpty_whileOthersWait(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.CLOSE).limit(1).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> lease = first.call(pool::acquire);
            FutureTask<Integer> waiting = second.beginAndWait(() -> pool.call(Probe::number));
            assertThat(pool.tryAcquire()).isEmpty();
            first.call(() -> {
                lease.close();
                return null;
            });
            assertThat(Actor.get(waiting)).isEqualTo(2);
        }
    }

    @Test
    void tryAcquire_mustThrowWhatTheOpenerThrew_andLeaveNothing() throws Exception {
        AtomicBoolean down = new AtomicBoolean(true);
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (down.get()) {
                        throw new IOException("down");
                    }
                    return new Probe();
                })
                .limit(1)
                .build()) {
            assertThatThrownBy(pool::tryAcquire).isInstanceOf(IOException.class).hasMessage("down");
            down.set(false);
            pool.tryAcquire().orElseThrow().close();
        }
    }

    @Test
    void tryAcquire_mustRefuseReentry_andAClosedPool() {
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.CLOSE).build();
        try (Lease<Probe> lease = pool.acquire()) {
            assertThat(lease.get()).isNotNull();
            assertThatThrownBy(pool::tryAcquire).isInstanceOf(ReentryException.class);
        }
        pool.close();
        assertThatThrownBy(pool::tryAcquire)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @EachThreadKind
    void failingCheckOfAnIdleOne_mustNotFailWhoDoesNotWait_whereThereIsRoom(ThreadKind kind) throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    stuck.await(); // nobody may wait for it
                    probe.close();
                })
                .whenIdle(IdlePolicy.LEND)
                .check(probe -> probe.number() > 1)
                .build()) {
            kind.call(() -> pool.call(Probe::number));
            assertThat(kind.<Boolean>call(
                            () -> pool.tryAcquire().map(Ending::number).orElse(0) == 2))
                    .isTrue();
            assertThat(pool.call(Duration.ZERO, Probe::number)).isGreaterThan(1);
            stuck.countDown();
            Actor.until(() -> pool.stats().closedByReason().containsKey(CloseReason.CHECK_FAILED));
        }
    }

    private static final class Ending {
        static int number(Lease<Probe> lease) {
            int number = lease.get().number();
            lease.done();
            lease.close();
            return number;
        }
    }

    @Test
    void tryAcquire_mustBeEmpty_whenTheOnlyIdleOneAtTheLimitFailsItsCheck() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    stuck.await();
                    probe.close();
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .check(probe -> false)
                .build()) {
            ThreadKind.PLATFORM.call(() -> pool.call(Probe::number));
            assertThat(pool.tryAcquire()).isEmpty();
            assertThat(pool.stats().timeouts()).isZero();
            stuck.countDown();
            Actor.until(() -> pool.stats().open() == 0);
            pool.tryAcquire().orElseThrow().close();
        }
    }

    @EachThreadKind
    void callAndRun_mustKeepToTheirOwnTimeout(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.CLOSE)
                .limit(1)
                .acquireTimeout(Duration.ofHours(1))
                .build()) {
            Lease<Probe> lease = pool.acquire();
            kind.call(() -> {
                assertThatThrownBy(() -> pool.call(Duration.ofMillis(10), Probe::number))
                        .isInstanceOf(AcquireTimeoutException.class);
                assertThatThrownBy(() -> pool.run(Duration.ZERO, Probe::use))
                        .isInstanceOf(AcquireTimeoutException.class);
                return null;
            });
            lease.close();
            assertThat(pool.call(Duration.ZERO, Probe::number)).isEqualTo(2);
            pool.run(Duration.ofSeconds(1), Probe::use);
            assertThatThrownBy(() -> pool.run(Duration.ofNanos(-1), Probe::use))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("timeout must be zero or more, but was PT-0.000000001S");
            assertThatThrownBy(() -> pool.call(Duration.ofNanos(-1), Probe::number))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void slowFailingCheck_mustNotBeFollowedByOpening_whenTheTimeIsOver(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                .check(probe -> {
                    long begin = System.nanoTime();
                    while (System.nanoTime() - begin < 20_000_000) {
                        Thread.onSpinWait();
                    }
                    return false;
                })
                .build()) {
            pool.run(Probe::use);
            assertThatThrownBy(() -> pool.acquire(Duration.ofMillis(10)))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("check");
            assertThat(Probe.opened()).isEqualTo(1);
            assertThat(pool.stats().open()).isZero();
            pool.run(Probe::use);
        }
    }

    @Test
    void timedOpener_mustBeToldWhatIsLeft() throws Exception {
        List<Duration> told = new ArrayList<>();
        TimedOpener<Probe, RuntimeException> opener = left -> {
            told.add(left);
            return new Probe();
        };
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>timedBuilder(
                        opener, Probe::close)
                .acquireTimeout(Duration.ofSeconds(7))
                .build()) {
            pool.run(Probe::use);
            pool.run(Duration.ofSeconds(3), Probe::use);
            pool.run(Duration.ZERO, Probe::use);
            pool.tryAcquire().orElseThrow().close();
            pool.setAcquireTimeout(Duration.ofSeconds(5));
            pool.tryAcquire().orElseThrow().close();
        }
        assertThat(told.get(0)).isBetween(Duration.ofSeconds(4), Duration.ofSeconds(7));
        assertThat(told.get(1)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(3));
        assertThat(told.get(2)).isZero();
        assertThat(told.get(3)).isEqualTo(Duration.ofSeconds(7));
        assertThat(told.get(4)).isEqualTo(Duration.ofSeconds(5));
        told.clear();
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>timedBuilder(
                        opener, Probe::close)
                .openTimeout(Duration.ofSeconds(2))
                .build()) {
            pool.run(Probe::use);
            pool.run(Duration.ofSeconds(1), Probe::use);
            pool.tryAcquire().orElseThrow().close();
        }
        assertThat(told.get(0)).isEqualTo(Duration.ofSeconds(2));
        assertThat(told.get(1)).isBetween(Duration.ZERO, Duration.ofSeconds(1));
        assertThat(told.get(2)).isEqualTo(Duration.ofSeconds(2));
    }

    @EachThreadKind
    void timedOpener_mustBeToldLess_afterAWait(ThreadKind kind) throws Exception {
        List<Duration> told = new ArrayList<>();
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>timedBuilder(
                                left -> {
                                    told.add(left);
                                    return new Probe();
                                },
                                Probe::close)
                        .limit(1)
                        .build();
                Actor other = new Actor(kind)) {
            Lease<Probe> lease = pool.acquire();
            FutureTask<Integer> waiting = other.beginAndWait(() -> pool.call(Duration.ofSeconds(20), Probe::number));
            Actor.until(() -> pool.stats().waiting() == 1);
            lease.close();
            Actor.get(waiting);
            assertThat(told.get(1)).isLessThan(Duration.ofSeconds(20));
        }
    }
}
