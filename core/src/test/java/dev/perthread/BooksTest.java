package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The books agree after each step: whose is what, what counts towards the limit, who waits, and who has to be woken. */
class BooksTest {
    private final AtomicLong now = new AtomicLong();
    private final Thread me = Thread.currentThread();
    private final Thread other = new Thread(); // never started: as good as dead
    private final List<Actor> actors = new ArrayList<>();
    private Slots<Object> books = books(3, true);

    private Slots<Object> books(int limit, boolean lends) {
        PerThread.Builder<Object, RuntimeException> options =
                PerThread.<Object, RuntimeException>builder(Object::new).clock(now::get);
        return new Slots<>(new Holder<>(options), limit, lends);
    }

    @AfterEach
    void end() {
        // One that was never woken would hide what failed behind its own end.
        actors.forEach(actor -> LockSupport.unpark(actor.thread()));
        actors.forEach(Actor::end);
    }

    private Slot<Object> leased(Thread owner) {
        Slot<Object> slot = books.take(owner);
        slot.fill(new Object());
        assertThat(books.opened(slot)).isTrue();
        assertThat(slot.state()).isEqualTo(Slot.LEASED);
        return slot;
    }

    private Slot<Object> idle(Thread owner) {
        Slot<Object> slot = leased(owner);
        slot.leasedToIdle();
        return slot;
    }

    /** As many as there may be. */
    private List<Slot<Object>> allLeased() {
        return List.of(leased(me), leased(me), leased(me));
    }

    private void close(Slot<Object> slot) {
        books.gone(slot, CloseReason.INVALIDATED, false);
    }

    /** Waits in the books until it is unparked; done once it was. That may happen for no reason, but not every time. */
    private final class Parked {
        private volatile boolean watched;
        final Actor actor = new Actor(ThreadKind.PLATFORM);
        final Waiter<Object> waiter = books.takeOrWait(actor.thread(), true);
        final FutureTask<Object> woken;

        Parked() throws Exception {
            actors.add(actor);
            assertThat(waiter.granted).isNull();
            woken = actor.begin(() -> {
                do { // what woke this thread for its task may have left a permit, with which park returns at once
                    LockSupport.park(this);
                } while (!watched);
                return true;
            });
            Actor.until(() -> LockSupport.getBlocker(actor.thread()) == this
                    && actor.thread().getState() == Thread.State.WAITING);
            watched = true;
        }

        void isWoken() throws Exception {
            woken.get(30, TimeUnit.SECONDS);
        }
    }

    // ---- whose is what ----

