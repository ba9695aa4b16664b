package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import outside.Caller;

/** What a dead thread left is closed by itself, soon, with no garbage collection, by one thread at most. */
class DeadThreadTest {
    private static final long SECOND = 1_000_000_000L;

    private static PerThread.Builder<Probe, RuntimeException> keeping() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatItKeptIsClosedWithinASecond(ThreadKind kind) throws Exception {
        AtomicLong closedAt = new AtomicLong();
        RecordingListener journal = new RecordingListener();
        long worst = 0;
        try (PerThread<Probe, RuntimeException> pool = keeping()
                .closer(probe -> {
                    closedAt.set(System.nanoTime());
                    probe.close();
                })
                .listener(journal)
                .build()) {
            for (int i = 1; i <= 20; i++) {
                Actor actor = new Actor(kind);
                actor.call(() -> pool.call(probe -> probe));
                if (i % 2 == 0) { // long enough for somebody to watch it
                    long since = System.nanoTime();
                    Actor.until(() -> System.nanoTime() - since > 60_000_000);
                }
                actor.end();
                long dead = System.nanoTime();
                int count = i;
                Actor.until(() -> Probe.closed() == count);
                worst = Math.max(worst, closedAt.get() - dead);
                assertThat(actor.thread().isAlive()).isFalse(); // and still referenced
            }
            assertThat(worst).isLessThan(SECOND);
            Actor.until(() -> pool.stats().reclaimed() == 20); // counted after the closer and the listener
            assertThat(pool.stats().leaked()).isZero();
            assertThat(journal.count("closed")).isEqualTo(20);
            assertThat(journal.take().stream().filter(line -> line.startsWith("closed")))
                    .allMatch(line -> line.endsWith("THREAD_ENDED"));
        }
        System.out.printf("kept by a %s thread: closed at worst %.1f ms after its end%n", kind, worst / 1e6);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatItHeldIsClosedWithinASecondAndToldAsLeakedOnce(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        RecordingListener journal = new RecordingListener();
        AtomicLong closedAt = new AtomicLong();
        long worst = 0;
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .closer(probe -> {
                    closedAt.set(System.nanoTime());
                    probe.close();
                })
                .trace(true)
                .listener(journal)
                .build();
        for (int i = 1; i <= 20; i++) {
            Thread thread = kind.start(() -> Caller.acquireHere(pool));
            thread.join();
            long dead = System.nanoTime();
            int count = i;
            Actor.until(() -> Probe.closed() == count);
            worst = Math.max(worst, closedAt.get() - dead);
        }
        assertThat(worst).isLessThan(SECOND);
        Actor.until(() -> pool.stats().reclaimed() == 20); // counted after the closer and the listener
        assertThat(pool.stats().leaked()).isEqualTo(20);
        assertThat(journal.count("closed")).isEqualTo(20);
        journal.byResource()
                .forEach((id, lines) ->
                        assertThat(lines).containsExactly("opened", "acquired", "leaked", "closed THREAD_ENDED"));
        assertThat(journal.leaks).hasSize(20).allSatisfy(info -> {
            assertThat(info.acquiredAt()).anyMatch(frame -> frame.getClassName().equals("outside.Caller"));
            assertThat(info.leasedSince()).isNotNull();
        });
        assertThat(LogLines.seen()).singleElement().asString().contains("outside.Caller.acquireHere");
        System.out.printf("held by a %s thread: closed at worst %.1f ms after its end%n", kind, worst / 1e6);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void reapClosesItAtOnce(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            kind.inParallel(50, i -> pool.run(Probe::use));
            pool.reap();
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(pool.stats().reclaimed()).isEqualTo(50);
            assertThat(pool.reap()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aThousandThreadsThatEndTogether(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            CountDownLatch all = new CountDownLatch(1_000);
            kind.inParallel(1_000, i -> {
                pool.run(Probe::use);
                all.countDown();
                all.await();
            });
            long dead = System.nanoTime();
            Actor.until(() -> pool.stats().open() == 0);
            System.out.printf(
                    "1,000 %s threads that ended together: all closed after %.1f ms%n",
                    kind, (System.nanoTime() - dead) / 1e6);
            assertThat(Probe.closed()).isEqualTo(1_000);
        }
    }

    @Test
    void theWorkersOfAnExecutorThatShutsDown() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            ExecutorService executor = Executors.newFixedThreadPool(8);
            List<Runnable> tasks = new ArrayList<>();
            IntStream.range(0, 2_000).forEach(i -> tasks.add(() -> pool.run(Probe::use)));
            tasks.forEach(executor::execute);
            executor.shutdown();
            assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            assertThat(Probe.opened()).isBetween(1, 8);
            Actor.until(() -> Probe.closed() == Probe.opened());
        }
    }

    @Test
    void theWorkersOfTheCommonPoolKeepTheirsBetweenTasks() {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            IntStream.range(0, 20_000)
                    .parallel()
                    .forEach(i -> pool.run(probe -> {
                        probe.begin(Thread.currentThread());
                        assertThat(probe.opener()).isSameAs(Thread.currentThread());
                        probe.end(Thread.currentThread());
                    }));
            for (int i = 0; i < 20_000; i++) {
                ForkJoinPool.commonPool().execute(() -> pool.run(Probe::use));
            }
            assertThat(ForkJoinPool.commonPool().awaitQuiescence(30, TimeUnit.SECONDS))
                    .isTrue();
            // One a worker, and the workers are few; with thread-locals it would be thousands.
            assertThat(Probe.opened()).isLessThanOrEqualTo(2 * ForkJoinPool.getCommonPoolParallelism() + 2);
            assertThat(pool.stats().acquired()).isEqualTo(40_000);
        }
    }

