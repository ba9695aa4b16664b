package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 4: no user code runs under a lock that another thread needs; what is stuck stops nobody else. */
class NoUserCodeUnderALockTest {

    /** Where user code gets stuck. */
    enum Place {
        OPENER,
        CLOSER,
        CHECK,
        OPENED,
        ACQUIRED,
        RELEASED,
        CLOSED,
        OPEN_FAILED,
        CLOSE_FAILED,
        BODY
    }

    static Stream<Arguments> places() {
        return Stream.of(Place.values())
                .flatMap(place -> ThreadKind.available().map(kind -> Arguments.of(place, kind)));
    }

    /** Gets stuck once, in one place. */
    private static final class Trap implements Listener {
        final Place place;
        final CountDownLatch stuck = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);
        private volatile Thread victim;

        Trap(Place place) {
            this.place = place;
        }

        boolean isVictim() {
            Thread me = Thread.currentThread();
            return victim != null && victim.equals(me);
        }

        void at(Place here) {
            if (here == place && isVictim()) {
                stuck.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        @Override
        public void opened(ResourceInfo resource) {
            at(Place.OPENED);
        }

        @Override
        public void openFailed(Throwable failure) {
            at(Place.OPEN_FAILED);
        }

        @Override
        public void acquired(ResourceInfo resource) {
            at(Place.ACQUIRED);
        }

        @Override
        public void released(ResourceInfo resource) {
            at(Place.RELEASED);
        }

        @Override
        public void closed(ResourceInfo resource, CloseReason reason) {
            at(Place.CLOSED);
        }

        @Override
        public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
            at(Place.CLOSE_FAILED);
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void othersGoOnWhileOneIsStuck(Place place, ThreadKind kind) throws Exception {
        Trap trap = new Trap(place);
        boolean[] failing = new boolean[1];
        PerThread<Probe, IllegalStateException> pool = PerThread.<Probe, IllegalStateException>builder(() -> {
                    trap.at(Place.OPENER);
                    if (failing[0] && trap.isVictim()) {
                        throw new IllegalStateException("on purpose");
                    }
                    return new Probe();
                })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .closer(probe -> {
                    probe.close();
                    trap.at(Place.CLOSER);
                    if (place == Place.CLOSE_FAILED && trap.isVictim()) {
                        throw new IllegalStateException("on purpose");
                    }
                })
                .check(probe -> {
                    trap.at(Place.CHECK);
                    return true;
                })
                .listener(trap)
                .build();
        try (Actor victim = new Actor(kind);
                Actor other = new Actor(kind);
                Actor third = new Actor(kind)) {
            other.call(() -> pool.call(probe -> probe));
            if (place == Place.CHECK) {
                victim.call(() -> pool.call(probe -> probe));
            }
            failing[0] = place == Place.OPEN_FAILED;
            trap.victim = victim.thread();
            FutureTask<Object> stuck = victim.begin(() -> {
                pool.run(probe -> trap.at(Place.BODY));
                return pool.release();
            });
            assertThat(trap.stuck.await(10, TimeUnit.SECONDS)).isTrue();
            try {
                FutureTask<Object> all = other.begin(() -> {
                    pool.run(Probe::use); // the kept one
                    pool.release();
                    pool.run(Probe::use); // a new one
                    pool.evictIdle();
                    pool.run(Probe::use);
                    pool.reap();
                    pool.snapshot();
                    pool.stats();
                    pool.isHeld();
                    assertThat(pool.toString()).contains("leased");
                    return null;
                });
                all.get(5, TimeUnit.SECONDS);
                third.begin(() -> pool.call(probe -> probe)).get(5, TimeUnit.SECONDS);
            } finally {
                trap.goOn.countDown();
            }
            if (place == Place.OPEN_FAILED || place == Place.CLOSE_FAILED) {
                assertThat(stuck).failsWithin(Duration.ofSeconds(5));
            } else {
                assertThat(stuck).succeedsWithin(Duration.ofSeconds(5));
            }
        }
        pool.close();
        assertThat(Probe.opened()).isEqualTo(Probe.closed());
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aStuckOpenerDoesNotKeepWaitersFromAnotherPlace(ThreadKind kind) throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch inside = new CountDownLatch(1);
        ThreadLocal<Boolean> stuck = ThreadLocal.withInitial(() -> false);
        PerThread<Probe, InterruptedException> pool = PerThread.<Probe, InterruptedException>builder(() -> {
                    if (stuck.get()) {
                        inside.countDown();
                        goOn.await();
                    }
                    return new Probe();
                })
                .limit(2)
                .build();
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            FutureTask<Object> slow = first.begin(() -> {
                stuck.set(true);
                return pool.call(probe -> probe);
            });
            inside.await();
            Lease<Probe> lease = second.call(pool::acquire);
            FutureTask<Probe> waiting = third.beginAndWait(() -> pool.call(probe -> probe));
            second.call(() -> {
                lease.close();
                return null;
            });
            waiting.get(5, TimeUnit.SECONDS);
            goOn.countDown();
            slow.get(5, TimeUnit.SECONDS);
        }
        pool.close();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aCloserStuckOnADeadThreadsResourceDelaysNobodyElsesReclaim(ThreadKind kind) throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch inside = new CountDownLatch(1);
        PerThread<Object, RuntimeException> slow = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .closer(resource -> {
                    inside.countDown();
                    goOn.await();
                })
                .build();
        PerThread<Probe, RuntimeException> quick = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build();
        try {
            Actor lasting = new Actor(kind);
            lasting.call(() -> quick.call(probe -> probe));
            kind.inParallel(100, i -> slow.call(resource -> resource));
            assertThat(inside.await(5, TimeUnit.SECONDS)).isTrue();
            lasting.end(); // nothing is opened from here on that could call for help
            Actor.until(() -> quick.stats().closed() == 1);
        } finally {
            goOn.countDown();
            quick.close();
            slow.close();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aStuckLeakListenerKeepsNobodyFromAcquiring(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch inside = new CountDownLatch(1);
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .listener(new Listener() {
                    @Override
                    public void leaked(ResourceInfo resource) {
                        inside.countDown();
                        try {
                            goOn.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                })
                .build();
        kind.call(pool::acquire);
        assertThat(inside.await(5, TimeUnit.SECONDS)).isTrue();
        try (Actor other = new Actor(kind)) {
            other.begin(() -> pool.call(probe -> probe)).get(5, TimeUnit.SECONDS);
        } finally {
            goOn.countDown();
        }
        pool.close();
    }
}
