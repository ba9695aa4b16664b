package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Checks of idle resources in the background, and checks that are left out. Time is moved by the test alone. */
class IdleCheckTest {
    private static final Duration EVERY = Duration.ofMillis(20);
    private static final Duration LONG = Duration.ofSeconds(20);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - EVERY.toNanos() / 2); // it wraps around meanwhile
    private final Queue<Thread> checkers = new ConcurrentLinkedQueue<>();
    private final AtomicInteger checks = new AtomicInteger();
    private final AtomicBoolean usable = new AtomicBoolean(true);

    private boolean check(Probe probe) {
        probe.use(); // complains if somebody else uses it
        checkers.add(Thread.currentThread());
        checks.incrementAndGet();
        return usable.get();
    }

    private PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .acquireTimeout(LONG)
                .clock(now::get);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void idleOne_mustBeCheckedByThreadsOfTheLibrary_andStay(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                .check(this::check)
                .checkIdleEvery(EVERY)
                .checkAfterIdle(Duration.ofHours(1))
                .build()) {
            pool.run(Probe::use);
            for (int round = 1; round <= 3; round++) {
                int before = checks.get();
                pass(EVERY);
                Actor.until(() -> checks.get() == before + 1 && pool.stats().idle() == 1);
            }
            assertThat(checkers).doesNotContain(Thread.currentThread());
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(1);
            assertThat(Probe.closed()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void failingOne_mustBeClosed_withNobodyAskingForIt(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).check(this::check).checkIdleEvery(EVERY).build()) {
            pool.run(Probe::use);
            usable.set(false);
            pass(EVERY);
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.CHECK_FAILED);
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(2);
        }
    }

    @EachThreadKind
    void failingSpareOne_mustBeReplaced(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                .check(probe -> check(probe) || probe.number() > 1)
                .checkIdleEvery(EVERY)
                .checkAfterIdle(LONG)
                .minIdle(1)
                .build()) {
            assertThat(pool.awaitReady(LONG)).isTrue();
            usable.set(false);
            pass(EVERY);
            Actor.until(() -> pool.stats().idle() == 1 && Probe.closed() == 1);
            assertThat(kind.<Integer>call(() -> pool.call(Probe::number))).isEqualTo(2);
        }
    }

    /** The owner of a kept one waits; a lent one is passed over. */
    @EachThreadKind
    void ownerOfAKeptOne_mustWaitForItsCheck_withinItsTime(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                        .check(probe -> {
                            checking.countDown();
                            goOn.await();
                            return true;
                        })
                        .checkIdleEvery(EVERY)
                        .checkAfterIdle(LONG)
                        .build();
                Actor owner = new Actor(kind)) {
            owner.call(() -> pool.call(Probe::number));
            pass(EVERY);
            checking.await();
            owner.call(() -> {
                assertThatThrownBy(() -> pool.acquire(Duration.ZERO))
                        .isInstanceOf(AcquireTimeoutException.class)
                        .hasMessageContaining("still being checked");
                assertThat(pool.tryAcquire()).isEmpty();
                return null;
            });
            FutureTask<Integer> waiting = owner.beginAndWait(() -> pool.call(Probe::number));
            assertThat(waiting.isDone()).isFalse();
            assertThat(pool.stats().idle()).isEqualTo(1);
            goOn.countDown();
            assertThat(Actor.get(waiting)).isEqualTo(1);
        }
    }

    @EachThreadKind
    void ownerThatWaitsForACheckThatFails_mustGetANewOne(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                        .limit(1)
                        .check(probe -> {
                            checking.countDown();
                            goOn.await();
                            return false;
                        })
                        .checkIdleEvery(EVERY)
                        .build();
                Actor owner = new Actor(kind)) {
            owner.call(() -> pool.call(Probe::number));
            pass(EVERY);
            checking.await();
            FutureTask<Integer> waiting = owner.beginAndWait(() -> pool.call(Probe::number));
            goOn.countDown();
            assertThat(Actor.get(waiting)).isEqualTo(2);
        }
    }

    @EachThreadKind
    void ownerThatWaitsForACheck_mustBeRefused_whenThePoolIsClosed(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {})
                .name("db")
                .whenIdle(IdlePolicy.KEEP)
                .acquireTimeout(Duration.ofHours(1))
                .clock(now::get)
                .check(probe -> {
                    checking.countDown();
                    goOn.await();
                    probe.close();
                    return true;
                })
                .checkIdleEvery(EVERY)
                .build();
        try (Actor owner = new Actor(kind)) {
            owner.call(() -> pool.call(Probe::number));
            pass(EVERY);
            checking.await();
            FutureTask<Throwable> waiting = owner.beginAndWait(() -> catchThrowable(pool::acquire));
            assertThat(pool.close(Duration.ZERO).forced()).isEqualTo(1);
            assertThat(Actor.get(waiting))
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("db is closed")
                    .hasMessageEndingWith(" was waiting");
            goOn.countDown();
        }
        Actor.until(() -> Probe.closed() == 1);
    }

    @EachThreadKind
    void lentOneThatIsChecked_mustBePassedOver_andGoToWhoWaitsAfterwards(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                        .limit(2)
                        .check(probe -> {
                            checking.countDown();
                            goOn.await();
                            return true;
                        })
                        .checkIdleEvery(EVERY)
                        .checkAfterIdle(LONG)
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            kind.call(() -> pool.call(Probe::number));
            pass(EVERY);
            checking.await();
            Lease<Probe> other = first.call(pool::acquire); // there is room: it meets no check
            assertThat(first.<Integer>call(() -> other.get().number())).isEqualTo(2);
            FutureTask<Integer> waiting = second.beginAndWait(() -> pool.call(Probe::number));
            goOn.countDown();
            assertThat(Actor.get(waiting)).isEqualTo(1);
            first.call(() -> {
                other.close();
                return null;
            });
        }
    }

    @EachThreadKind
    void closing_mustNotWaitForACheckThatIsStuck(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                .check(probe -> {
                    checking.countDown();
                    goOn.await();
                    return true;
                })
                .checkIdleEvery(EVERY)
                .build();
        kind.call(() -> pool.call(Probe::number));
        pass(EVERY);
        checking.await();
        CloseReport report = pool.close(Duration.ofMillis(20));
        assertThat(report.forced()).isEqualTo(1);
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.FORCED);
        goOn.countDown();
        assertThatThrownBy(pool::acquire).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void oneThatIsRefreshedDuringItsCheck_mustBeClosedAfterIt(IdlePolicy whenIdle) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                .check(probe -> {
                    checking.countDown();
                    goOn.await();
                    return true;
                })
                .checkIdleEvery(EVERY)
                .build()) {
            pool.run(Probe::use);
            pass(EVERY);
            checking.await();
            assertThat(pool.refresh()).isEqualTo(1);
            assertThat(Probe.closed()).isZero();
            goOn.countDown();
            Actor.until(() -> Probe.closed() == 1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.REFRESHED);
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(2);
        }
    }

    @EachThreadKind
    void resourceOfAThreadThatDiedDuringItsCheck_mustBeReclaimed(ThreadKind kind) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .check(probe -> {
                    checking.countDown();
                    goOn.await();
                    return true;
                })
                .checkIdleEvery(EVERY)
                .build()) {
            try (Actor owner = new Actor(kind)) {
                owner.call(() -> pool.call(Probe::number));
                pass(EVERY);
                checking.await();
            }
            assertThat(pool.reap()).isZero();
            goOn.countDown();
            Actor.until(() -> Probe.closed() == 1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.THREAD_ENDED);
        }
    }

    private static @Nullable Void end(Lease<Probe> lease) {
        lease.done();
        lease.close();
        return null;
    }

    private final CountDownLatch oneIsChecked = new CountDownLatch(1);
    private final CountDownLatch checkGoesOn = new CountDownLatch(1);

    /** Keeps one idle, and its check lasts until it is told to go on. */
    private PerThread<Probe, RuntimeException> oneIdle() {
        return builder(IdlePolicy.LEND)
                .maxIdle(1)
                .check(probe -> {
                    oneIsChecked.countDown();
                    checkGoesOn.await();
                    return true;
                })
                .checkIdleEvery(EVERY)
                .build();
    }

    @EachThreadKind
    void maxIdle_mustCountWhatIsBeingChecked(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = oneIdle();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            second.call(() -> end(b));
            pass(EVERY);
            oneIsChecked.await();
            first.call(() -> end(a));
            checkGoesOn.countDown();
            assertThat(pool.stats().idle()).isEqualTo(1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.SURPLUS);
        }
    }

    @EachThreadKind
    void maxIdle_mustCountWhatIsBeingChecked_afterAnotherThreadHasMetIt(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = oneIdle();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            first.call(() -> end(a));
            pass(EVERY);
            oneIsChecked.await();
            Lease<Probe> c = third.call(pool::acquire); // a new one, as the idle one is being checked
            second.call(() -> end(b));
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.SURPLUS);
            checkGoesOn.countDown();
            third.call(() -> end(c));
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void checkBeforeReuse_mustBeLeftOut_onlyForWhatWasUsedWithinTheTime(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                .check(this::check)
                .checkAfterIdle(Duration.ofHours(1))
                .build()) {
            pool.run(Probe::use);
            pass(Duration.ofHours(1).minusNanos(1));
            pool.run(Probe::use);
            assertThat(checks.get()).isZero();
            pass(Duration.ofHours(1));
            pool.run(Probe::use);
            assertThat(checks.get()).isEqualTo(1);
            pool.run(Probe::use);
            assertThat(checks.get()).isEqualTo(1);
            usable.set(false);
            pool.run(Probe::use); // within the time it is trusted
            assertThat(Probe.opened()).isEqualTo(1);
            pass(Duration.ofHours(1));
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(2);
            assertThat(checkers).containsOnly(Thread.currentThread());
        }
    }
}