    @Test
    void theWorkersOfAForkJoinPoolOfOnesOwn() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            ForkJoinPool workers = new ForkJoinPool(4);
            workers.submit(() -> IntStream.range(0, 5_000).parallel().forEach(i -> pool.run(Probe::use)))
                    .get(30, TimeUnit.SECONDS);
            workers.shutdown();
            assertThat(workers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            Actor.until(() -> Probe.closed() == Probe.opened());
            assertThat(Probe.opened()).isLessThan(20);
        }
    }

    @Test
    void threadsThatOverrideIdEqualsAndHashCodeAreToldApart() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = keeping().build()) {
            CountDownLatch inside = new CountDownLatch(10);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                threads.add(new SpoofedThread(() -> {
                    Probe mine = pool.call(probe -> probe);
                    inside.countDown();
                    try {
                        inside.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    assertThat(pool.<Probe, RuntimeException>call(probe -> probe))
                            .isSameAs(mine);
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(Probe.opened()).isEqualTo(10);
            Actor.until(() -> Probe.closed() == 10);
        }
    }

    @Test
    void oneDaemonWithoutContextClassLoaderThatEndsWhenNothingIsOpen() throws Exception {
        List<PerThread<Probe, RuntimeException>> holders = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            PerThread<Probe, RuntimeException> pool = keeping().build();
            holders.add(pool);
            pool.run(Probe::use);
        }
        Thread reaper = libraryThreads().get(0);
        assertThat(libraryThreads()).hasSize(1);
        assertThat(reaper.isDaemon()).isTrue();
        assertThat(reaper.getContextClassLoader()).isNull();
        assertThat(reaper.getName()).startsWith("perthread");
        holders.forEach(PerThread::close);
        Actor.until(() -> libraryThreads().isEmpty());
        PerThread<Probe, RuntimeException> pool = keeping().build();
        assertThat(libraryThreads()).isEmpty(); // building opens nothing and starts nothing
        pool.run(Probe::use);
        assertThat(libraryThreads()).hasSize(1);
        pool.close();
        Actor.until(() -> libraryThreads().isEmpty());
    }

    private static List<Thread> libraryThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("perthread"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLeakIsToldAndCountedOnceHoweverOftenItIsLookedForWhileItsCloserRuns(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        RecordingListener journal = new RecordingListener();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = keeping()
                .closer(probe -> {
                    inside.countDown();
                    goOn.await();
                    probe.close();
                })
                .listener(journal)
                .build()) {
            kind.call(pool::acquire);
            inside.await();
            for (int i = 0; i < 10; i++) {
                assertThat(pool.reap()).isZero();
            }
            goOn.countDown();
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(journal.count("leaked")).isEqualTo(1);
            assertThat(pool.stats().leaked()).isEqualTo(1);
        } finally {
            goOn.countDown();
        }
    }
}
