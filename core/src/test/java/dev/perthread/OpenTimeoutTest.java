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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Openers and checks that hang, and how many may at once. */
class OpenTimeoutTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(20);

    private final CountDownLatch never = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final CountDownLatch struck = new CountDownLatch(1);
    private final AtomicBoolean hangs = new AtomicBoolean(true);

    private Probe open() throws IOException {
        if (hangs.get()) {
            try {
                never.await();
            } catch (InterruptedException interrupted) {
                throw new IOException("interrupted", interrupted);
            }
        }
        return new Probe();
    }

    /** Ignores the interrupt, for as long as it likes. */
    private Probe openStubbornly() {
        boolean interrupted = false;
        while (goOn.getCount() > 0) {
            try {
                goOn.await();
            } catch (InterruptedException again) {
                interrupted = true;
                struck.countDown();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt(); // as a well-behaved library does
        }
        return new Probe();
    }

    @EachThreadKind
    void hangingOpener_mustBeInterrupted_andLeaveNothing(ThreadKind kind) throws Exception {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(this::open)
                .name("slow")
                .limit(1)
                .openTimeout(SHORT)
                .listener(journal)
                .build()) {
            kind.call(() -> {
                assertThatThrownBy(pool::acquire)
                        .isInstanceOf(AcquireTimeoutException.class)
                        .hasCauseInstanceOf(IOException.class)
                        .hasMessageContaining("slow: ")
                        .hasMessageContaining("openTimeout")
                        .hasMessageContaining("the permit is free again");
                assertThat(Thread.currentThread().isInterrupted()).isFalse();
                assertThat(pool.isHeld()).isFalse();
                hangs.set(false);
                return pool.call(Probe::number);
            });
            assertThat(journal.take()).startsWith("openFailed", "opened 2");
            assertThat(pool.stats().openFailures()).isEqualTo(1);
            assertThat(pool.stats().timeouts()).isEqualTo(1);
            assertThat(pool.stats().lastOpenFailure()).contains("interrupted");
        }
    }

    @EachThreadKind
    void resourceOfAnOpenerThatIgnoredTheInterrupt_mustBeClosed_andItsPermitComeBack(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(this::openStubbornly)
                        .whenIdle(IdlePolicy.LEND)
                        .limit(1)
                        .openTimeout(SHORT)
                        .acquireTimeout(LONG)
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            FutureTask<Boolean> opening = first.begin(() -> {
                assertThatThrownBy(pool::acquire).isInstanceOf(AcquireTimeoutException.class);
                return Thread.currentThread().isInterrupted();
            });
            Actor.until(() -> pool.stats().opening() == 1);
            FutureTask<Integer> waiting = second.beginAndWait(() -> pool.call(Probe::number));
            assertThat(pool.tryAcquire()).isEmpty(); // it still has its permit
            struck.await();
            goOn.countDown();
            assertThat(Actor.get(opening)).isFalse();
            assertThat(Actor.get(waiting)).isEqualTo(2);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
        }
    }

    @EachThreadKind
    void interruptOfTheUser_mustStaySet_andNotBeTakenForTheTimers(ThreadKind kind) throws Exception {
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(this::open)
                        .openTimeout(LONG)
                        .build();
                Actor user = new Actor(kind)) {
            FutureTask<Boolean> opening = user.beginAndWait(() -> {
                assertThatThrownBy(pool::acquire)
                        .isInstanceOf(IOException.class)
                        .hasMessage("interrupted");
                hangs.set(false);
                pool.run(Probe::use);
                return Thread.currentThread().isInterrupted();
            });
            user.thread().interrupt();
            assertThat(Actor.get(opening)).isFalse(); // the opener has taken it
            FutureTask<Boolean> flagged = user.begin(() -> {
                Thread.currentThread().interrupt();
                pool.run(Probe::use);
                return Thread.interrupted();
            });
            assertThat(Actor.get(flagged)).isTrue();
        }
    }

    @EachThreadKind
    void timeOfAnAcquire_mustInterruptTheOpener_whereThatIsShorter(ThreadKind kind) throws Exception {
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(this::open)
                .openTimeout(Duration.ofHours(1))
                .build()) {
            kind.call(() -> {
                assertThatThrownBy(() -> pool.acquire(SHORT)).isInstanceOf(AcquireTimeoutException.class);
                return null;
            });
        }
    }

    @EachThreadKind
    void hangingCheck_mustBeInterrupted_andAnotherBeOpened(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .limit(1)
                .check(probe -> {
                    never.await();
                    return true;
                })
                .openTimeout(SHORT)
                .build()) {
            kind.call(() -> {
                pool.run(Probe::use);
                assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(2);
                assertThat(Thread.currentThread().isInterrupted()).isFalse();
                return null;
            });
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.CHECK_FAILED, 1L);
        }
    }

    @EachThreadKind
    void openersAtOnce_mustNotBeMoreThanTheLimit(ThreadKind kind) throws Exception {
        Semaphore entered = new Semaphore(0);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch open = new CountDownLatch(1);
        List<Actor> actors = new ArrayList<>();
        try (PerThread<Probe, InterruptedException> pool = PerThread.<Probe, InterruptedException>builder(() -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    entered.release();
                    open.await();
                    inside.decrementAndGet();
                    return new Probe();
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(3)
                .acquireTimeout(LONG)
                .build()) {
            List<FutureTask<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> pool.call(Probe::number)));
            }
            entered.acquire(3);
            Actor.until(() -> pool.stats().waiting() == 17);
            assertThat(pool.stats().opening()).isEqualTo(3);
            open.countDown();
            for (FutureTask<Integer> one : all) {
                Actor.get(one);
            }
            assertThat(most.get()).isEqualTo(3);
            assertThat(pool.stats().mostOpen()).isEqualTo(3);
        } finally {
            actors.forEach(Actor::close);
        }
    }
}
