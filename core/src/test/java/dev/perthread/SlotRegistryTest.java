package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The registry agrees with itself after each step: whose is what, what counts towards the limit, who waits, and who has to be woken. */
class SlotRegistryTest {
    private final AtomicLong now = new AtomicLong();
    private final Thread me = Thread.currentThread();
    private final Thread other = new Thread(); // never started: as good as dead
    private final List<Actor> actors = new ArrayList<>();
    private SlotRegistry<Object> registry;
    private ReaperRegistration registration;
    private Handoff<Object> handoff;

    SlotRegistryTest() {
        with(3, IdlePolicy.LEND);
    }

    private void with(int limit, IdlePolicy whenIdle) {
        PoolConfig<Object, RuntimeException> config = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .whenIdle(whenIdle)
                .limit(limit)
                .clock(now::get)
                .config();
        Pool<Object, RuntimeException> pool = new Pool<>(config);
        registry = new SlotRegistry<>(pool, config, null, null, false);
        registration = new ReaperRegistration(owners -> Reaper.NOTHING_OPEN, registry);
        handoff = new Handoff<>(config, registry);
    }

    @AfterEach
    void end() {
        // One that was never woken would hide what failed behind its own end.
        actors.forEach(actor -> LockSupport.unpark(actor.thread()));
        actors.forEach(Actor::end);
    }

    private Slot<Object> taken(Thread owner) {
        return (Slot<Object>) registry.admit(owner, false);
    }

    private void nothingFor(Thread newcomer) {
        assertThat(registry.admit(newcomer, false)).isSameAs(Admission.Refusal.MUST_WAIT);
    }

    private Waiter<Object> waiting(Thread thread) {
        return (Waiter<Object>) registry.admit(thread, true);
    }

    private Slot<Object> leased(Thread owner) {
        Slot<Object> slot = taken(owner);
        slot.setResource(new Object());
        assertThat(registry.opened(slot, 0)).isTrue();
        assertThat(slot.state()).isEqualTo(Slot.LEASED);
        return slot;
    }

    private Slot<Object> idle(Thread owner) {
        Slot<Object> slot = leased(owner);
        list(slot);
        return slot;
    }

    private void list(Slot<Object> slot) {
        assertThat(handoff.releaseAndList(slot)).isNull();
    }

    /** As many as there may be. */
    private List<Slot<Object>> allLeased() {
        return List.of(leased(me), leased(me), leased(me));
    }

    private void close(Slot<Object> slot) {
        registry.removeClosed(slot, CloseReason.INVALIDATED, false);
    }

    /** Waits in the queue until it is unparked; done once it was. That may happen for no reason, but not every time. */
    private final class Parked {
        private volatile boolean registered;
        final Actor actor = new Actor(ThreadKind.PLATFORM);
        final Waiter<Object> waiter = waiting(actor.thread());
        final FutureTask<Object> signalled;

        Parked() throws Exception {
            actors.add(actor);
            assertThat(waiter.granted).isNull();
            signalled = actor.begin(() -> {
                do { // what woke this thread for its task may have left a permit, with which park returns at once
                    LockSupport.park(this);
                } while (!registered);
                return true;
            });
            Actor.until(() -> LockSupport.getBlocker(actor.thread()) == this
                    && actor.thread().getState() == Thread.State.WAITING);
            registered = true;
        }

        void isWoken() throws Exception {
            signalled.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void spareOnes_mustBeLookedAtWithoutTheLock() {
        allLeased().subList(0, 2).forEach(this::list);
        assertThat(registry.survey.spares(slot -> registry.lock.isLocked())).isEqualTo(2);
        assertThat(registry.survey.spares(slot -> slot.id == 1)).isEqualTo(1);
    }

    // ---- whose is what ----

    @Test
    void aThreadsSlotsAreItsOwnLatestFirstWhicheverOfThemGoes() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(me);
        Slot<Object> three = leased(me);
        assertThat(List.of(one.id, two.id, three.id)).containsExactly(1L, 2L, 3L);
        assertThat(registry.slotsOf(me)).containsExactly(three, two, one);
        assertThat(registry.slotsOf(other)).isEmpty();
        close(two);
        assertThat(registry.slotsOf(me)).containsExactly(three, one);
        close(three);
        assertThat(registry.slotsOf(me)).containsExactly(one);
        assertThat(registry.find(me)).isSameAs(one);
        close(one);
        assertThat(registry.slotsOf(me)).isEmpty();
        assertThat(registry.find(me)).isNull();
    }

