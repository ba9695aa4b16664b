package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Closers run side by side; those that are stuck hold up neither others nor whoever wants them run. */
class CloserExecutorTest {
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger stuck = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();

    /** Does not return before the test ends. */
    private void stick() {
        stuck.incrementAndGet();
        awaitUninterruptibly(end);
        ended.incrementAndGet();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void endAll() {
        end.countDown();
        Actor.until(() -> {
            CloserThreads.startMissing();
            return ended.get() == stuck.get();
        });
    }

    @Test
    void closersOfAPool_runSideBySideUpToTheBound() {
        CountDownLatch all = new CountDownLatch(CloserThreads.SIDE_BY_SIDE);
        AtomicInteger closed = new AtomicInteger();
        for (int i = 0; i < CloserThreads.SIDE_BY_SIDE; i++) {
            CloserExecutor.run(this, CloserExecutor.once(() -> {
                all.countDown();
                awaitUninterruptibly(all);
                closed.incrementAndGet();
            }));
        }
        Actor.until(() -> closed.get() == CloserThreads.SIDE_BY_SIDE);
    }

    @Test
    void stuckClosers_doNotUseUpTheBound() {
        int many = CloserThreads.SIDE_BY_SIDE + 8;
        for (int i = 0; i < many; i++) {
            CloserExecutor.run(this, CloserExecutor.once(this::stick));
        }
        AtomicInteger closed = new AtomicInteger();
        CloserExecutor.run(this, CloserExecutor.once(closed::incrementAndGet));
        Actor.until(() -> {
            CloserThreads.startMissing(); // as the reaper does
            return closed.get() == 1 && stuck.get() == many;
        });
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void stuckClosersOfAPool_doNotStopItsReclaiming(ThreadKind kind) throws Exception {
        int many = CloserThreads.SIDE_BY_SIDE + 8;
        AtomicInteger closing = new AtomicInteger();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .closer(probe -> {
                    if (closing.incrementAndGet() <= many) {
                        stick();
                    }
                    probe.close();
                })
                .build();
        kind.inParallel(many, i -> pool.run(Probe::use));
        Actor.until(() -> stuck.get() == many);
        kind.call(() -> pool.call(probe -> probe));
        Actor.until(() -> Probe.closed() == 1);
        end.countDown();
        Actor.until(() -> Probe.closed() == many + 1);
        Actor.until(() -> pool.stats().open() == 0);
        pool.close();
    }

    @Test
    void threadsOfOnePool_areBounded_othersHaveTheirOwn() {
        Object another = new Object();
        for (int i = 0; i < CloserThreads.MOST; i++) {
            assertThat(CloserThreads.add(this, this::stick)).isTrue();
        }
        Actor.until(() -> {
            CloserThreads.startMissing();
            return stuck.get() == CloserThreads.MOST;
        });
        AtomicInteger closed = new AtomicInteger();
        CloserThreads.add(this, closed::incrementAndGet);
        assertThat(CloserThreads.startMissing()).isLessThan(CloserThreads.SLOW); // something waits
        CountDownLatch other = new CountDownLatch(1);
        CloserThreads.add(another, other::countDown);
        awaitUninterruptibly(other);
        assertThat(closed).hasValue(0);
        end.countDown();
        Actor.until(() -> closed.get() == 1);
        assertThat(CloserThreads.startMissing()).isEqualTo(Reaper.NO_HURRY);
    }

    /** A thread that could not be started may have been started all the same. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatIsHandedToAnotherThread_isDoneOnce_thoughBothDoIt(ThreadKind kind) throws Exception {
        AtomicInteger done = new AtomicInteger();
        for (int i = 1; i <= 100; i++) {
            Runnable task = CloserExecutor.once(done::incrementAndGet);
            kind.inParallel(2, which -> task.run());
            assertThat(done).hasValue(i);
        }
    }
}
