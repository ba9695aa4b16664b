package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** close(grace): refuses, closes the idle, waits, forces, reports; from anywhere, as often as one likes. */
class CloseTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("db")
                .whenIdle(whenIdle)
                .reusing();
    }

    private static Object end(Lease<?> lease) {
        lease.close();
        return "ended";
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void closesTheIdleWaitsForTheLeasedAndReportsBoth(ThreadKind kind) throws Exception {
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).listener(journal).build();
        try (Actor idle = new Actor(kind);
                Actor busy = new Actor(kind);
                Actor closer = new Actor(kind)) {
            idle.call(() -> pool.call(probe -> probe));
            Lease<Probe> lease = busy.call(pool::acquire);
            FutureTask<CloseReport> closing = closer.beginAndWait(() -> pool.close(LONG));
            Actor.until(() -> Probe.closed() == 1);
            assertThatThrownBy(() -> idle.call(pool::acquire))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("db is closed");
            assertThat(closing.isDone()).isFalse();
            busy.call(() -> {
                lease.get().use(); // goes on as if nothing had happened
                return end(lease);
            });
            assertThat(Actor.get(closing)).isEqualTo(new CloseReport(2, 0, List.of()));
        }
        assertThat(journal.take())
                .contains("closed 1 HOLDER_CLOSED", "released 2", "closed 2 HOLDER_CLOSED")
                .hasSize(8);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void waitsForACloserOfAnotherThread_alsoOnAResourceOfItsOwn(ThreadKind kind) throws Exception {
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .closer(probe -> {
                    closing.countDown();
                    goOn.await();
                    probe.close();
                })
                .build();
        try (Actor owner = new Actor(kind);
                Actor evictor = new Actor(kind)) {
            owner.call(() -> pool.call(probe -> probe));
            FutureTask<Integer> evicting = evictor.begin(pool::evictIdle);
            closing.await();
            FutureTask<Integer> openAfterClose = owner.beginAndWait(() -> {
                pool.close(LONG);
                return pool.stats().open();
            });
            goOn.countDown();
            assertThat(Actor.get(openAfterClose)).isZero();
            assertThat(Actor.get(evicting)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.perthread.Matrix#keeping")
    void refusesAtOnceEvenWhatIsStillIdleWhileItsCloserIsBusyWithAnother(Matrix matrix) throws Exception {
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicReference<Object> slow = new AtomicReference<>();
        PerThread<Object, RuntimeException> pool = matrix.<Object, RuntimeException>builder(Object::new, Closer.none())
                .closer(resource -> {
                    if (resource.equals(slow.get())) {
                        closing.countDown();
                        goOn.await();
                    }
                })
                .build();
        if (matrix.limit() == 1) {
            return; // it takes two
        }
        try (Actor first = new Actor(matrix.kind());
                Actor second = new Actor(matrix.kind());
                Actor closer = new Actor(matrix.kind())) {
            Lease<Object> one = first.call(pool::acquire);
            Lease<Object> other = second.call(pool::acquire);
            slow.set(first.call(one::get));
            first.call(() -> end(one));
            second.call(() -> end(other));
            FutureTask<CloseReport> report = closer.begin(() -> pool.close(LONG));
            try {
                closing.await();
                assertThatThrownBy(() -> second.call(pool::acquire))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
                assertThat(second.call(pool::isHeld)).isFalse();
            } finally {
                goOn.countDown();
            }
            assertThat(Actor.get(report).forced()).isZero();
        }
        assertThat(pool.stats().open()).isZero();
        assertThat(pool.stats().acquired()).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void leasesLeftAfterTheGrace_areClosedUnderTheirUsers(ThreadKind kind) throws Exception {
        AtomicReference<Thread> by = new AtomicReference<>();
        PerThread<Object, RuntimeException> pool = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .closer(resource -> by.set(Thread.currentThread()))
                .build();
        try (Actor busy = new Actor(kind)) {
            Lease<Object> lease = busy.call(pool::acquire);
            long begin = System.nanoTime();
            assertThat(pool.close(Duration.ofMillis(50))).isEqualTo(new CloseReport(1, 1, List.of()));
            assertThat(System.nanoTime() - begin).isBetween(50_000_000L, 5_000_000_000L);
            assertThat(by.get()).isNotNull().isNotSameAs(busy.thread());
            busy.call(() -> {
                assertThatThrownBy(lease::get)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed under its user");
                return end(lease);
            });
        }
        assertThat(pool.stats().open()).isZero();
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void theSecondTimeThereIsNothingToDo(IdlePolicy whenIdle) {
        PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
        pool.run(Probe::use);
        pool.close();
        pool.close();
        assertThat(pool.close(LONG)).isEqualTo(new CloseReport(0, 0, List.of()));
        assertThat(pool.release()).isFalse();
        assertThat(pool.evictIdle()).isZero();
        assertThat(pool.reap()).isZero();
        assertThat(pool.isHeld()).isFalse();
        assertThat(pool.snapshot()).isEmpty();
        assertThatThrownBy(pool::acquire).isExactlyInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.acquire(Duration.ZERO)).isExactlyInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.run(probe -> {})).isExactlyInstanceOf(IllegalStateException.class);
        assertThat(Probe.opened()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void severalThreadsMayCloseAtOnceAndEachWaits(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build();
        try (Actor busy = new Actor(kind)) {
            Lease<Probe> lease = busy.call(pool::acquire);
            List<Actor> closers = new ArrayList<>();
            List<FutureTask<CloseReport>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Actor closer = new Actor(kind);
                closers.add(closer);
                all.add(closer.beginAndWait(() -> pool.close(LONG)));
            }
            assertThat(all).noneMatch(FutureTask::isDone);
            busy.call(() -> end(lease));
            for (FutureTask<CloseReport> one : all) {
                assertThat(Actor.get(one).forced()).isZero();
            }
            closers.forEach(Actor::end);
        }
        assertThat(pool.stats().closed()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void fromInsideAScopeItDoesNotWaitForItself(Matrix matrix) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build();
        matrix.kind().call(() -> {
            long begin = System.nanoTime();
            Lease<Probe> lease = pool.acquire();
            CloseReport report = pool.close(LONG);
            assertThat(report.closed()).isEqualTo(1);
            assertThatThrownBy(lease::get).isInstanceOf(IllegalStateException.class);
            lease.close();
            assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
            return null;
        });
        assertThat(pool.stats().open()).isZero();
    }

    /** Where user code calls close(). */
    enum Place {
        OPENER,
        CLOSER,
        CHECK,
        OPENED,
        ACQUIRED,
        RELEASED,
        CLOSED
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void fromInsideUserCodeItEndsAndEverythingIsClosed(Place place) throws Exception {
        AtomicReference<PerThread<Probe, RuntimeException>> self = new AtomicReference<>();
        List<Place> done = new ArrayList<>();
        class Here implements Listener {
            void at(Place here) {
                if (here == place) {
                    done.add(here);
                    long begin = System.nanoTime();
                    self.get().close(LONG);
                    assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
                }
            }

            @Override
            public void opened(ResourceInfo resource) {
                at(Place.OPENED);
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
        }
        Here here = new Here();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(() -> {
                    here.at(Place.OPENER);
                    return new Probe();
                })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .closer(probe -> {
                    probe.close();
                    here.at(Place.CLOSER);
                })
                .check(probe -> {
                    here.at(Place.CHECK);
                    return true;
                })
                .listener(here)
                .build();
        self.set(pool);
        try {
            for (int i = 0; i < 2; i++) {
                Lease<Probe> lease = pool.acquire();
                assertThat(pool.isHeld() || place == Place.ACQUIRED).isTrue();
                lease.close();
            }
            pool.release();
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("closed");
        }
        assertThat(done).isNotEmpty();
        assertThat(pool.stats().open()).isZero();
        assertThat(pool.stats().opening()).isZero();
        assertThat(Probe.opened()).isEqualTo(Probe.closed());
        assertThat(LogLines.seen()).isEmpty(); // the listener did not fail
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void fromInsideTheListenerThatIsToldOfALeakItDoesNotWaitForThatLeak(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        AtomicReference<PerThread<Probe, RuntimeException>> self = new AtomicReference<>();
        AtomicReference<Duration> took = new AtomicReference<>();
        PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.CLOSE)
                .listener(new Listener() {
                    @Override
                    public void leaked(ResourceInfo resource) {
                        long begin = System.nanoTime();
                        self.get().close(Duration.ofSeconds(60));
                        took.set(Duration.ofNanos(System.nanoTime() - begin));
                    }
                })
                .build();
        self.set(pool);
        kind.call(pool::acquire);
        Actor.until(() -> took.get() != null);
        assertThat(took.get()).isLessThan(Duration.ofSeconds(30));
        Actor.until(() -> pool.stats().open() == 0);
        assertThat(pool.stats().leaked()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void interruptingTheClosingThreadEndsTheGrace(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.of(Probe::new);
        try (Actor busy = new Actor(kind);
                Actor closer = new Actor(kind)) {
            Lease<Probe> lease = busy.call(pool::acquire);
            FutureTask<CloseReport> closing = closer.beginAndWait(() -> {
                CloseReport report = pool.close(Duration.ofHours(1));
                assertThat(Thread.interrupted()).isTrue();
                return report;
            });
            closer.thread().interrupt();
            assertThat(Actor.get(closing)).isEqualTo(new CloseReport(1, 1, List.of()));
            busy.call(() -> end(lease));
        }
    }

    @Test
    void theFailuresOfTheClosersAreReportedAndThrownOnceAllWereCalled() throws Exception {
        for (boolean report : new boolean[] {true, false}) {
            PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                    .reentry(ReentryPolicy.OPEN_NEW)
                    .closer(probe -> {
                        probe.close();
                        throw new IOException("closing " + probe);
                    })
                    .build();
            Lease<Probe> a = pool.acquire();
            Lease<Probe> b = pool.acquire();
            Lease<Probe> c = pool.acquire();
            a.close();
            b.close();
            c.close();
            if (report) {
                CloseReport result = pool.close(Duration.ZERO);
                assertThat(result.closed()).isEqualTo(3);
                assertThat(result.failures()).hasSize(3).allMatch(failure -> failure instanceof IOException);
            } else {
                assertThatThrownBy(pool::close)
                        .isInstanceOf(ResourceCloseException.class)
                        .hasMessageContaining("db")
                        .hasCauseInstanceOf(IOException.class)
                        .satisfies(e -> assertThat(e.getCause().getSuppressed()).hasSize(2));
            }
            assertThat(pool.stats().closeFailures()).isEqualTo(3);
            assertThat(pool.stats().open()).isZero();
            pool.close();
        }
    }

    @Test
    void aCloserThatClosesTheHolderWhileItsResourceIsReplacedIsCountedOnce() {
        AtomicReference<PerThread<Probe, RuntimeException>> self = new AtomicReference<>();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .check(probe -> false)
                .closer(probe -> {
                    probe.close();
                    self.get().close();
                })
                .build();
        self.set(pool);
        pool.run(Probe::use);
        assertThatThrownBy(pool::acquire).isInstanceOf(IllegalStateException.class);
        assertThat(pool.stats().closed()).isEqualTo(1);
        assertThat(pool.stats().open()).isZero();
    }
}