    @Test
    void theFirstOfAThreadsSlotsGoesAndTheOthersStay() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(me);
        Slot<Object> three = leased(me);
        close(one);
        assertThat(registry.slotsOf(me)).containsExactly(three, two);
    }

    @Test
    void whatIsOpenIsListedOnceInWhateverOrderTheOthersGo() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(other);
        Slot<Object> three = leased(me);
        close(one);
        assertThat(registry.all()).containsExactlyInAnyOrder(two, three);
        Slot<Object> four = leased(other);
        nothingFor(me);
        close(three);
        assertThat(registry.all()).containsExactlyInAnyOrder(two, four);
        close(four);
        close(two);
        assertThat(registry.all()).isEmpty();
    }

    @Test
    void whatIsTakenFromAnotherIsTheTakersAloneAndTheLatestComesFirst() {
        Slot<Object> one = leased(other);
        Slot<Object> two = leased(other);
        list(one);
        list(two);
        Slot<Object> taken = taken(me);
        assertThat(taken.id).isEqualTo(two.id);
        assertThat(taken.state()).isEqualTo(Slot.LEASED);
        assertThat(two.state()).isEqualTo(Slot.MOVED);
        assertThat(registry.slotsOf(me)).containsExactly(taken);
        assertThat(registry.slotsOf(other)).containsExactly(one);
        Slot<Object> first = taken(me);
        assertThat(first.id).isEqualTo(one.id);
        assertThat(registry.slotsOf(other)).isEmpty();
        assertThat(registry.all()).containsExactly(first, taken);
    }

    @Test
    void withoutLendingOnlyANewOneIsToBeHad() {
        with(2, IdlePolicy.KEEP);
        leased(other).leasedToIdle();
        assertThat(taken(me).state()).isEqualTo(Slot.OPENING);
        nothingFor(me);
        assertThat(waiting(me).granted).isNull();
        assertThat(registry.queue.mustCheckWaiters()).isFalse();
    }

    @Test
    void whatAThreadThatHasEndedLeftIsNobodysAndStaysOpen() {
        Slot<Object> left = idle(other);
        registry.detachOwner(left);
        assertThat(left.state()).isEqualTo(Slot.MOVED);
        assertThat(registry.find(other)).isNull();
        Slot<Object> nobodys = registry.all().get(0);
        assertThat(nobodys.thread).isNull();
        assertThat(nobodys.state()).isEqualTo(Slot.IDLE);
        registry.detachOwner(left); // as a second look would
        assertThat(registry.all()).containsExactly(nobodys);
        assertThat(taken(me).id).isEqualTo(left.id);
    }

    @Test
    void whatIsInUseOrOfAClosedPoolKeepsItsOwner() {
        Slot<Object> busy = leased(other);
        registry.detachOwner(busy);
        assertThat(busy.state()).isEqualTo(Slot.LEASED);
        busy.leasedToIdle();
        registry.close();
        registry.detachOwner(busy);
        assertThat(busy.state()).isEqualTo(Slot.IDLE);
    }

    // ---- what counts ----

    @Test
    void whatCouldNotBeOpenedFreesItsPlaceOnce() {
        Slot<Object> failed = taken(me);
        leased(me);
        registry.removeUnopened(failed, "refused", 0);
        registry.removeUnopened(failed, "refused", 0);
        assertThat(registry.all()).hasSize(1);
        assertThat(registry.stats().openFailures()).isEqualTo(1);
        Slot<Object> refused = taken(me);
        registry.removeUnopened(refused, null, 0);
        assertThat(registry.stats().openFailures()).isEqualTo(1);
        assertThat(registry.stats().opened()).isEqualTo(1);
    }

    @Test
    void whatIsOpenedInPlaceOfAnotherNeverGivesThePlaceUp() throws Exception {
        Slot<Object> old = leased(me);
        leased(me);
        leased(me);
        Waiter<Object> waiter = waiting(other);
        Slot<Object> next = registry.replaceClosed(old, CloseReason.CHECK_FAILED, true, me);
        assertThat(next.state()).isEqualTo(Slot.OPENING);
        assertThat(next.thread).isSameAs(me);
        assertThat(waiter.granted).isNull();
        assertThat(registry.all()).hasSize(3).contains(next).doesNotContain(old);
        assertThat(registry.slotsOf(me)).doesNotContain(old);
        assertThat(registry.stats().closed()).isEqualTo(1);
        assertThat(registry.stats().closeFailures()).isEqualTo(1);
        registry.close();
        assertThat(registry.replaceClosed(next, CloseReason.CHECK_FAILED, false, me))
                .isNull();
        assertThat(registry.all()).contains(next); // the caller has it counted
    }

    @Test
    void whatIsOpenedInPlaceOfWhatWasClosedAsideIsForTheOneThatAwaitsItAlone() {
        Slot<Object> old = allLeased().get(0);
        Waiter<Object> queued = waiting(other);
        Waiter<Object> aside = new Waiter<>(me, now.get());
        registry.queue.replaceClosed(old, CloseReason.CHECK_FAILED, true, aside);
        assertThat(aside.granted.thread).isSameAs(me);
        assertThat(aside.granted.state()).isEqualTo(Slot.OPENING);
        assertThat(queued.granted).isNull();
        assertThat(registry.all()).hasSize(3).contains(aside.granted).doesNotContain(old);
        assertThat(registry.stats().closeFailures()).isEqualTo(1);
    }

    @Test
    void thePlaceOfWhatWasClosedAsideIsTheNextWaitersIfTheOneThatAwaitsItHasGivenUp() {
        Slot<Object> old = allLeased().get(0);
        Waiter<Object> queued = waiting(other);
        Waiter<Object> aside = new Waiter<>(me, now.get());
        assertThat(registry.queue.giveUp(aside, true)).isTrue();
        registry.queue.replaceClosed(old, CloseReason.CHECK_FAILED, false, aside);
        assertThat(aside.granted).isNull();
        assertThat(queued.granted.thread).isSameAs(other);
        assertThat(registry.all()).hasSize(3);
        assertThat(registry.stats().waiting()).isZero();
    }

    @Test
    void theUsesOfWhatIsGoneStillCount() {
        Slot<Object> slot = leased(me);
        slot.stampLease(0);
        slot.stampLease(0);
        close(slot);
        leased(me).stampLease(0);
        assertThat(registry.stats().acquired()).isEqualTo(3);
    }

    // ---- who waits ----

    @Test
    void whoeverComesWhileOthersWaitWaitsToo() {
        Slot<Object> one = allLeased().get(0);
        waiting(other);
        assertThat(registry.queue.mustCheckWaiters()).isTrue();
        list(one); // wakes the one that waits, which has not come yet
        nothingFor(me);
        assertThat(waiting(me).granted).isNull();
        assertThat(registry.stats().waiting()).isEqualTo(2);
    }

    @Test
    void whoNeedNotWaitLeavesNobodyToBeToldOfWhatBecomesIdle() {
        assertThat(registry.admit(me, true)).isInstanceOf(Slot.class);
        assertThat(registry.queue.mustCheckWaiters()).isFalse();
        assertThat(registry.stats().waiting()).isZero();
    }

    @Test
    void theLastThatLeavesTheQueueIsCountedAndNobodyIsToldOfWhatBecomesIdle() {
        for (int i = 0; i < 3; i++) {
            leased(me);
        }
        Waiter<Object> first = waiting(me);
        Waiter<Object> second = waiting(other);
        assertThat(registry.queue.giveUp(first, true)).isTrue();
        assertThat(registry.queue.mustCheckWaiters()).isTrue();
        assertThat(registry.queue.giveUp(second, false)).isTrue();
        assertThat(registry.queue.mustCheckWaiters()).isFalse();
        Stats stats = registry.stats();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.waited()).isEqualTo(2);
        assertThat(stats.timeouts()).isEqualTo(1);
    }

    @Test
    void whoHasBeenGrantedAPlaceCannotGiveUp() {
        Slot<Object> one = allLeased().get(0);
        Waiter<Object> waiter = waiting(other);
        close(one);
        assertThat(waiter.granted.thread).isSameAs(other);
        assertThat(registry.queue.giveUp(waiter, true)).isFalse();
        assertThat(registry.stats().timeouts()).isZero();
        assertThat(registry.stats().waited()).isEqualTo(1);
    }

    @Test
    void whatReleasesHaveMissedIsGivenToThoseWhoWaitInOrder() {
        assertThat(handoff.serveWaiters()).isFalse();
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> first = waiting(other);
        Waiter<Object> second = waiting(other);
        Waiter<Object> third = waiting(other);
        assertThat(handoff.serveWaiters()).isTrue();
        one.leasedToIdle();
        two.leasedToIdle();
        assertThat(handoff.serveWaiters()).isTrue();
        assertThat(first.granted.id).isEqualTo(one.id);
        assertThat(second.granted.id).isEqualTo(two.id);
        assertThat(third.granted).isNull();
        registry.queue.giveUp(third, true);
        assertThat(handoff.serveWaiters()).isFalse();
    }

    /** As when whoever closed something had no memory to give its place away. A higher limit leaves a place as free. */
    @Test
    void aPlaceThatNobodyGaveAwayIsGivenToWhoWaits() throws Exception {
        allLeased();
        Parked first = new Parked();
        Waiter<Object> second = waiting(other);
        registry.changeLimit(4);
        assertThat(handoff.serveWaiters()).isTrue();
        first.isWoken();
        assertThat(first.waiter.granted.state()).isEqualTo(Slot.OPENING);
        assertThat(first.waiter.granted.thread).isSameAs(first.actor.thread());
        assertThat(second.granted).isNull();
        assertThat(registry.all()).hasSize(4);
    }

    @Test
    void whatIsIdleAfterTheLastWaiterWasServedStays() {
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> waiter = waiting(other);
        one.leasedToIdle();
        two.leasedToIdle();
        assertThat(handoff.serveWaiters()).isFalse();
        assertThat(waiter.granted.id).isEqualTo(one.id);
        assertThat(two.state()).isEqualTo(Slot.IDLE);
        two.idleToLeased();
        two.leasedToIdle();
        handoff.offer(two); // as by one who has seen that somebody waits
        assertThat(two.state()).isEqualTo(Slot.IDLE);
    }

    @Test
    void whatItsLastUserHasTakenBackMeanwhileIsGivenToNobody() {
        Slot<Object> one = allLeased().get(0);
        Waiter<Object> waiter = waiting(other);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1)); // due
        one.leasedToIdle();
        assertThat(one.idleToLeased()).isTrue(); // before it is offered
        handoff.offer(one);
        assertThat(waiter.granted).isNull();
        assertThat(one.state()).isEqualTo(Slot.LEASED);
        assertThat(registry.slotsOf(me)).contains(one);
    }

    // ---- who is woken ----

    @Test
    void whoIsGrantedThePlaceOfWhatWasClosedIsWoken() throws Exception {
        Slot<Object> one = allLeased().get(0);
        Parked parked = new Parked();
        close(one);
        parked.isWoken();
    }

    @Test
    void whoIsGrantedThePlaceOfWhatCouldNotBeOpenedIsWoken() throws Exception {
        leased(me);
        leased(me);
        Slot<Object> failed = taken(me);
        Parked parked = new Parked();
        registry.removeUnopened(failed, "refused", 0);
        parked.isWoken();
        assertThat(parked.waiter.granted).isNotNull();
    }

    @Test
    void whoIsToTakeWhatBecameIdleIsWoken() throws Exception {
        Slot<Object> one = allLeased().get(0);
        Parked parked = new Parked();
        one.leasedToIdle();
        handoff.offer(one);
        parked.isWoken();
        assertThat(parked.waiter.granted).isNull();
    }

    @Test
    void whoComesAndFindsMoreThanItNeedsHasTheNextWoken() throws Exception {
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> first = waiting(other);
        Parked next = new Parked();
        one.leasedToIdle();
        handoff.offer(one);
        two.leasedToIdle();
        handoff.offer(two);
        handoff.tryTake(first);
        next.isWoken();
    }

    @Test
    void whoIsServedByTheReaperIsWoken() throws Exception {
        Slot<Object> one = allLeased().get(0);
        Parked parked = new Parked();
        one.leasedToIdle();
        handoff.serveWaiters();
        parked.isWoken();
    }

    // ---- the reaper's knowledge ----

    @Test
    void theReaperIsToldOnceWhileThereIsSomething() {
        assertThat(registration.deregister(false)).isTrue();
        Slot<Object> slot = leased(me);
        assertThat(registration.isRegistered()).isFalse();
        registration.registerAndWake();
        assertThat(registration.isRegistered()).isTrue();
        assertThat(registration.deregister(false)).isFalse();
        assertThat(registration.isRegistered()).isTrue();
        close(slot);
        assertThat(registration.deregister(false)).isTrue();
        assertThat(registration.isRegistered()).isFalse();
        leased(me);
        assertThat(registration.isRegistered()).isFalse();
        assertThat(registration.deregister(false)).isFalse(); // it was told of something that is gone, and finds this
        assertThat(registration.isRegistered()).isTrue();
    }

    // ---- the end ----

    @Test
    void afterTheEndNobodyGetsAnythingAndWhoWaitsIsWokenAndCounted() throws Exception {
        Slot<Object> one = leased(me);
        Slot<Object> opening = taken(me);
        leased(me);
        Parked parked = new Parked();
        Waiter<Object> second = waiting(other);
        assertThat(registry.isSlowAcquire()).isFalse();
        registry.close();
        parked.isWoken();
        assertThat(registry.isClosed()).isTrue();
        assertThat(registry.isSlowAcquire()).isTrue();
        assertThat(registry.queue.mustCheckWaiters()).isTrue();
        assertThat(parked.waiter.granted).isNull();
        Stats stats = registry.stats();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.waited()).isEqualTo(2);
        assertThat(registry.queue.giveUp(second, true)).isTrue();
        assertThat(registry.stats().waited()).isEqualTo(2);

        one.leasedToIdle();
        handoff.offer(one);
        assertThat(handoff.serveWaiters()).isFalse();
        assertThat(one.state()).isEqualTo(Slot.IDLE);
        assertThat(registry.admit(me, true)).isSameAs(Admission.Refusal.CLOSED);
        opening.setResource(new Object());
        assertThat(registry.opened(opening, 0)).isFalse();
        assertThat(opening.reason()).isEqualTo(CloseReason.HOLDER_CLOSED);
        assertThat(registry.stats().opened()).isEqualTo(3);
        close(one);
        assertThat(registry.admit(me, false)).isSameAs(Admission.Refusal.CLOSED);
    }

    @Test
    void whoClosesIsToldOfEachThatIsGoneAndDoesNotWaitForItself() throws Exception {
        Slot<Object> theirs = leased(other);
        Slot<Object> mine = leased(me);
        registry.close();
        Actor actor = new Actor(ThreadKind.PLATFORM);
        actors.add(actor);
        FutureTask<Object> gone = actor.begin(() -> registry.survey.awaitGone(me, TimeUnit.HOURS.toNanos(1)));
        Actor.until(() -> actor.thread().getState() == Thread.State.TIMED_WAITING);
        close(theirs);
        assertThat(gone.get(30, TimeUnit.SECONDS)).isEqualTo(true);
        assertThat(registry.survey.awaitGone(me, TimeUnit.HOURS.toNanos(1))).isFalse(); // the leaser itself
        mine.actingThread = other;
        assertThat(registry.survey.awaitGone(other, TimeUnit.HOURS.toNanos(1))).isFalse(); // who is just closing it
    }

    @Test
    void theLongWayIsTakenForEverOnceAskedFor() {
        Slot<Object> held = leased(me);
        list(held);
        assertThat(held.isMarked()).isFalse();
        held.idleToLeased();
        registry.disableFastPath();
        assertThat(held.isMarked()).isTrue(); // the end of this lease too
        assertThat(registry.isSlowAcquire()).isTrue();
        assertThat(registry.isClosed()).isFalse();
    }
}
