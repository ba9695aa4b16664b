package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import outside.Caller;

/** evictIdle, release, reap, snapshot, stats, isHeld: what they do, and that their numbers are right. */
class SnapshotAndStatsTest {

    @ParameterizedTest
    @MethodSource("dev.perthread.Matrix#keeping")
    void evictIdleClosesWhatIsIdleAndLeavesWhatIsInUse(Matrix matrix) throws Exception {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool = matrix.<Probe, RuntimeException>builder(Probe::new)
                        .listener(journal)
                        .build();
                Actor idle = new Actor(matrix.kind());
                Actor busy = new Actor(matrix.kind())) {
            boolean room = matrix.limit() > 1;
            Lease<Probe> lease = room ? busy.call(pool::acquire) : null;
            idle.call(() -> pool.call(probe -> probe));
            assertThat(pool.evictIdle()).isEqualTo(1);
            assertThat(pool.evictIdle()).isZero();
            assertThat(journal.take()).endsWith("closed " + (room ? 2 : 1) + " EVICTED");
            assertThat(idle.<Probe>call(() -> pool.call(probe -> probe)).isClosed())
                    .isFalse();
            if (lease != null) {
                assertThat(busy.call(() -> lease.get().isClosed())).isFalse();
                busy.call(() -> {
                    lease.close();
                    return null;
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void releaseClosesTheCallersIdleOneOnly(Matrix matrix) throws Exception {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool = matrix.<Probe, RuntimeException>builder(Probe::new)
                        .listener(journal)
                        .build();
                Actor first = new Actor(matrix.kind());
                Actor second = new Actor(matrix.kind())) {
            boolean keeps = matrix.whenIdle() != IdlePolicy.CLOSE;
            assertThat(first.call(pool::release)).isFalse();
            first.call(() -> pool.call(probe -> probe));
            assertThat(second.call(pool::release)).isFalse();
            assertThat(first.call(() -> {
                        try (Lease<Probe> lease = pool.acquire()) {
                            assertThat(pool.release()).isFalse();
                            lease.get().use();
                        }
                        return pool.release();
                    }))
                    .isEqualTo(keeps);
            assertThat(first.call(pool::release)).isFalse();
            assertThat(pool.stats().open()).isZero();
            if (keeps) {
                assertThat(journal.take()).endsWith("closed 1 RELEASED");
            }
        }
    }

    /** Not by a look at the clock at each opening; but what was read for one may stand for the next only for a moment. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whenAResourceWasOpenedIsToldToWithinAMoment(ThreadKind kind) throws Exception {
        AtomicLong now = new AtomicLong(System.nanoTime());
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .clock(now::get)
                        .build();
                Actor one = new Actor(kind)) {
            one.call(() -> pool.call(probe -> probe));
            Actor.until(() -> Reaper.thread() == null); // nobody looks at the clock any more
            now.addAndGet(TimeUnit.HOURS.toNanos(1));
            Instant opened =
                    one.call(() -> pool.call(probe -> pool.snapshot().get(0).openedAt()));
            assertThat(opened).isAfter(Instant.now().minusSeconds(600));
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aSnapshotTellsEveryState(ThreadKind kind) throws Exception {
        CountDownLatch inside = new CountDownLatch(2);
        CountDownLatch goOn = new CountDownLatch(1);
        ThreadLocal<Boolean> stuck = ThreadLocal.withInitial(() -> false);
        Instant begin = Instant.now().minusSeconds(1);
        PerThread<Object, InterruptedException> pool = PerThread.<Object, InterruptedException>builder(
                        () -> {
                            if (stuck.get()) {
                                inside.countDown();
                                goOn.await();
                            }
                            return new Object();
                        },
                        resource -> {
                            if (stuck.get()) {
                                inside.countDown();
                                goOn.await();
                            }
                        })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .trace(true)
                .build();
        try (Actor idle = new Actor(kind);
                Actor busy = new Actor(kind);
                Actor opening = new Actor(kind);
                Actor closing = new Actor(kind)) {
            for (int i = 0; i < 3; i++) {
                idle.call(() -> pool.call(resource -> resource));
            }
            Lease<Object> lease = busy.call(() -> Caller.acquireHere(pool));
            closing.call(() -> pool.call(resource -> resource));
            FutureTask<Object> slowOpen = opening.begin(() -> {
                stuck.set(true);
                pool.acquire().close();
                return null;
            });
            FutureTask<Object> slowClose = closing.begin(() -> {
                stuck.set(true);
                return pool.release();
            });
            inside.await();
            List<ResourceInfo> all = pool.snapshot();
            assertThat(all)
                    .hasSize(4)
                    .allSatisfy(info -> assertThat(info.openedAt())
                            .isBetween(begin, Instant.now().plusSeconds(1)));
            assertThat(of(all, idle)).satisfies(info -> {
                assertThat(info.state()).isEqualTo(ResourceInfo.State.IDLE);
                assertThat(info.uses()).isEqualTo(3);
                assertThat(info.leasedSince()).isNull();
                assertThat(info.acquiredAt()).isEmpty();
                assertThat(info.threadName()).isEqualTo(idle.thread().getName());
            });
            assertThat(of(all, busy)).satisfies(info -> {
                assertThat(info.state()).isEqualTo(ResourceInfo.State.LEASED);
                assertThat(info.leasedSince()).isBetween(begin, Instant.now().plusSeconds(1));
                assertThat(info.acquiredAt())
                        .anyMatch(frame -> frame.getMethodName().equals("acquireHere"));
            });
            assertThat(of(all, opening).state()).isEqualTo(ResourceInfo.State.OPENING);
            assertThat(of(all, closing).state()).isEqualTo(ResourceInfo.State.CLOSING);
            Stats stats = pool.stats();
            assertThat(numbers(stats)).containsExactly(3, 0, 3, 1, 1, 1, 0, 5, 0, 0, 0, 0, 0, 0);
            goOn.countDown();
            Actor.get(slowOpen);
            Actor.get(slowClose);
            busy.call(() -> {
                lease.close();
                return null;
            });
        }
        pool.close();
    }

    private static ResourceInfo of(List<ResourceInfo> all, Actor actor) {
        return all.stream()
                .filter(info -> info.threadId() == Platform.id(actor.thread()))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void theNumbersAddUpWhileOthersHammer(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build()) {
            AtomicBoolean stop = new AtomicBoolean();
            matrix.kind().inParallel(4, i -> {
                if (i == 0) {
                    for (int look = 0; look < 200; look++) {
                        Stats now = pool.stats();
                        assertThat(now.opened() - now.closed()).isEqualTo(now.open());
                        assertThat(List.of(now.leased(), now.idle(), now.opening(), now.waiting(), now.open()))
                                .allMatch(number -> number >= 0);
                        assertThat(now.leased() + now.idle()).isLessThanOrEqualTo(now.open());
                        assertThat(now.open() + now.opening()).isLessThanOrEqualTo(matrix.limit());
                        assertThat(now.waiting()).isLessThanOrEqualTo(3);
                        assertThat(pool.snapshot().size()).isLessThanOrEqualTo(matrix.limit());
                        if (matrix.kind() == ThreadKind.VIRTUAL) {
                            ThreadKind.giveWay();
                        }
                    }
                    stop.set(true);
                    return;
                }
                while (!stop.get()) {
                    pool.run(Probe::use);
                    pool.release();
                    if (matrix.kind() == ThreadKind.VIRTUAL) {
                        ThreadKind.giveWay();
                    }
                }
            });
            Stats end = pool.stats();
            assertThat(List.of(end.leased(), end.opening(), end.waiting())).containsOnly(0);
            assertThat(end.opened()).isEqualTo(Probe.opened());
            assertThat(end.closed()).isEqualTo(Probe.closed());
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void whatHasNotBeenUsedHasNothing(Matrix matrix) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build();
        assertThat(numbers(pool.stats())).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        assertThat(pool.snapshot()).isEmpty();
        assertThat(pool.isHeld()).isFalse();
        assertThat(pool.evictIdle() + pool.reap()).isZero();
        assertThat(Reaper.thread() == null || Probe.opened() == 0).isTrue();
        pool.close();
        assertThat(Probe.opened()).isZero();
    }

    private static List<Integer> numbers(Stats stats) {
        return Stream.of(
                        stats.opened(),
                        stats.closed(),
                        stats.open(),
                        stats.leased(),
                        stats.idle(),
                        stats.opening(),
                        stats.waiting(),
                        stats.acquired(),
                        stats.waited(),
                        stats.openFailures(),
                        stats.closeFailures(),
                        stats.timeouts(),
                        stats.reclaimed(),
                        stats.leaked())
                .map(Number::intValue)
                .toList();
    }
}
