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
                .limit(1);
    }

    private static void end(PerThread<Probe, ?> holder, Actor owner, Lease<Probe> lease) throws Exception {
        owner.call(() -> {
            lease.close();
            holder.release(); // so that KEEP makes room too
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void waitersAreServedInOrderOfArrival(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> holder = one(whenIdle).build();
                Actor owner = new Actor(kind)) {
            Lease<Probe> first = owner.call(holder::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            Queue<Integer> served = new ConcurrentLinkedQueue<>();
            for (int i = 0; i < 10; i++) {
                int number = i;
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    holder.run(probe -> served.add(number));
                    holder.release();
                    return null;
                }));
                Actor.until(() -> holder.stats().waiting() == number + 1);
            }
            end(holder, owner, first);
            for (FutureTask<Object> one : all) {
                Actor.get(one);
            }
            actors.forEach(Actor::end);
            assertThat(served).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            assertThat(Probe.peak()).isEqualTo(1);
            assertThat(holder.stats().waited()).isEqualTo(10);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void nobodyOvertakesThoseWhoWait(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> holder = one(whenIdle).build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind);
                Actor late = new Actor(kind)) {
            Lease<Probe> first = owner.call(holder::acquire);
            FutureTask<Lease<Probe>> waiting = waiter.begin(holder::acquire);
            Actor.until(() -> holder.stats().waiting() == 1);
            end(holder, owner, first);
            Lease<Probe> second = Actor.get(waiting);
            assertThatThrownBy(() -> late.call(() -> holder.acquire(Duration.ZERO)))
                    .isInstanceOf(AcquireTimeoutException.class);
            end(holder, waiter, second);
            late.call(() -> holder.call(probe -> probe));
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aTimeoutEndsTheWaitWithTheNumbersAndLosesNothing(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        Journal journal = new Journal();
        try (PerThread<Probe, RuntimeException> holder = one(whenIdle)
                        .acquireTimeout(Duration.ofMillis(20))
                        .listener(journal)
                        .build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(holder::acquire);
            journal.take();
            long begin = System.nanoTime();
            assertThatThrownBy(() -> waiter.call(holder::acquire))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("db")
                    .hasMessageContaining("(id " + Threads.id(waiter.thread()) + ")")
                    .hasMessageContaining("limit 1")
                    .hasMessageContaining("leased 1")
                    .hasMessageContaining("idle 0")
                    .hasMessageContaining("waiting 0");
            assertThat(System.nanoTime() - begin).isBetween(20_000_000L, 5_000_000_000L);
            assertThatThrownBy(() -> waiter.call(() -> holder.acquire(Duration.ZERO)))
                    .isInstanceOf(AcquireTimeoutException.class);
            assertThat(journal.take()).containsExactly("waited", "waited");
            assertThat(holder.stats().timeouts()).isEqualTo(2);
            assertThat(holder.stats().waiting()).isZero();
            end(holder, owner, lease);
            waiter.call(() -> holder.call(probe -> probe));
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void anInterruptEndsTheWaitAndTheFlagIsSetAgain(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> holder = one(whenIdle).build();
                Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(holder::acquire);
            FutureTask<Boolean> waiting = waiter.begin(() -> {
                assertThatThrownBy(holder::acquire)
                        .isInstanceOf(AcquireInterruptedException.class)
                        .hasMessageContaining("db")
                        .hasMessageContaining("limit 1");
                return Thread.interrupted();
            });
            Actor.until(() -> holder.stats().waiting() == 1);
            waiter.thread().interrupt();
            assertThat(Actor.get(waiting)).isTrue();
            assertThat(waiter.call(() -> {
                        Thread.currentThread().interrupt(); // before waiting
                        assertThatThrownBy(holder::acquire).isInstanceOf(AcquireInterruptedException.class);
                        return Thread.interrupted();
                    }))
                    .isTrue();
            assertThat(holder.stats().waiting()).isZero();
            assertThat(holder.stats().timeouts()).isZero();
            end(holder, owner, lease);
            assertThat(waiter.call(() -> {
                        Thread.currentThread().interrupt(); // and no need to wait
                        holder.run(Probe::use);
                        return Thread.interrupted();
                    }))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void closeWakesAllWaitersAtOnce(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> holder =
                one(whenIdle).acquireTimeout(Duration.ofHours(1)).build();
        try (Actor owner = new Actor(kind);
                Actor closer = new Actor(kind)) {
            Lease<Probe> lease = owner.call(holder::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    assertThatThrownBy(holder::acquire)
                            .isInstanceOf(IllegalStateException.class)
                            .isNotInstanceOf(ReentryException.class)
                            .hasMessageContaining("db")
                            .hasMessageContaining("closed");
                    return null;
                }));
            }
            Actor.until(() -> holder.stats().waiting() == 10);
            long begin = System.nanoTime();
            FutureTask<CloseReport> closing = closer.begin(() -> holder.close(Duration.ofSeconds(30)));
            for (FutureTask<Object> one : all) {
                Actor.get(one);
            }
            assertThat(System.nanoTime() - begin).isLessThan(1_000_000_000L);
            assertThat(closing.isDone()).isFalse();
            end(holder, owner, lease);
            assertThat(Actor.get(closing).forced()).isZero();
            actors.forEach(Actor::end);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void whenOpeningFailsTheNextWaiterOpens(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        AtomicBoolean failing = new AtomicBoolean();
        PerThread<Probe, IOException> holder = PerThread.<Probe, IOException>builder(() -> {
                    if (failing.get()) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .whenIdle(whenIdle)
                .limit(1)
                .build();
        try (Actor owner = new Actor(kind)) {
            Lease<Probe> lease = owner.call(holder::acquire);
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<Object>> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int number = i;
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    if (number < 5) {
                        assertThatThrownBy(holder::acquire).isInstanceOf(IOException.class);
                        if (number == 4) {
                            throw new IOException("the last to fail");
                        }
                    } else {
                        return holder.acquire(Duration.ofSeconds(20));
                    }
                    return null;
                }));
                Actor.until(() -> holder.stats().waiting() == number + 1);
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
            assertThat(holder.stats().waiting()).isZero();
            assertThat(holder.stats().openFailures()).isBetween(5L, 6L);
            failing.set(false);
            actors.forEach(Actor::end);
            owner.call(() -> holder.call(probe -> probe));
        }
        holder.close();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void whenClosingFailsThePlaceIsFreeAllTheSame(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> holder = one(whenIdle)
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .build();
        try (Actor owner = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> lease = owner.call(holder::acquire);
            FutureTask<Lease<Probe>> waiting = waiter.begin(holder::acquire);
            Actor.until(() -> holder.stats().waiting() == 1);
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
            assertThat(holder.stats().open()).isZero();
            assertThat(holder.stats().closeFailures()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aDeadThreadsPlaceIsFoundAtOnce(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        if (whenIdle == IdlePolicy.CLOSE) {
            return; // nothing is left behind
        }
        try (PerThread<Probe, RuntimeException> holder = one(whenIdle).build()) {
            kind.call(() -> holder.call(probe -> probe));
            kind.call(() -> {
                holder.acquire(Duration.ZERO).close();
                return null;
            });
            assertThat(Probe.peak()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aThreadThatWaitsForItselfIsTold(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> holder =
                one(whenIdle).reentry(ReentryPolicy.OPEN_NEW).build()) {
            kind.call(() -> {
                try (Lease<Probe> lease = holder.acquire()) {
                    assertThatThrownBy(() -> holder.acquire(Duration.ofMillis(1)))
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
        Slots<Object> slots =
                new Slots<>(new Holder<>(PerThread.<Object, RuntimeException>builder(Object::new)), 1, true);
        Slot<Object> slot = slots.take(new Thread());
        slot.fill(new Object());
        slots.opened(slot);
        Waiter<Object> waiter = slots.takeOrWait(new Thread(), true);
        slot.leasedToIdle();
        Thread newcomer = new Thread();
        assertThat(slots.take(newcomer)).isNull();
        Waiter<Object> last = slots.takeOrWait(newcomer, true);
        assertThat(last.granted).isNull();
        slots.serveWaiters();
        assertThat(waiter.granted).isNotNull();
        assertThat(last.granted).isNull();
    }
}
