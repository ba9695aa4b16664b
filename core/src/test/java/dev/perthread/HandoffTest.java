package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who has a lent resource may take it again while others wait, but not for long, and nothing lies idle meanwhile. */
class HandoffTest {

    /** On virtual threads all carriers are busy then: whoever is only woken never comes. */
    @ParameterizedTest
    @MethodSource("dev.perthread.testkit.ThreadKind#available")
    void thoseWhoTakeTurnsWithoutEverPausingGiveWayToTheOneThatWaits(ThreadKind kind) throws Exception {
        int greedy = Runtime.getRuntime().availableProcessors();
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean served = new AtomicBoolean();
        List<Actor> actors = new ArrayList<>();
        List<FutureTask<Object>> all = new ArrayList<>();
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.LEND)
                .limit(greedy)
                .build()) {
            for (int i = 0; i <= greedy; i++) {
                boolean waits = i == greedy;
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    try (Lease<Probe> lease = pool.acquire()) {
                        lease.get().use();
                        if (waits) {
                            served.set(true);
                        } else {
                            go.await();
                        }
                    }
                    while (!served.get()) {
                        pool.run(Probe::use);
                    }
                    return null;
                }));
                int begun = i + 1;
                Actor.until(() -> pool.stats().leased() + pool.stats().waiting() == begun);
            }
            go.countDown();
            for (FutureTask<Object> one : all) {
                Actor.get(one);
            }
            actors.forEach(Actor::end);
        }
        assertThat(served).isTrue();
    }

    // ---- on the books themselves ----

    private final AtomicLong now = new AtomicLong();
    private final SlotRegistry<Object> slots = new SlotRegistry<>(new Pool<>(builder()), 2, true);
    private final Slot<Object> one = leased();
    private final Slot<Object> two = leased();
    private final Waiter<Object> first = slots.takeOrWait(new Thread(), true);
    private final Waiter<Object> second = slots.takeOrWait(new Thread(), true);

    private Slot<Object> leased() {
        Slot<Object> slot = slots.take(new Thread());
        slot.setResource(new Object());
        slots.opened(slot);
        return slot;
    }

    private void release(Slot<Object> slot) {
        slot.leasedToIdle();
        assertThat(slots.mustCheckWaiters()).isTrue();
        slots.offer(slot);
    }

    private PerThread.Builder<Object, RuntimeException> builder() {
        return PerThread.<Object, RuntimeException>builder(Object::new).clock(now::get);
    }

    @Test
    void theOneThatIsWokenTakesWhatIsIdle() {
        release(one);
        slots.tryTake(second); // not woken: nothing for it
        slots.tryTake(first);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNull();
        assertThat(one.state()).isEqualTo(Slot.MOVED);
    }

    @Test
    void theLastUserMayTakeItBackAndTheWokenOneWaitsOn() {
        release(one);
        assertThat(one.idleToLeased()).isTrue();
        slots.tryTake(first);
        assertThat(first.granted).isNull();
        release(one); // and is woken again
        slots.tryTake(first);
        assertThat(first.granted).isNotNull();
    }

    @Test
    void whatBecomesIdleWhileOneIsOnItsWayIsForTheNext() {
        release(one);
        release(two);
        slots.tryTake(first);
        slots.tryTake(second);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNotNull();
    }

    @Test
    void oneThatWasWokenAndGivesUpHasTheNextWoken() {
        release(one);
        assertThat(slots.giveUp(first, true)).isTrue();
        slots.tryTake(first);
        slots.tryTake(second);
        assertThat(first.granted).isNull();
        assertThat(second.granted).isNotNull();
    }

    @Test
    void oneThatWasWokenAndGotAPlaceMeanwhileHasTheNextWoken() {
        release(one);
        slots.removeClosed(two, CloseReason.INVALIDATED, false);
        Slot<Object> place = first.granted;
        assertThat(place).isNotNull();
        slots.tryTake(first);
        assertThat(first.granted).isSameAs(place);
        slots.tryTake(second);
        assertThat(second.granted).isNotNull();
        assertThat(slots.stats().waited()).isEqualTo(2);
    }

    @Test
    void whoIsDueIsGivenItEvenIfItWasWokenAndDoesNotCome() {
        release(one);
        assertThat(one.idleToLeased()).isTrue();
        now.addAndGet(3_999_999);
        release(one);
        assertThat(first.granted).isNull();
        assertThat(one.idleToLeased()).isTrue();
        now.addAndGet(1);
        release(one);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNull();
    }

    @Test
    void whileTheOneThatWasWokenHasNotComeALaterOneThatIsDueIsGivenWhatBecomesIdle() {
        release(one);
        slots.removeClosed(two, CloseReason.INVALIDATED, false); // its place goes to the first, which does not come
        assertThat(first.granted).isNotNull();
        now.addAndGet(4_000_000);
        assertThat(one.idleToLeased()).isTrue();
        release(one);
        assertThat(second.granted).isNotNull();
    }

    /** Else all who take turns meet at the lock of the books each time. */
    @Test
    void aReleaseThatNeitherWakesNorGivesLeavesTheLockAlone() throws Exception {
        release(one); // wakes the first,
        slots.removeClosed(two, CloseReason.INVALIDATED, false); // which is given a place and does not come
        slots.giveUp(second, true);
        assertThat(one.idleToLeased()).isTrue();
        now.addAndGet(4_000_000);
        Waiter<Object> third = slots.takeOrWait(new Thread(), true);
        one.leasedToIdle();
        Field field = SlotRegistry.class.getDeclaredField("lock");
        field.setAccessible(true);
        ReentrantLock lock = (ReentrantLock) field.get(slots);
        Actor actor = new Actor(ThreadKind.PLATFORM);
        lock.lock();
        try {
            Actor.get(actor.begin(() -> {
                slots.offer(one);
                return null;
            }));
        } finally {
            lock.unlock();
            actor.end();
        }
        slots.tryTake(first);
        slots.tryTake(third);
        assertThat(third.granted).isNotNull();
    }
}
