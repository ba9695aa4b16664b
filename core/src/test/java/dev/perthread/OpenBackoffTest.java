package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that is down is not asked more often than openBackoff says. Time is moved by the test alone. */
class OpenBackoffTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - SECOND); // it wraps around meanwhile
    private final AtomicInteger tries = new AtomicInteger();
    private final AtomicBoolean down = new AtomicBoolean(true);

    private Probe open() throws IOException {
        int number = tries.incrementAndGet();
        if (down.get()) {
            throw new IOException("refused " + number);
        }
        return new Probe();
    }

    private PerThread.Builder<Probe, IOException> builder() {
        return PerThread.<Probe, IOException>builder(this::open)
                .name("backend")
                .openBackoff(Duration.ofSeconds(1), Duration.ofSeconds(5))
                .clock(now::get);
    }

    @EachThreadKind
    void failingServer_mustBeAskedOncePerDelay_howeverManyAcquire(ThreadKind kind) throws Exception {
        try (PerThread<Probe, IOException> pool = builder().limit(2).build()) {
            assertThatThrownBy(pool::acquire).hasMessage("refused 1");
            List<Integer> asked = new ArrayList<>();
            for (int second = 0; second < 20; second++) {
                kind.inParallel(4, i -> {
                    for (int n = 0; n < 25; n++) {
                        assertThatThrownBy(pool::acquire)
                                .isInstanceOf(IOException.class)
                                .hasMessageStartingWith("refused ");
                    }
                });
                asked.add(tries.get());
                now.addAndGet(SECOND);
            }
            // Tries at 0, 1, 1 + 2, 3 + 4, 7 + 5, 12 + 5 seconds: the delay doubles, up to five.
            assertThat(asked).containsExactly(1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6);
            Stats after = pool.stats();
            assertThat(after.openFailures()).isEqualTo(6); // tries, not refusals
            assertThat(after.lastOpenFailure()).contains("refused 6");
            assertThat(after.opening() + after.open() + after.waiting()).isZero();
        }
    }

    @Test
    void exception_mustBeTheOpenersOwn_withANoteSinceWhen() throws Exception {
        try (PerThread<Probe, IOException> pool = builder().build()) {
            Throwable first = catchThrowable(pool::acquire);
            Throwable second = catchThrowable(pool::acquire);
            Throwable third = catchThrowable(pool::tryAcquire);
            assertThat(first).isExactlyInstanceOf(IOException.class).hasNoCause();
            assertThat(second).isSameAs(first);
            assertThat(third).isSameAs(first);
            assertThat(first.getSuppressed()).hasSize(1);
            assertThat(first.getSuppressed()[0])
                    .hasMessageMatching(
                            "backend: opening has failed since \\d{4}-\\d\\d-\\d\\dT.*Z; until the next try,"
                                    + " which is due within 1 s, acquires fail with this exception \\(openBackoff\\)");
            now.addAndGet(SECOND);
            Throwable later = catchThrowable(pool::acquire);
            assertThat(later).isNotSameAs(first).hasMessage("refused 2");
            assertThat(later.getSuppressed()[0]).hasMessageContaining("due within 2 s");
        }
    }

    @Test
    void instanceThrownAgain_mustTellOfTheLatestOutage_onceForEachPool() throws Exception {
        IOException always = new IOException("refused");
        PerThread.Builder<Probe, IOException> builder = PerThread.<Probe, IOException>builder(() -> {
                    if (down.get()) {
                        throw always;
                    }
                    return new Probe();
                })
                .openBackoff(Duration.ofSeconds(1), Duration.ofSeconds(5))
                .clock(now::get);
        try (PerThread<Probe, IOException> one = builder.name("one").build();
                PerThread<Probe, IOException> two = builder.name("two").build()) {
            assertThatThrownBy(one::acquire).isSameAs(always);
            Throwable note = always.getSuppressed()[0];
            assertThat(note).hasMessageContaining("due within 1 s");
            now.addAndGet(SECOND);
            assertThatThrownBy(one::acquire).isSameAs(always);
            assertThat(note).hasMessageContaining("due within 2 s"); // the same outage, the next delay
            String first = note.getMessage();
            now.addAndGet(10 * SECOND);
            down.set(false);
            one.run(Probe::use);
            down.set(true);
            assertThatThrownBy(one::acquire).isSameAs(always);
            assertThat(note).hasMessageContaining("due within 1 s");
            assertThat(since(note.getMessage()))
                    .isAfterOrEqualTo(since(first)); // the outage that is over is not told of

            assertThatThrownBy(two::acquire).isSameAs(always);
            assertThat(always.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .satisfiesExactly(
                            told -> assertThat(told).startsWith("one: opening has failed since "),
                            told -> assertThat(told).startsWith("two: opening has failed since "));
        }
        for (int i = 0; i < 100; i++) {
            try (PerThread<Probe, IOException> further =
                    builder.name("pool " + i).build()) {
                assertThatThrownBy(further::acquire).isSameAs(always);
            }
        }
        assertThat(always.getSuppressed()).hasSize(8); // an instance that outlives its pools does not grow with them
    }

    private static Instant since(String note) {
        return Instant.parse(note.substring(note.indexOf("since ") + 6, note.indexOf(';')));
    }

    @EachThreadKind
    void firstSuccess_mustEndIt_andTheNextOutageBeginAnew(ThreadKind kind) throws Exception {
        try (PerThread<Probe, IOException> pool = builder().build()) {
            for (int i = 0; i < 4; i++) { // the delay is at its longest now
                assertThatThrownBy(pool::acquire).isInstanceOf(IOException.class);
                now.addAndGet(5 * SECOND);
            }
            down.set(false);
            kind.inParallel(1, i -> pool.run(Probe::use));
            pool.run(Probe::use);
            assertThat(tries.get()).isEqualTo(6);
            down.set(true);
            assertThatThrownBy(pool::acquire).hasMessage("refused 7");
            assertThatThrownBy(pool::acquire).hasMessage("refused 7");
            now.addAndGet(SECOND); // the first delay again
            assertThatThrownBy(pool::acquire).hasMessage("refused 8");
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void whatIsOpen_mustBeUsedAllTheSame(IdlePolicy whenIdle) throws Exception {
        down.set(false);
        try (PerThread<Probe, IOException> pool =
                        builder().whenIdle(whenIdle).limit(4).build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> mine = pool.acquire();
            down.set(true);
            assertThatThrownBy(() -> other.call(() -> pool.call(Probe::number))).hasMessage("refused 2");
            mine.get().use();
            mine.done();
            mine.close();
            if (whenIdle == IdlePolicy.CLOSE) {
                assertThatThrownBy(pool::acquire).hasMessage("refused 2");
            } else {
                assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(1);
            }
            assertThat(tries.get()).isEqualTo(2);
        }
    }

    @EachThreadKind
    void tryThatHangs_mustNotHoldUpOthers_whoFailAtOnce(ThreadKind kind) throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        AtomicBoolean slow = new AtomicBoolean();
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                            if (slow.get()) {
                                try {
                                    answer.await();
                                } catch (InterruptedException e) {
                                    throw new IOException(e);
                                }
                            }
                            return open();
                        })
                        .openBackoff(Duration.ofSeconds(1), Duration.ofSeconds(5))
                        .clock(now::get)
                        .build();
                Actor trying = new Actor(kind)) {
            assertThatThrownBy(pool::acquire).hasMessage("refused 1");
            slow.set(true);
            now.addAndGet(SECOND);
            FutureTask<Integer> again = trying.beginAndWait(() -> pool.call(Probe::number));
            kind.inParallel(3, i -> assertThatThrownBy(pool::acquire).hasMessage("refused 1"));
            down.set(false);
            answer.countDown();
            assertThat(Actor.get(again)).isEqualTo(1);
            slow.set(false);
            pool.run(Probe::use);
        }
    }

    @EachThreadKind
    void waitersAtTheLimit_mustEachBeRefusedInTurn_andNoneBeLeftBehind(ThreadKind kind) throws Exception {
        down.set(false);
        List<Actor> actors = new ArrayList<>();
        try (PerThread<Probe, IOException> pool = builder().limit(1).build()) {
            Lease<Probe> lease = pool.acquire();
            List<FutureTask<Integer>> waiting = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Actor actor = new Actor(kind);
                actors.add(actor);
                waiting.add(actor.beginAndWait(() -> pool.call(Probe::number)));
            }
            down.set(true);
            lease.close();
            for (FutureTask<Integer> one : waiting) {
                assertThatThrownBy(() -> Actor.get(one)).hasMessage("refused 2");
            }
            assertThat(tries.get()).isEqualTo(2);
        } finally {
            actors.forEach(Actor::close);
        }
    }
}
