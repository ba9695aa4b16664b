package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A place is never lost when an interrupt, a timeout or a failing opener races with the hand-off. */
class LimitRaceTest {
    private static final int ROUNDS = 400;

    static Stream<Arguments> combinations() {
        return LimitTest.combinations();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void anInterruptRacingWithTheHandOver(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        AtomicInteger served = new AtomicInteger();
        AtomicInteger interrupted = new AtomicInteger();
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(whenIdle)
                        .reusing()
                        .limit(1)
                        .build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind);
                Actor next = new Actor(kind)) {
            for (int round = 0; round < ROUNDS; round++) {
                Lease<Probe> lease = owner.call(pool::acquire);
                CyclicBarrier start = new CyclicBarrier(2);
                FutureTask<Object> waiting = waiter.begin(() -> {
                    Thread.interrupted(); // the last round's, if it came too late
                    try {
                        pool.run(Probe::use);
                        served.incrementAndGet();
                    } catch (AcquireInterruptedException e) {
                        assertThat(Thread.currentThread().isInterrupted()).isTrue();
                        interrupted.incrementAndGet();
                    }
                    Thread.interrupted();
                    pool.release();
                    return null;
                });
                Actor.until(() -> pool.stats().waiting() == 1);
                FutureTask<Object> ending = owner.begin(() -> {
                    start.await();
                    lease.close();
                    pool.release();
                    return null;
                });
                start.await();
                if (round % 2 == 0) {
                    Thread.onSpinWait();
                }
                waiter.thread().interrupt();
                Actor.get(ending);
                Actor.get(waiting);
                // Whoever got it, the place is there for the next at once.
                next.call(() -> {
                    pool.acquire(Duration.ofSeconds(5)).close();
                    pool.release();
                    return null;
                });
            }
            assertThat(served.get() + interrupted.get()).isEqualTo(ROUNDS);
            assertThat(pool.stats().waiting()).isZero();
            assertThat(pool.stats().leased()).isZero();
            assertThat(Probe.peak()).isEqualTo(1);
        }
        System.out.printf("%s %s: interrupt or hand-over first: %s, %s%n", whenIdle, kind, interrupted, served);
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void timeoutsInterruptsAndFailuresAllAtOnce(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        AtomicInteger got = new AtomicInteger();
        AtomicInteger late = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        PerThread.Builder<Probe, IllegalArgumentException> builder = PerThread.<Probe, IllegalArgumentException>builder(
                        () -> {
                            if (ThreadLocalRandom.current().nextInt(4) == 0) {
                                throw new IllegalArgumentException("on purpose");
                            }
                            return new Probe();
                        })
                .whenIdle(whenIdle)
                .reusing()
                .limit(2);
        if (whenIdle != IdlePolicy.CLOSE) { // what fails its check is replaced in its place, whoever waits
            builder.check(probe -> ThreadLocalRandom.current().nextInt(3) > 0);
        }
        PerThread<Probe, IllegalArgumentException> pool = builder.build();
        kind.inParallel(8, i -> {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            for (int round = 0; round < ROUNDS; round++) {
                if (random.nextInt(8) == 0) {
                    Thread.currentThread().interrupt();
                }
                try (Lease<Probe> lease = pool.acquire(Duration.ofNanos(random.nextInt(2_000_000)))) {
                    lease.get().begin(Thread.currentThread());
                    if (random.nextInt(2) == 0) {
                        LockSupport.parkNanos(20_000); // long enough for others to wait
                    }
                    lease.get().end(Thread.currentThread());
                    if (random.nextInt(4) == 0) {
                        lease.invalidate();
                    }
                    got.incrementAndGet();
                } catch (AcquireTimeoutException | AcquireInterruptedException e) {
                    late.incrementAndGet();
                } catch (IllegalArgumentException e) {
                    failed.incrementAndGet();
                }
                Thread.interrupted();
                if (whenIdle == IdlePolicy.KEEP) {
                    pool.release();
                }
            }
        });
        Stats stats = pool.stats();
        assertThat(got.get() + late.get() + failed.get()).isEqualTo(8 * ROUNDS);
        assertThat(List.of(stats.leased(), stats.opening(), stats.waiting())).containsOnly(0);
        assertThat(stats.acquired()).isEqualTo(got.get());
        assertThat(stats.openFailures()).isEqualTo(failed.get());
        assertThat(Probe.peak()).isLessThanOrEqualTo(2);
        // Both places are still there.
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            for (Actor actor : List.of(first, second)) {
                actor.call(() -> {
                    while (true) {
                        try {
                            return pool.acquire(Duration.ofSeconds(5));
                        } catch (IllegalArgumentException e) {
                            assertThat(e).hasMessage("on purpose");
                        }
                    }
                });
            }
            assertThat(pool.stats().leased()).isEqualTo(2);
            pool.close(Duration.ZERO);
        }
    }
}
