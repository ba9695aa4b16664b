package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Waiting at the limit: order of arrival, timeout, interrupt, close; and no place is ever lost. */
class LimitTest {

    static Stream<Arguments> combinations() {
        return Stream.of(IdlePolicy.values())
                .flatMap(idle -> ThreadKind.available().map(kind -> Arguments.of(idle, kind)));
    }

    private static PerThread.Builder<Probe, RuntimeException> one(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("db")
                .whenIdle(whenIdle)
                .reusing()
                .limit(1);
    }

    private static void end(PerThread<Probe, ?> pool, Actor owner, Lease<Probe> lease) throws Exception {
        owner.call(() -> {
            lease.close();
            pool.release(); // so that KEEP makes room too
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void waitersAreServedInOrderOfArrival(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = one(whenIdle).build();
                Actor owner = new Actor(kind)) {
            Lease<Probe> first = owner.call(pool::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            Queue<Integer> served = new ConcurrentLinkedQueue<>();
            for (int i = 0; i < 10; i++) {
                int number = i;
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    pool.run(probe -> served.add(number));
                    pool.release();
                    return null;
                }));
                Actor.until(() -> pool.stats().waiting() == number + 1);
            }
            end(pool, owner, first);
            for (FutureTask<Object> one : all) {
                Actor.get(one);
            }
            actors.forEach(Actor::end);
            assertThat(served).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            assertThat(Probe.peak()).isEqualTo(1);
            assertThat(pool.stats().waited()).isEqualTo(10);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void nobodyOvertakesThoseWhoWait(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = one(whenIdle).build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind);
                Actor late = new Actor(kind)) {
            Lease<Probe> first = owner.call(pool::acquire);
            FutureTask<Lease<Probe>> waiting = waiter.begin(pool::acquire);
            Actor.until(() -> pool.stats().waiting() == 1);
            end(pool, owner, first);
            Lease<Probe> second = Actor.get(waiting);
            assertThatThrownBy(() -> late.call(() -> pool.acquire(Duration.ZERO)))
                    .isInstanceOf(AcquireTimeoutException.class);
            end(pool, waiter, second);
            late.call(() -> pool.call(probe -> probe));
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aTimeoutEndsTheWaitWithTheNumbersAndLosesNothing(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool = one(whenIdle)
                        .acquireTimeout(Duration.ofMillis(20))
                        .listener(journal)
                        .build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            journal.take();
            long begin = System.nanoTime();
            assertThatThrownBy(() -> waiter.call(pool::acquire))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("db")
                    .hasMessageContaining("(id " + Platform.id(waiter.thread()) + ")")
                    .hasMessageContaining("limit 1")
                    .hasMessageContaining("leased 1")
                    .hasMessageContaining("idle 0")
                    .hasMessageContaining("waiting 0");
            assertThat(System.nanoTime() - begin).isBetween(20_000_000L, 5_000_000_000L);
            assertThatThrownBy(() -> waiter.call(() -> pool.acquire(Duration.ZERO)))
                    .isInstanceOf(AcquireTimeoutException.class);
            assertThat(journal.take()).containsExactly("waited", "waited");
            assertThat(pool.stats().timeouts()).isEqualTo(2);
            assertThat(pool.stats().waiting()).isZero();
            end(pool, owner, lease);
            waiter.call(() -> pool.call(probe -> probe));
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void anInterruptEndsTheWaitAndTheFlagIsSetAgain(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = one(whenIdle).build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<Boolean> waiting = waiter.begin(() -> {
                assertThatThrownBy(pool::acquire)
                        .isInstanceOf(AcquireInterruptedException.class)
                        .hasMessageContaining("db")
                        .hasMessageContaining("limit 1");
                return Thread.interrupted();
            });
            Actor.until(() -> pool.stats().waiting() == 1);
            waiter.thread().interrupt();
            assertThat(Actor.get(waiting)).isTrue();
            assertThat(waiter.call(() -> {
                        Thread.currentThread().interrupt(); // before waiting
                        assertThatThrownBy(pool::acquire).isInstanceOf(AcquireInterruptedException.class);
                        return Thread.interrupted();
                    }))
                    .isTrue();
            assertThat(pool.stats().waiting()).isZero();
            assertThat(pool.stats().timeouts()).isZero();
            end(pool, owner, lease);
            assertThat(waiter.call(() -> {
                        Thread.currentThread().interrupt(); // and no need to wait
                        pool.run(Probe::use);
                        return Thread.interrupted();
                    }))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void closeWakesAllWaitersAtOnce(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                one(whenIdle).acquireTimeout(Duration.ofHours(1)).build();
        try (Actor owner = new Actor(kind);
                Actor closer = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    assertThatThrownBy(pool::acquire)
                            .isInstanceOf(IllegalStateException.class)
                            .isNotInstanceOf(ReentryException.class)
                            .hasMessageContaining("db")
                            .hasMessageContaining("closed");
                    return null;
                }));
            }
            Actor.until(() -> pool.stats().waiting() == 10);
            long begin = System.nanoTime();
            FutureTask<CloseReport> closing = closer.begin(() -> pool.close(Duration.ofSeconds(30)));
            for (FutureTask<Object> one : all) {
                Actor.get(one);
            }
            assertThat(System.nanoTime() - begin).isLessThan(20_000_000_000L);
            assertThat(closing.isDone()).isFalse();
            end(pool, owner, lease);
            assertThat(Actor.get(closing).forced()).isZero();
            actors.forEach(Actor::end);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void whenOpeningFailsTheNextWaiterOpens(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        AtomicBoolean failing = new AtomicBoolean();
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (failing.get()) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .whenIdle(whenIdle)
                .reusing()
                .limit(1)
                .build();
        try (Actor owner = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int number = i;
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    if (number < 5) {
                        assertThatThrownBy(pool::acquire).isInstanceOf(IOException.class);
                        if (number == 4) {
                            throw new IOException("the last to fail");
                        }
                    } else {
                        return pool.acquire(Duration.ofSeconds(20));
                    }
                    return null;
                }));
                Actor.until(() -> pool.stats().waiting() == number + 1);
            }
            failing.set(true);
            owner.call(() -> {
                lease.invalidate();
                lease.close();
                return null;
            });
            for (int i = 0; i < 5; i++) {
                FutureTask<Object> failed = all.get(i);
                Actor.until(failed::isDone);
            }
            // The sixth may have met the failing opener as well; either way nobody is stranded.
            FutureTask<Object> last = all.get(5);
            Actor.until(last::isDone);
            assertThat(pool.stats().waiting()).isZero();
            assertThat(pool.stats().openFailures()).isBetween(5L, 6L);
            failing.set(false);
            actors.forEach(Actor::end);
            owner.call(() -> pool.call(probe -> probe));
        }
        pool.close();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void whenClosingFailsThePlaceIsFreeAllTheSame(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = one(whenIdle)
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .build();
        try (Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<Lease<Probe>> waiting = waiter.begin(pool::acquire);
            Actor.until(() -> pool.stats().waiting() == 1);
            assertThatThrownBy(() -> owner.call(() -> {
                        lease.invalidate();
                        lease.close();
                        return null;
                    }))
                    .isInstanceOf(ResourceCloseException.class)
                    .hasCauseInstanceOf(IOException.class);
            Lease<Probe> second = Actor.get(waiting);
            waiter.call(() -> {
                second.get().use();
                second.invalidate();
                assertThatThrownBy(second::close).isInstanceOf(ResourceCloseException.class);
                return null;
            });
            assertThat(pool.stats().open()).isZero();
            assertThat(pool.stats().closeFailures()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aDeadThreadsPlaceIsFoundAtOnce(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        if (whenIdle == IdlePolicy.CLOSE) {
            return; // nothing is left behind
        }
        try (PerThread<Probe, RuntimeException> pool = one(whenIdle).build()) {
            kind.call(() -> pool.call(probe -> probe));
            kind.call(() -> {
                pool.acquire(Duration.ZERO).close();
                return null;
            });
            assertThat(Probe.peak()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aThreadThatWaitsForItselfIsTold(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                one(whenIdle).reentry(ReentryPolicy.OPEN_NEW).build()) {
            kind.call(() -> {
                try (Lease<Probe> lease = pool.acquire()) {
                    assertThatThrownBy(() -> pool.acquire(Duration.ofMillis(1)))
                            .isInstanceOf(AcquireTimeoutException.class)
                            .hasMessageContaining("this thread holds 1 of them itself");
                    lease.get().use();
                }
                return null;
            });
        }
    }

    /** On the books themselves: between a release and its hand-over no test of the whole can stop. */
    @Test
    void whatIsIdleWhileOthersWaitIsNotForANewcomer() {
        PoolConfig<Object, RuntimeException> config = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .config();
        Pool<Object, RuntimeException> pool = new Pool<>(config);
        SlotRegistry<Object> registry = new SlotRegistry<>(pool, config, null, null, false);
        Slot<Object> slot = (Slot<Object>) registry.admit(new Thread(), true);
        slot.setResource(new Object());
        registry.opened(slot, 0);
        Waiter<Object> waiter = (Waiter<Object>) registry.admit(new Thread(), true);
        slot.leasedToIdle();
        registry.lock.lock();
        try {
            registry.index.list(slot); // as its release does next
        } finally {
            registry.lock.unlock();
        }
        Thread newcomer = new Thread();
        assertThat(registry.admit(newcomer, false)).isSameAs(Admission.Refusal.MUST_WAIT);
        Waiter<Object> last = (Waiter<Object>) registry.admit(newcomer, true);
        assertThat(last.granted).isNull();
        new Handoff<>(config, registry).serveWaiters();
        assertThat(waiter.granted).isNotNull();
        assertThat(last.granted).isNull();
    }
}
