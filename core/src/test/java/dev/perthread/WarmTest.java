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
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Lent resources that are opened before anybody needs them, and those that are not kept although they could be. */
class WarmTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - HOUR / 2); // it wraps around meanwhile

    private PerThread.Builder<Probe, RuntimeException> builder() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.LEND)
                .clock(now::get);
    }

    private static Integer end(Lease<Probe> lease) {
        int number = lease.get().number();
        lease.done();
        lease.close();
        return number;
    }

    // ---- prewarm ----

    @EachThreadKind
    void prewarm_mustOpenUpToThatMany_countingWhatIsOpenAlready(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().limit(3).build()) {
            kind.call(() -> pool.call(Probe::number));
            assertThat(kind.<Integer>call(() -> pool.prewarm(2))).isEqualTo(1);
            assertThat(kind.<Integer>call(() -> pool.prewarm(2))).isZero();
            assertThat(kind.<Integer>call(() -> pool.prewarm(100))).isEqualTo(1);
            assertThat(pool.stats().idle()).isEqualTo(3);
            assertThat(Probe.opened()).isEqualTo(3);
        }
    }

    @EachThreadKind
    void prewarmedResource_mustServeTheThreadThatAlreadyWaits(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder().limit(1).acquireTimeout(LONG).build();
                Actor user = new Actor(kind)) {
            pool.suspend(Duration.ZERO);
            FutureTask<Integer> waiting = user.beginAndWait(() -> pool.call(Probe::number));
            assertThat(pool.prewarm(1)).isZero(); // suspended: nothing is opened
            pool.resume();
            assertThat(Actor.get(waiting)).isEqualTo(1);
        }
    }

    @Test
    void prewarm_mustThrowWhatTheOpenerThrew_andKeepWhatItHasOpened() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        try (PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (tries.incrementAndGet() == 3) {
                        throw new IOException("down");
                    }
                    return new Probe();
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(4)
                .build()) {
            assertThatThrownBy(() -> pool.prewarm(4))
                    .isInstanceOf(IOException.class)
                    .hasMessage("down");
            assertThat(pool.stats().idle()).isEqualTo(2);
            assertThat(pool.stats().openFailures()).isEqualTo(1);
            assertThat(pool.prewarm(4)).isEqualTo(2);
        }
    }

    @EachThreadKind
    void resourceWhoseOpenerWasInterrupted_mustNotBeKeptByPrewarm(ThreadKind kind) throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean slow = new AtomicBoolean(true);
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(() -> {
                    if (slow.get()) {
                        try {
                            never.await();
                        } catch (InterruptedException interrupted) {
                            // returns half of a resource
                        }
                    }
                    return new Probe();
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .openTimeout(Duration.ofMillis(5))
                .build()) {
            kind.call(() -> {
                assertThatThrownBy(() -> pool.prewarm(1)).isInstanceOf(AcquireTimeoutException.class);
                assertThat(Thread.currentThread().isInterrupted()).isFalse();
                return null;
            });
            Stats after = pool.stats();
            assertThat(after.open()).isZero();
            assertThat(after.opened()).isEqualTo(1);
            assertThat(after.closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
            assertThat(Probe.closed()).isEqualTo(1);
            slow.set(false);
            assertThat(pool.prewarm(1)).isEqualTo(1);
        }
    }

    @Test
    void prewarm_mustBeRefused_whereNothingIsLentOrThePoolIsClosed() throws Exception {
        PerThread<Probe, RuntimeException> lends = builder().build();
        lends.close();
        assertThatThrownBy(() -> lends.prewarm(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThat(lends.awaitReady(Duration.ZERO)).isTrue(); // none are needed
        for (IdlePolicy other : List.of(IdlePolicy.CLOSE, IdlePolicy.KEEP)) {
            try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                    .whenIdle(other)
                    .build()) {
                assertThatThrownBy(() -> pool.prewarm(1))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("LEND");
            }
        }
    }

    // ---- minIdle, awaitReady ----

    @EachThreadKind
    void minIdle_mustBeOpenedInTheBackground_andAgainWhenTakenOrClosed(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().minIdle(2).build()) {
            assertThat(kind.<Boolean>call(() -> pool.awaitReady(LONG))).isTrue();
            assertThat(pool.stats().idle()).isEqualTo(2);
            assertThat(pool.stats().acquired()).isZero();
            assertThat(pool.refresh()).isEqualTo(2);
            Actor.until(() -> pool.stats().idle() == 2 && Probe.opened() == 4);
            kind.call(() -> {
                Lease<Probe> lease = pool.acquire();
                assertThat(lease.get().opener()).isNotSameAs(Thread.currentThread());
                Actor.until(() -> pool.stats().idle() == 2);
                return end(lease);
            });
            assertThat(pool.stats().idle()).isEqualTo(3); // more than that are kept: there is no maxIdle
        }
    }

    @Test
    void minIdle_mustNotExceedTheLimit() throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder().minIdle(2).limit(2).build()) {
            assertThat(pool.awaitReady(LONG)).isTrue();
            Lease<Probe> lease = pool.acquire();
            assertThat(pool.awaitReady(Duration.ofMillis(30))).isFalse();
            assertThat(Probe.opened()).isEqualTo(2);
            end(lease);
            assertThat(pool.awaitReady(LONG)).isTrue();
        }
    }

    @EachThreadKind
    void awaitReady_mustEnd_whenThePoolIsClosedOrTheThreadInterrupted(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(() -> {
                    throw new IllegalStateException("down");
                })
                .whenIdle(IdlePolicy.LEND)
                .minIdle(1)
                .clock(now::get)
                .build();
        try (Actor user = new Actor(kind);
                Actor other = new Actor(kind)) {
            Actor.until(() -> pool.stats().openFailures() == 1);
            FutureTask<Boolean> waiting = user.beginAndWait(() -> pool.awaitReady(LONG));
            FutureTask<Boolean> interrupted = other.beginAndWait(() -> pool.awaitReady(LONG));
            other.thread().interrupt();
            assertThatThrownBy(() -> Actor.get(interrupted)).isInstanceOf(InterruptedException.class);
            pool.close();
            assertThat(Actor.get(waiting)).isFalse();
        }
        assertThat(pool.stats().openFailures()).isEqualTo(1); // not one after the other: there is a pause
    }

    @Test
    void resourceNearItsMaxAge_mustHaveItsSuccessorBeforeItEnds() throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder().minIdle(1).maxAge(Duration.ofHours(1)).build()) {
            assertThat(pool.awaitReady(LONG)).isTrue();
            now.addAndGet(HOUR / 2);
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(1);
            assertThat(Probe.opened()).isEqualTo(1);
            long left = untilOld(pool);
            now.addAndGet(left - 1); // not expired yet, but soon
            Actor.until(() -> pool.stats().idle() == 2);
            assertThat(Probe.closed()).isZero();
            now.addAndGet(2);
            Actor.until(() -> Probe.closed() == 1);
            assertThat(pool.<Integer, RuntimeException>call(Probe::number)).isEqualTo(2);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.MAX_AGE);
        }
    }

    /** How long until the first resource has reached its age, which is a little less for some than for others. */
    private long untilOld(PerThread<Probe, RuntimeException> pool) {
        LiveSettings settings = pool.pool.settings();
        Slot<?> slot = pool.pool.slots().get(0);
        long low = 0;
        for (long high = HOUR; low < high; ) {
            long middle = (low + high) / 2;
            if (settings.expired(slot, now.get() + middle) == null) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    // ---- maxIdle, maxUses, order ----

    @EachThreadKind
    void resourceAboveMaxIdle_mustBeClosedAtItsRelease(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().maxIdle(1).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            first.call(() -> end(a));
            assertThat(Probe.closed()).isZero();
            second.call(() -> end(b));
            assertThat(pool.stats().idle()).isEqualTo(1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.SURPLUS);
            assertThat(second.<Integer>call(() -> pool.call(Probe::number))).isEqualTo(1);
            assertThat(Probe.opened()).isEqualTo(2);
        }
    }

    @EachThreadKind
    void maxIdle_mustNotCountWhatItsLastUserHasTakenAgain(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().maxIdle(1).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> lease = first.call(pool::acquire);
            Lease<Probe> other = second.call(pool::acquire);
            first.call(() -> end(lease));
            Lease<Probe> again = first.call(pool::acquire);
            second.call(() -> end(other));
            assertThat(pool.stats().closedByReason()).isEmpty();
            first.call(() -> end(again));
            assertThat(pool.stats().closedByReason()).containsExactly(Map.entry(CloseReason.SURPLUS, 1L));
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @EachThreadKind
    void maxIdle_mustNotCountWhatWasRevoked_whileItsResetRan(ThreadKind kind) throws Exception {
        CountDownLatch resetting = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = builder()
                        .maxIdle(2)
                        .reset(probe -> {
                            if (probe.number() == 1) {
                                resetting.countDown();
                                goOn.await();
                            }
                        })
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            Lease<Probe> lease = first.call(pool::acquire);
            long id = pool.snapshot().get(0).id();
            Lease<Probe> another = second.call(pool::acquire);
            Lease<Probe> other = third.call(pool::acquire);
            FutureTask<Integer> ending = first.beginAndWait(() -> end(lease));
            resetting.await();
            assertThat(pool.revoke(id)).isTrue();
            goOn.countDown();
            Actor.get(ending);
            second.call(() -> end(another));
            third.call(() -> end(other));
            assertThat(pool.stats().idle()).isEqualTo(2);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.REVOKED);
        }
    }

    @EachThreadKind
    void maxIdle_mustNotCountWhatIsBeingClosed(ThreadKind kind) throws Exception {
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                            closing.countDown();
                            goOn.await();
                            probe.close();
                        })
                        .whenIdle(IdlePolicy.LEND)
                        .clock(now::get)
                        .idleTimeout(Duration.ofHours(1))
                        .maxIdle(1)
                        .build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            second.call(() -> pool.call(Probe::number));
            now.addAndGet(HOUR);
            closing.await();
            try {
                first.call(() -> end(a));
                assertThat(pool.stats().idle()).isEqualTo(1);
            } finally {
                goOn.countDown();
            }
            Actor.until(() -> Probe.closed() == 1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.IDLE_TIMEOUT);
        }
    }

    @EachThreadKind
    void maxIdleOfNone_mustHandOnToWhoWaits_andCloseOtherwise(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder().maxIdle(0).limit(1).acquireTimeout(LONG).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            FutureTask<Integer> waiting = second.beginAndWait(() -> pool.call(Probe::number));
            first.call(() -> end(a));
            assertThat(Actor.get(waiting)).isEqualTo(1);
            assertThat(pool.stats().open()).isZero();
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.SURPLUS);
        }
    }

    @EachThreadKind
    void resource_mustBeClosedAfterMaxUses_whoeverUsedIt(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder().maxUses(3).limit(1).build()) {
            List<Integer> used = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                used.add(kind.<Integer>call(() -> pool.call(Probe::number)));
            }
            assertThat(used).containsExactly(1, 1, 1, 2, 2, 2, 3);
            assertThat(pool.stats().closedByReason()).containsExactly(Map.entry(CloseReason.MAX_USES, 2L));
        }
    }

    @EachThreadKind
    void mostRecentlyReleased_mustBeLentFirst(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder().build();
                Actor a = new Actor(kind);
                Actor b = new Actor(kind);
                Actor c = new Actor(kind);
                Actor d = new Actor(kind)) {
            Lease<Probe> first = a.call(pool::acquire);
            Lease<Probe> second = b.call(pool::acquire);
            Lease<Probe> third = c.call(pool::acquire);
            b.call(() -> end(second));
            c.call(() -> end(third));
            a.call(() -> end(first)); // opened first, released last
            Lease<Probe> one = d.call(pool::acquire);
            assertThat(d.<Integer>call(() -> end(one))).isEqualTo(1);
            Lease<Probe> mine = d.call(pool::acquire); // its own again
            Lease<Probe> next = kind.call(() -> {
                Lease<Probe> got = pool.acquire();
                assertThat(got.get().number()).isEqualTo(3);
                end(got);
                return got;
            });
            assertThat(next).isNotNull();
            assertThat(d.<Integer>call(() -> end(mine))).isEqualTo(1);
        }
    }
}