    @Test
    void aThreadsSlotsAreItsOwnLatestFirstWhicheverOfThemGoes() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(me);
        Slot<Object> three = leased(me);
        assertThat(List.of(one.id, two.id, three.id)).containsExactly(1L, 2L, 3L);
        assertThat(books.own(me)).containsExactly(three, two, one);
        assertThat(books.own(other)).isEmpty();
        close(two);
        assertThat(books.own(me)).containsExactly(three, one);
        close(three);
        assertThat(books.own(me)).containsExactly(one);
        assertThat(books.find(me)).isSameAs(one);
        close(one);
        assertThat(books.own(me)).isEmpty();
        assertThat(books.find(me)).isNull();
    }

    @Test
    void theFirstOfAThreadsSlotsGoesAndTheOthersStay() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(me);
        Slot<Object> three = leased(me);
        close(one);
        assertThat(books.own(me)).containsExactly(three, two);
    }

    @Test
    void whatIsOpenIsListedOnceInWhateverOrderTheOthersGo() {
        Slot<Object> one = leased(me);
        Slot<Object> two = leased(other);
        Slot<Object> three = leased(me);
        close(one);
        assertThat(books.all()).containsExactlyInAnyOrder(two, three);
        Slot<Object> four = leased(other);
        assertThat(books.take(me)).isNull();
        close(three);
        assertThat(books.all()).containsExactlyInAnyOrder(two, four);
        close(four);
        close(two);
        assertThat(books.all()).isEmpty();
    }

    @Test
    void whatIsTakenFromAnotherIsTheTakersAloneAndTheLatestComesFirst() {
        Slot<Object> one = leased(other);
        Slot<Object> two = leased(other);
        one.leasedToIdle();
        two.leasedToIdle();
        Slot<Object> taken = books.take(me);
        assertThat(taken.id).isEqualTo(two.id);
        assertThat(taken.state()).isEqualTo(Slot.LEASED);
        assertThat(two.state()).isEqualTo(Slot.MOVED);
        assertThat(books.own(me)).containsExactly(taken);
        assertThat(books.own(other)).containsExactly(one);
        Slot<Object> first = books.take(me);
        assertThat(first.id).isEqualTo(one.id);
        assertThat(books.own(other)).isEmpty();
        assertThat(books.all()).containsExactly(first, taken);
    }

    @Test
    void withoutLendingOnlyANewOneIsToBeHad() {
        books = books(2, false);
        idle(other);
        assertThat(books.take(me).state()).isEqualTo(Slot.OPENING);
        assertThat(books.take(me)).isNull();
        assertThat(books.takeOrWait(me, true).granted).isNull();
        assertThat(books.wantsIdle()).isFalse();
    }

    @Test
    void whatAThreadThatHasEndedLeftIsNobodysAndStaysOpen() {
        Slot<Object> left = idle(other);
        books.disown(left);
        assertThat(left.state()).isEqualTo(Slot.MOVED);
        assertThat(books.find(other)).isNull();
        Slot<Object> nobodys = books.all().get(0);
        assertThat(nobodys.thread).isNull();
        assertThat(nobodys.state()).isEqualTo(Slot.IDLE);
        books.disown(left); // as a second look would
        assertThat(books.all()).containsExactly(nobodys);
        assertThat(books.takeOrWait(me, false).granted.id).isEqualTo(left.id);
    }

    @Test
    void whatIsInUseOrOfAClosedHolderIsNotDisowned() {
        Slot<Object> busy = leased(other);
        books.disown(busy);
        assertThat(busy.state()).isEqualTo(Slot.LEASED);
        busy.leasedToIdle();
        books.close();
        books.disown(busy);
        assertThat(busy.state()).isEqualTo(Slot.IDLE);
    }

    // ---- what counts ----

    @Test
    void whatCouldNotBeOpenedFreesItsPlaceOnce() {
        Slot<Object> failed = books.take(me);
        leased(me);
        books.abandoned(failed, true);
        books.abandoned(failed, true);
        assertThat(books.all()).hasSize(1);
        assertThat(books.stats().openFailures()).isEqualTo(1);
        Slot<Object> refused = books.take(me);
        books.abandoned(refused, false);
        assertThat(books.stats().openFailures()).isEqualTo(1);
        assertThat(books.stats().opened()).isEqualTo(1);
    }

    @Test
    void whatIsOpenedInPlaceOfAnotherNeverGivesThePlaceUp() throws Exception {
        Slot<Object> old = leased(me);
        leased(me);
        leased(me);
        Waiter<Object> waiter = books.takeOrWait(other, true);
        Slot<Object> next = books.goneForAnother(old, CloseReason.CHECK_FAILED, true, me);
        assertThat(next.state()).isEqualTo(Slot.OPENING);
        assertThat(next.thread).isSameAs(me);
        assertThat(waiter.granted).isNull();
        assertThat(books.all()).hasSize(3).contains(next).doesNotContain(old);
        assertThat(books.own(me)).doesNotContain(old);
        assertThat(books.stats().closed()).isEqualTo(1);
        assertThat(books.stats().closeFailures()).isEqualTo(1);
        books.close();
        assertThat(books.goneForAnother(next, CloseReason.CHECK_FAILED, false, me))
                .isNull();
        assertThat(books.all()).contains(next); // the caller has it counted
    }

    @Test
    void theUsesOfWhatIsGoneStillCount() {
        Slot<Object> slot = leased(me);
        slot.count(0);
        slot.count(0);
        close(slot);
        leased(me).count(0);
        assertThat(books.stats().acquired()).isEqualTo(3);
    }

    // ---- who waits ----

    @Test
    void whoeverComesWhileOthersWaitWaitsToo() {
        Slot<Object> one = allLeased().get(0);
        Waiter<Object> first = books.takeOrWait(other, true);
        assertThat(first.sweepFirst).isFalse();
        assertThat(books.wantsIdle()).isTrue();
        one.leasedToIdle();
        assertThat(books.take(me)).isNull();
        assertThat(books.takeOrWait(me, true).granted).isNull();
        assertThat(books.stats().waiting()).isEqualTo(2);
    }

    @Test
    void whoNeedNotWaitLeavesNobodyToBeToldOfWhatBecomesIdle() {
        assertThat(books.takeOrWait(me, true).granted).isNotNull();
        assertThat(books.wantsIdle()).isFalse();
        assertThat(books.stats().waiting()).isZero();
    }

    @Test
    void aDeadThreadsResourceIsLookedForBeforeAnybodyWaits() {
        leased(me);
        assertThat(books.takeOrWait(me, false).sweepFirst).isFalse();
        leased(other);
        Waiter<Object> toSweep = books.takeOrWait(me, false);
        assertThat(toSweep.sweepFirst).isTrue();
        assertThat(toSweep.granted).isNull();
        assertThat(books.stats().waiting()).isZero();
        assertThat(books.takeOrWait(me, true).sweepFirst).isFalse(); // it has been looked for
    }

    @Test
    void theLastThatLeavesTheQueueIsCountedAndNobodyIsToldOfWhatBecomesIdle() {
        for (int i = 0; i < 3; i++) {
            leased(me);
        }
        Waiter<Object> first = books.takeOrWait(me, true);
        Waiter<Object> second = books.takeOrWait(other, true);
        assertThat(books.giveUp(first, true)).isTrue();
        assertThat(books.wantsIdle()).isTrue();
        assertThat(books.giveUp(second, false)).isTrue();
        assertThat(books.wantsIdle()).isFalse();
        Stats stats = books.stats();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.waited()).isEqualTo(2);
        assertThat(stats.timeouts()).isEqualTo(1);
    }

    @Test
    void whoHasBeenGrantedAPlaceCannotGiveUp() {
        Slot<Object> one = allLeased().get(0);
        Waiter<Object> waiter = books.takeOrWait(other, true);
        close(one);
        assertThat(waiter.granted.thread).isSameAs(other);
        assertThat(books.giveUp(waiter, true)).isFalse();
        assertThat(books.stats().timeouts()).isZero();
        assertThat(books.stats().waited()).isEqualTo(1);
    }

    @Test
    void whatReleasesHaveMissedIsGivenToThoseWhoWaitInOrder() {
        assertThat(books.serveWaiters()).isFalse();
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> first = books.takeOrWait(other, true);
        Waiter<Object> second = books.takeOrWait(other, true);
        Waiter<Object> third = books.takeOrWait(other, true);
        assertThat(books.serveWaiters()).isTrue();
        one.leasedToIdle();
        two.leasedToIdle();
        assertThat(books.serveWaiters()).isTrue();
        assertThat(first.granted.id).isEqualTo(one.id);
        assertThat(second.granted.id).isEqualTo(two.id);
        assertThat(third.granted).isNull();
        books.giveUp(third, true);
        assertThat(books.serveWaiters()).isFalse();
    }

    /** As when whoever closed something had no memory to give its place away. A higher limit leaves a place as free. */
    @Test
    void aPlaceThatNobodyGaveAwayIsGivenToWhoWaits() throws Exception {
        allLeased();
        Parked first = new Parked();
        Waiter<Object> second = books.takeOrWait(other, true);
        Field limit = Slots.class.getDeclaredField("limit");
        limit.setAccessible(true);
        limit.set(books, 4);
        assertThat(books.serveWaiters()).isTrue();
        first.isWoken();
        assertThat(first.waiter.granted.state()).isEqualTo(Slot.OPENING);
        assertThat(first.waiter.granted.thread).isSameAs(first.actor.thread());
        assertThat(second.granted).isNull();
        assertThat(books.all()).hasSize(4);
    }

    @Test
    void whatIsIdleAfterTheLastWaiterWasServedStays() {
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> waiter = books.takeOrWait(other, true);
        one.leasedToIdle();
        two.leasedToIdle();
        assertThat(books.serveWaiters()).isFalse();
        assertThat(waiter.granted.id).isEqualTo(one.id);
        assertThat(two.state()).isEqualTo(Slot.IDLE);
        two.idleToLeased();
        two.leasedToIdle();
        books.offer(two); // as by one who has seen that somebody waits
        assertThat(two.state()).isEqualTo(Slot.IDLE);
    }

    @Test
    void whatItsLastUserHasTakenBackMeanwhileIsGivenToNobody() {
        Slot<Object> one = allLeased().get(0);
        Waiter<Object> waiter = books.takeOrWait(other, true);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1)); // due
        one.leasedToIdle();
        assertThat(one.idleToLeased()).isTrue(); // before it is offered
        books.offer(one);
        assertThat(waiter.granted).isNull();
        assertThat(one.state()).isEqualTo(Slot.LEASED);
        assertThat(books.own(me)).contains(one);
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
        Slot<Object> failed = books.take(me);
        Parked parked = new Parked();
        books.abandoned(failed, true);
        parked.isWoken();
        assertThat(parked.waiter.granted).isNotNull();
    }

    @Test
    void whoIsToTakeWhatBecameIdleIsWoken() throws Exception {
        Slot<Object> one = allLeased().get(0);
        Parked parked = new Parked();
        one.leasedToIdle();
        books.offer(one);
        parked.isWoken();
        assertThat(parked.waiter.granted).isNull();
    }

    @Test
    void whoComesAndFindsMoreThanItNeedsHasTheNextWoken() throws Exception {
        List<Slot<Object>> leased = allLeased();
        Slot<Object> one = leased.get(0);
        Slot<Object> two = leased.get(1);
        Waiter<Object> first = books.takeOrWait(other, true);
        Parked next = new Parked();
        one.leasedToIdle();
        books.offer(one);
        two.leasedToIdle();
        books.offer(two);
        books.look(first);
        next.isWoken();
    }

    @Test
    void whoIsServedByTheReaperIsWoken() throws Exception {
        Slot<Object> one = allLeased().get(0);
        Parked parked = new Parked();
        one.leasedToIdle();
        books.serveWaiters();
        parked.isWoken();
    }

    // ---- the reaper's knowledge ----

    @Test
    void theReaperIsToldOnceWhileThereIsSomething() {
        assertThat(books.endWatch()).isTrue();
        Slot<Object> slot = leased(me);
        assertThat(books.isWatched()).isFalse();
        books.startWatch();
        assertThat(books.isWatched()).isTrue();
        assertThat(books.endWatch()).isFalse();
        assertThat(books.isWatched()).isTrue();
        close(slot);
        assertThat(books.endWatch()).isTrue();
        assertThat(books.isWatched()).isFalse();
        leased(me);
        assertThat(books.isWatched()).isFalse();
        assertThat(books.endWatch()).isFalse(); // it was told of something that is gone, and finds this
        assertThat(books.isWatched()).isTrue();
    }

    // ---- the end ----

    @Test
    void afterTheEndNobodyGetsAnythingAndWhoWaitsIsWokenAndCounted() throws Exception {
        Slot<Object> one = leased(me);
        Slot<Object> opening = books.take(me);
        leased(me);
        Parked parked = new Parked();
        Waiter<Object> second = books.takeOrWait(other, true);
        assertThat(books.isWatchful()).isFalse();
        books.close();
        parked.isWoken();
        assertThat(books.isClosed()).isTrue();
        assertThat(books.isWatchful()).isTrue();
        assertThat(books.wantsIdle()).isTrue();
        assertThat(parked.waiter.granted).isNull();
        Stats stats = books.stats();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.waited()).isEqualTo(2);
        assertThat(books.giveUp(second, true)).isTrue();
        assertThat(books.stats().waited()).isEqualTo(2);

        one.leasedToIdle();
        books.offer(one);
        assertThat(books.serveWaiters()).isFalse();
        assertThat(one.state()).isEqualTo(Slot.IDLE);
        assertThat(books.takeOrWait(me, true)).isNull();
        opening.fill(new Object());
        assertThat(books.opened(opening)).isFalse();
        assertThat(opening.reason()).isEqualTo(CloseReason.HOLDER_CLOSED);
        assertThat(books.stats().opened()).isEqualTo(3);
        close(one);
        assertThat(books.take(me)).isNull();
    }

    @Test
    void whoClosesIsToldOfEachThatIsGoneAndDoesNotWaitForItself() throws Exception {
        Slot<Object> theirs = leased(other);
        Slot<Object> mine = leased(me);
        books.close();
        Actor actor = new Actor(ThreadKind.PLATFORM);
        actors.add(actor);
        FutureTask<Object> gone = actor.begin(() -> books.awaitGone(me, TimeUnit.HOURS.toNanos(1)));
        Actor.until(() -> actor.thread().getState() == Thread.State.TIMED_WAITING);
        close(theirs);
        assertThat(gone.get(30, TimeUnit.SECONDS)).isEqualTo(true);
        assertThat(books.awaitGone(me, TimeUnit.HOURS.toNanos(1))).isFalse(); // the leaser itself
        mine.closer = other;
        assertThat(books.awaitGone(other, TimeUnit.HOURS.toNanos(1))).isFalse(); // who is just closing it
    }

    @Test
    void theLongWayIsTakenForEverOnceAskedFor() {
        books.takeCare();
        assertThat(books.isWatchful()).isTrue();
        assertThat(books.isClosed()).isFalse();
    }
}
