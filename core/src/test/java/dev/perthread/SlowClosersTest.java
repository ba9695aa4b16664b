package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Closers that are slow or stuck: close, evict, suspend and reap run them side by side and wait for a bounded time. */
class SlowClosersTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int MANY = 6;

    /** The four ways to have many closed at once. */
    enum Way {
        CLOSE {
            @Override
            int apply(PerThread<?, ?> pool) {
                return pool.close(Duration.ZERO).closed();
            }
        },
        SUSPEND {
            @Override
            int apply(PerThread<?, ?> pool) {
                return pool.suspend(Duration.ZERO).closed();
            }
        },
        EVICT {
            @Override
            int apply(PerThread<?, ?> pool) {
                return pool.evict(info -> true);
            }
        },
        EVICT_IDLE {
            @Override
            int apply(PerThread<?, ?> pool) {
                return pool.evictIdle();
            }
        },
        REFRESH {
            @Override
            int apply(PerThread<?, ?> pool) {
                return pool.refresh();
            }
        };

        abstract int apply(PerThread<?, ?> pool);
    }

    private final CountDownLatch stuck = new CountDownLatch(1);

    /** Leaves this many idle, each of a thread of its own that has ended. */
    private static void fill(PerThread<Probe, ?> pool, int count, ThreadKind kind) throws Exception {
        List<Actor> actors = new ArrayList<>();
        List<Lease<Probe>> leases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Actor actor = new Actor(kind);
            actors.add(actor);
            leases.add(actor.call(pool::acquire));
        }
        for (int i = 0; i < count; i++) {
            Lease<Probe> lease = leases.get(i);
            actors.get(i).call(() -> {
                lease.done();
                lease.close();
                return null;
            });
        }
        actors.forEach(Actor::close);
    }

    /** Each closer waits until all run: one after the other they would wait for ever. */
    @ParameterizedTest
    @EnumSource(Way.class)
    void closers_mustRunSideBySide(Way way) throws Exception {
        CyclicBarrier together = new CyclicBarrier(MANY);
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    together.await(20, TimeUnit.SECONDS);
                    probe.close();
                })
                .whenIdle(IdlePolicy.LEND)
                .closerTimeout(LONG)
                .build();
        fill(pool, MANY, ThreadKind.PLATFORM);
        assertThat(way.apply(pool)).isEqualTo(MANY);
        assertThat(Probe.closed()).isEqualTo(MANY);
        pool.close();
        assertThat(pool.stats().closeFailures()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void stuckCloser_mustBeLeftToItsOwnThread_afterTheCloserTimeout(Way way) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    if (probe.number() == 1) {
                        stuck.await();
                    }
                    probe.close();
                })
                .name("slow")
                .whenIdle(IdlePolicy.LEND)
                .closerTimeout(Duration.ofMillis(30))
                .build();
        fill(pool, 3, ThreadKind.PLATFORM);
        long begin = System.nanoTime();
        way.apply(pool);
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(30_000_000);
        Actor.until(() -> Probe.closed() == 2 && pool.stats().open() == 1);
        pool.close(Duration.ZERO);
        stuck.countDown();
        Actor.until(() -> pool.stats().open() == 0);
        assertThat(pool.stats().closed()).isEqualTo(3);
    }

    @EachThreadKind
    void reportOfClose_mustNameWhatIsStuck(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = stuckPool();
        fill(pool, 2, kind);
        CloseReport report = kind.call(() -> pool.close(Duration.ZERO));
        assertStuck(report);
        assertThat(report.forced()).isZero();
        stuck.countDown();
        Actor.until(() -> pool.stats().open() == 0);
    }

    @EachThreadKind
    void reportOfSuspend_mustNameWhatIsStuck_andItsPermitStayTaken(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = stuckPool()) {
            fill(pool, 2, kind);
            assertStuck(kind.call(() -> pool.suspend(Duration.ZERO)));
            pool.resume();
            Lease<Probe> only = pool.acquire();
            assertThat(kind.<Boolean>call(() -> pool.tryAcquire().isEmpty())).isTrue(); // the limit is 2
            only.close();
            stuck.countDown();
            Actor.until(() -> pool.stats().open() == 0);
        }
    }

    private PerThread<Probe, RuntimeException> stuckPool() {
        // Time for the closer that is not stuck, on a busy machine too: the report counts it.
        return PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    if (probe.number() == 1) {
                        stuck.await();
                    }
                    probe.close();
                })
                .name("slow")
                .whenIdle(IdlePolicy.LEND)
                .limit(2)
                .closerTimeout(Duration.ofMillis(500))
                .build();
    }

    private static void assertStuck(CloseReport report) {
        assertThat(report.closed()).isEqualTo(1);
        assertThat(report.failures()).hasSize(1);
        assertThat(report.failures().get(0))
                .isInstanceOf(ResourceCloseException.class)
                .hasMessageMatching(
                        "slow: the closer of resource 1 has not returned after \\d+ m?s; it is left to its own thread");
    }

    @EachThreadKind
    void forcedCloser_mustBeBoundedToo(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    stuck.await();
                    probe.close();
                })
                .whenIdle(IdlePolicy.KEEP)
                .closerTimeout(Duration.ofMillis(30))
                .build();
        try (Actor user = new Actor(kind)) {
            Lease<Probe> lease = user.call(pool::acquire);
            CloseReport report = pool.close(Duration.ofMillis(20));
            assertThat(report.forced()).isEqualTo(1);
            assertThat(report.closed()).isZero();
            assertThat(report.failures()).hasSize(1);
            user.call(() -> {
                lease.close(); // returns, though its closer is stuck
                return null;
            });
        }
        stuck.countDown();
        Actor.until(() -> pool.stats().open() == 0);
        assertThat(Probe.closed()).isEqualTo(1);
    }

    @EachThreadKind
    void interruptOfTheClosingThread_mustEndTheGrace_andStaySet(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .build();
        try (Actor user = new Actor(kind);
                Actor closing = new Actor(kind)) {
            Lease<Probe> lease = user.call(pool::acquire);
            java.util.concurrent.FutureTask<Integer> report =
                    closing.beginAndWait(() -> pool.close(Duration.ofHours(1)).forced()
                            + (Thread.currentThread().isInterrupted() ? 10 : 0));
            closing.thread().interrupt();
            assertThat(Actor.get(report)).isEqualTo(11);
            user.call(() -> {
                lease.close();
                return null;
            });
        }
    }
}
