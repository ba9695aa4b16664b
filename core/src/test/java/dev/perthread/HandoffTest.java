package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
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
                .reusing()
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

    // ---- on the registry itself ----

    private final AtomicLong now = new AtomicLong();
    private final PoolConfig<Object, RuntimeException> config = PerThread.<Object, RuntimeException>builder(
                    Object::new, Closer.none())
            .whenIdle(IdlePolicy.LEND)
            .limit(2)
            .clock(now::get)
            .config();
    private final Pool<Object, RuntimeException> pool = new Pool<>(config);
    private final SlotRegistry<Object> registry = new SlotRegistry<>(pool, config, null, null, false);
    private final Handoff<Object> handoff = new Handoff<>(config, registry);
    private final Slot<Object> one = leased();
    private final Slot<Object> two = leased();
    private final Waiter<Object> first = waiting();
    private final Waiter<Object> second = waiting();

    private Slot<Object> leased() {
        Slot<Object> slot = (Slot<Object>) registry.admit(new Thread(), false);
        slot.setResource(new Object());
        assertThat(registry.opened(slot, 0)).isTrue();
        return slot;
    }

    private Waiter<Object> waiting() {
        return (Waiter<Object>) registry.admit(new Thread(), true);
    }

    /** As Pool does it. */
    private void release(Slot<Object> slot) {
        if (slot.isMarked()) {
            assertThat(handoff.releaseAndList(slot)).isNull();
            return;
        }
        slot.leasedToIdle();
        assertThat(registry.queue.mustCheckWaiters()).isTrue();
        handoff.offer(slot);
    }

    @Test
    void theOneThatIsWokenTakesWhatIsIdle() {
        release(one);
        handoff.tryTake(second); // not woken: nothing for it
        handoff.tryTake(first);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNull();
        assertThat(one.state()).isEqualTo(Slot.MOVED);
    }

    @Test
    void theLastUserMayTakeItBackAndTheWokenOneWaitsOn() {
        release(one);
        assertThat(one.idleToLeased()).isTrue();
        handoff.tryTake(first);
        assertThat(first.granted).isNull();
        release(one); // and is woken again
        handoff.tryTake(first);
        assertThat(first.granted).isNotNull();
    }

    @Test
    void whatBecomesIdleWhileOneIsOnItsWayIsForTheNext() {
        release(one);
        release(two);
        handoff.tryTake(first);
        handoff.tryTake(second);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNotNull();
    }

    @Test
    void oneThatWasWokenAndGivesUpHasTheNextWoken() {
        release(one);
        assertThat(registry.queue.giveUp(first, true)).isTrue();
        handoff.tryTake(first);
        handoff.tryTake(second);
        assertThat(first.granted).isNull();
        assertThat(second.granted).isNotNull();
    }

    @Test
    void oneThatWasWokenAndGotAPlaceMeanwhileHasTheNextWoken() {
        release(one);
        registry.removeClosed(two, CloseReason.INVALIDATED, false);
        Slot<Object> place = first.granted;
        assertThat(place).isNotNull();
        handoff.tryTake(first);
        assertThat(first.granted).isSameAs(place);
        handoff.tryTake(second);
        assertThat(second.granted).isNotNull();
        assertThat(registry.stats().waited()).isEqualTo(2);
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
        registry.removeClosed(two, CloseReason.INVALIDATED, false); // its place goes to the first, which does not come
        assertThat(first.granted).isNotNull();
        now.addAndGet(4_000_000);
        assertThat(one.idleToLeased()).isTrue();
        release(one);
        assertThat(second.granted).isNotNull();
    }

    /** The one that is on its way has passed over what was leased, and does not look at it again. */
    @Test
    void whatWasPassedOverWhileItWasLeasedIsListedByItsNextReleaseThoughOneIsOnItsWay() {
        release(one);
        assertThat(one.idleToLeased()).isTrue();
        handoff.tryTake(first);
        assertThat(first.granted).isNull();
        assertThat(one.listed).isFalse();
        release(two); // wakes the first again
        one.leasedToIdle(); // by a release that had looked at the flag before it was set
        handoff.offer(one);
        assertThat(one.listed).isTrue();
        handoff.tryTake(first);
        handoff.tryTake(second);
        assertThat(first.granted).isNotNull();
        assertThat(second.granted).isNotNull();
    }

    /** Else all who take turns meet at the registry's lock each time. */
    @Test
    void aReleaseThatNeitherWakesNorGivesLeavesTheLockAlone() throws Exception {
        release(one); // wakes the first,
        registry.removeClosed(two, CloseReason.INVALIDATED, false); // which is given a place and does not come
        registry.queue.giveUp(second, true);
        assertThat(one.idleToLeased()).isTrue();
        now.addAndGet(4_000_000);
        Waiter<Object> third = waiting(); // passes over what is leased,
        release(one); // which is listed again,
        assertThat(one.idleToLeased()).isTrue(); // and taken back
        Actor actor = new Actor(ThreadKind.PLATFORM);
        registry.lock.lock();
        try {
            Actor.get(actor.begin(() -> {
                release(one);
                return null;
            }));
        } finally {
            registry.lock.unlock();
            actor.end();
        }
        handoff.tryTake(first);
        handoff.tryTake(third);
        assertThat(third.granted).isNotNull();
    }
}
