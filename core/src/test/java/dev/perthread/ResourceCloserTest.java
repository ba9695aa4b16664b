package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What closes closes all that is due and nothing else, for the right reason, and reports each failure once. */
class ResourceCloserTest {
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final AtomicLong now = new AtomicLong(-17); // any zero will do, as of System.nanoTime
    private final Map<Object, Runnable> whileClosing = new HashMap<>();
    private final List<Object> closed = new CopyOnWriteArrayList<>(); // also by threads of the library
    private final Thread dead = new Thread();
    private Actor living;

    private final PerThread.Builder<Object, RuntimeException> options = PerThread.<Object, RuntimeException>builder(
                    Object::new, resource -> {
                        closed.add(resource);
                        whileClosing.getOrDefault(resource, () -> {}).run();
                    })
            .clock(now::get);
    private SlotRegistry<Object> registry;
    private ResourceCloser<Object> closer;
    private Upkeep<Object> upkeep;
    private Handoff<Object> handoff;
    private BulkCloser<Object> bulkCloser;
    private LiveSettings settings;

    @BeforeEach
    void live() {
        living = new Actor(ThreadKind.PLATFORM);
    }

    @AfterEach
    void end() {
        living.end();
    }

    private void with(IdlePolicy whenIdle) {
        PoolConfig<Object, RuntimeException> config =
                options.whenIdle(whenIdle).limit(9).config();
        Pool<Object, RuntimeException> pool = new Pool<>(config);
        Observer<Object> observer = new Observer<>(config);
        settings = pool.settings();
        registry = new SlotRegistry<>(pool, config, null, null, false);
        closer = new ResourceCloser<>(config, registry, observer);
        ReaperRegistration registration = new ReaperRegistration(pool, registry);
        ResourceOpener<Object, RuntimeException> opener =
                new ResourceOpener<>(config, settings, registry, observer, closer, registration);
        handoff = new Handoff<>(config, registry);
        upkeep = new Upkeep<>(
                config,
                settings,
                registry,
                observer,
                closer,
                opener,
                handoff,
                new SlowRelease<>(config, settings, registry, handoff, observer, closer));
        bulkCloser = new BulkCloser<>(config, registry, closer, upkeep);
    }

    private Slot<Object> leased(Thread owner) {
        Slot<Object> slot = (Slot<Object>) registry.admit(owner, false);
        slot.setResource("resource " + slot.id);
        slot.openedAt = now.get();
        assertThat(registry.opened(slot, 0)).isTrue();
        slot.stampLease(now.get());
        return slot;
    }

    private Slot<Object> idle(Thread owner) {
        Slot<Object> slot = leased(owner);
        slot.leases = 0;
        slot.idleSince = now.get();
        slot.leasedToIdle();
        return slot;
    }

    /** What comes due is closed in threads of the library. */
    private void awaitGone(Slot<Object> slot) {
        Actor.until(() -> !registry.isPresent(slot));
    }

    private void failWhileClosing(Slot<Object> slot) {
        whileClosing.put(slot.resource(), () -> {
            throw new IllegalArgumentException("closing " + slot.resource());
        });
    }

    // ---- the list of idle ones ----

    /** Its thread had no stack left between its compare-and-set and the list. */
    @Test
    void leasedOneThatIsListed_mustNotCountAsIdle_afterARound() {
        options.maxIdle(1);
        with(IdlePolicy.LEND);
        Slot<Object> slot = idle(living.thread());
        handoff.listIdle(slot);
        assertThat(slot.idleToLeased()).isTrue();
        assertThat(registry.index.listed()).isEqualTo(1);
        upkeep.sweep(now.get(), owner -> {});
        assertThat(registry.index.listed()).isZero();
        slot.leasedToIdle();
    }

    // ---- time ----

    @Test
    void withAnIdleTimeoutAloneWhatHasBeenIdleForAsLongIsClosed() {
        options.idleTimeout(Duration.ofHours(1));
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        Slot<Object> busy = leased(living.thread());
        now.addAndGet(HOUR - 1);
        upkeep.sweepForPermits();
        assertThat(slot.isClaimed()).isFalse();
        now.addAndGet(1);
        upkeep.sweepForPermits();
        awaitGone(slot);
        assertThat(slot.reason()).isEqualTo(CloseReason.IDLE_TIMEOUT);
        assertThat(registry.all()).containsExactly(busy);
        assertThat(upkeep.next()).isEqualTo(HOUR / 4);
    }

    @Test
    void withAMaximumAgeAloneWhatIsAsOldIsClosed() {
        options.maxAge(Duration.ofHours(1));
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        Slot<Object> busy = leased(living.thread());
        now.addAndGet(HOUR / 10 * 9 - 1);
        upkeep.sweepForPermits();
        assertThat(slot.isClaimed()).isFalse();
        now.addAndGet(HOUR / 10 + 1);
        upkeep.sweepForPermits();
        awaitGone(slot);
        assertThat(slot.reason()).isEqualTo(CloseReason.MAX_AGE);
        assertThat(registry.all()).containsExactly(busy);
        assertThat(upkeep.next()).isEqualTo(HOUR / 10);
    }

    @Test
    void theReaperComesSoonEnoughForBoth() {
        options.maxAge(Duration.ofHours(1)).idleTimeout(Duration.ofHours(10));
        with(IdlePolicy.KEEP);
        assertThat(upkeep.next()).isEqualTo(HOUR / 10);
        options.maxAge(Duration.ofHours(100));
        with(IdlePolicy.KEEP);
        assertThat(upkeep.next()).isEqualTo(HOUR * 10 / 4);
    }

    @Test
    void withoutEitherNothingExpires() {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        now.addAndGet(1_000 * HOUR);
        upkeep.sweepForPermits();
        assertThat(slot.state()).isEqualTo(Slot.IDLE);
        assertThat(settings.expired(slot, now.get())).isNull();
        assertThat(upkeep.next()).isEqualTo(Reaper.NO_HURRY);
    }

    // ---- dead threads ----

    @Test
    void whatDeadThreadsKeptIsClosedAndCounted() {
        with(IdlePolicy.KEEP);
        Slot<Object> one = idle(dead);
        Slot<Object> kept = idle(living.thread());
        Slot<Object> two = idle(dead);
        assertThat(upkeep.reap()).isEqualTo(2);
        assertThat(one.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(two.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(registry.all()).containsExactly(kept);
        assertThat(upkeep.reap()).isZero();
    }

    /** One that a stack overflow left LEASED with no lease: no user's scope was left open. */
    @Test
    void whatADeadThreadLost_mustBeReclaimed_andNotCountAsLeaked() {
        LogLines.expect("ended without closing its lease"); // once
        with(IdlePolicy.KEEP);
        leased(dead);
        leased(dead).leases = 0;
        assertThat(upkeep.reap()).isEqualTo(2);
        assertThat(registry.stats().reclaimed()).isEqualTo(2);
        assertThat(registry.stats().leaked()).isEqualTo(1);
    }

    @Test
    void whatDeadThreadsLeftToBeLentStaysAndIsNotCounted() {
        with(IdlePolicy.LEND);
        idle(dead);
        assertThat(upkeep.reap()).isZero();
        assertThat(registry.all()).singleElement().satisfies(slot -> {
            assertThat(slot.state()).isEqualTo(Slot.IDLE);
            assertThat(slot.thread).isNull();
        });
        assertThat(closed).isEmpty();
    }

    @Test
    void theReaperIsToldOfEachLivingThreadWhoseEndWouldLeaveSomething() {
        List<Thread> owners = new ArrayList<>();
        with(IdlePolicy.KEEP);
        idle(living.thread());
        Slot<Object> left = idle(dead);
        upkeep.sweep(now.get(), owners::add);
        assertThat(owners).containsExactly(living.thread());
        awaitGone(left);
        owners.clear();
        with(IdlePolicy.LEND);
        Slot<Object> lent = idle(living.thread());
        upkeep.sweep(now.get(), owners::add);
        assertThat(owners).isEmpty(); // what is idle stays, for anybody
        lent.idleToLeased();
        upkeep.sweep(now.get(), owners::add);
        assertThat(owners).containsExactly(living.thread());
    }

    @ParameterizedTest
    @EnumSource(CloseReason.class)
    void whatIsAboutToMakeRoomByItselfIsWaitedFor(CloseReason reason) {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        assertThat(upkeep.isReclaiming()).isFalse();
        slot.claim(reason);
        assertThat(upkeep.isReclaiming())
                .isEqualTo(reason == CloseReason.THREAD_ENDED
                        || reason == CloseReason.IDLE_TIMEOUT
                        || reason == CloseReason.MAX_AGE
                        || reason == CloseReason.MADE_ROOM);
    }

    // ---- the report ----

    @Test
    void eachCloserThatFailsAtTheEndIsReportedWhateverItWasCalledFor() {
        with(IdlePolicy.KEEP);
        Slot<Object> kept = idle(living.thread());
        Slot<Object> left = leased(dead);
        LogLines.expect("ended without closing its lease");
        Slot<Object> busy = leased(living.thread());
        List.of(kept, left, busy).forEach(this::failWhileClosing);
        CloseReport report = bulkCloser.close(0);
        assertThat(report.closed()).isEqualTo(3);
        assertThat(report.forced()).isEqualTo(1);
        assertThat(report.failures())
                .extracting(Throwable::getMessage)
                .containsExactlyInAnyOrder("closing resource 1", "closing resource 2", "closing resource 3");
        assertThat(kept.reason()).isEqualTo(CloseReason.HOLDER_CLOSED);
        assertThat(left.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(busy.reason()).isEqualTo(CloseReason.FORCED);
        assertThat(closed).hasSize(3).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasToBeReplacedWhenThePoolClosesIsCountedAsItEnded(boolean fails) {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = leased(living.thread());
        closePoolWhileClosing(slot, fails);
        assertThat(closer.replaceOwned(slot, CloseReason.IDLE_TIMEOUT, living.thread()))
                .isNull();
        assertGone(fails);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasToBeReplacedAsideWhenThePoolClosesIsCountedAsItEndedAndNobodyIsGrantedAnything(boolean fails) {
        with(IdlePolicy.LEND);
        Slot<Object> slot = leased(living.thread());
        closePoolWhileClosing(slot, fails);
        Waiter<Object> waiter = new Waiter<>(living.thread(), now.get());
        closer.replaceInBackground(slot, CloseReason.IDLE_TIMEOUT, waiter);
        awaitGone(slot);
        assertGone(fails);
        assertThat(waiter.granted).isNull();
    }

    private void closePoolWhileClosing(Slot<Object> slot, boolean fails) {
        whileClosing.put(slot.resource(), () -> {
            registry.close();
            if (fails) {
                throw new IllegalArgumentException("closing");
            }
        });
    }

    private void assertGone(boolean failed) {
        assertThat(registry.all()).isEmpty();
        assertThat(registry.stats().closed()).isEqualTo(1);
        assertThat(registry.stats().closeFailures()).isEqualTo(failed ? 1 : 0);
    }

    @Test
    void whoComesSecondClosesNothingAndIsToldOfNoFailure() {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = leased(living.thread());
        failWhileClosing(slot);
        assertThat(closer.closeOwned(slot, CloseReason.SCOPE_END)).hasMessage("closing resource 1");
        assertThat(closer.closeOwned(slot, CloseReason.INVALIDATED)).isNull();
        assertThat(closer.replaceOwned(slot, CloseReason.MAX_AGE, living.thread()))
                .isNull();
        assertThat(slot.reason()).isEqualTo(CloseReason.SCOPE_END);
        assertThat(closed).hasSize(1);
    }

    /** As an acquire does that fails while it waits for that closer. */
    @Test
    void closingLeftToAnotherThread_isNotFinishedByTheOwner_thoughItClosesToo() {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = leased(living.thread());
        slot.leases = 0;
        assertThat(slot.claim(CloseReason.CHECK_FAILED)).isTrue(); // for that thread's closer, which has not run yet
        assertThat(closer.closeOwned(slot, CloseReason.INVALIDATED)).isNull();
        assertThat(closer.closeIfLost(slot)).isTrue();
        assertThat(closed).isEmpty();
    }

    /** As a stack overflow may strike after the claim, and the handler then closes once more. */
    @Test
    void closingInterruptedAfterTheClaim_isFinishedByTheOwner_thoughItWasCalledAgain() {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = leased(living.thread());
        slot.leases = 0;
        slot.ownersClaim = true;
        assertThat(slot.claim(CloseReason.SCOPE_END)).isTrue(); // and no further
        assertThat(closer.closeOwned(slot, CloseReason.INVALIDATED)).isNull();
        assertThat(closed).isEmpty();
        assertThat(closer.closeIfLost(slot)).isTrue();
        assertThat(closed).hasSize(1);
        assertThat(registry.isPresent(slot)).isFalse();
    }

    /** As a stack overflow may strike before the claim, and another thread then takes the lost lease away. */
    @ParameterizedTest
    @EnumSource(names = {"FORCED", "REVOKED", "THREAD_ENDED"})
    void closingInterruptedBeforeTheClaim_isNotFinishedByTheOwner_onceAnotherThreadCloses(CloseReason reason) {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = leased(living.thread());
        slot.leases = 0;
        slot.ownersClaim = true; // and no further
        assertThat(slot.claim(reason)).isTrue();
        assertThat(closer.closeOwned(slot, CloseReason.INVALIDATED)).isNull();
        assertThat(closer.closeIfLost(slot)).isTrue();
        assertThat(closed).isEmpty(); // that thread's closer has not run yet
    }

    @Test
    void evictingClosesWhatIsIdleAndWaitsForIt() {
        with(IdlePolicy.KEEP);
        Slot<Object> one = idle(living.thread());
        Slot<Object> busy = leased(living.thread());
        Slot<Object> two = idle(dead);
        assertThat(bulkCloser.evictIdle()).isEqualTo(2);
        assertThat(List.of(one.reason(), two.reason())).containsOnly(CloseReason.EVICTED);
        assertThat(closed).hasSize(2);
        assertThat(registry.all()).containsExactly(busy);
        assertThat(bulkCloser.evictIdle()).isZero();
    }

    /** As memory may run out between the claim and the task that closes. */
    @Test
    void batchThatFailsHalfWay_mustLeaveWhatIsClaimedToTheReaper() {
        with(IdlePolicy.KEEP);
        Slot<Object> first = idle(living.thread());
        Slot<Object> second = idle(living.thread());
        Slot<Object> third = idle(living.thread());
        List<Slot<Object>> all = List.of(first, second, third);
        all.forEach(slot -> assertThat(slot.claimIdle(CloseReason.EVICTED)).isTrue());
        AtomicBoolean fails = new AtomicBoolean(true);
        List<Slot<Object>> claimed = new AbstractList<>() {
            @Override
            public Slot<Object> get(int index) {
                if (index == 1 && fails.getAndSet(false)) {
                    throw new OutOfMemoryError("planted");
                }
                return all.get(index);
            }

            @Override
            public int size() {
                return all.size();
            }
        };
        CloserBatch<Object> batch = new CloserBatch<>(new PoolIdentity());
        assertThatThrownBy(() -> batch.addAll(closer, claimed, CloseReason.EVICTED))
                .hasMessage("planted");
        upkeep.sweep(now.get(), owner -> {});
        upkeep.sweep(now.get(), owner -> {}); // once is enough
        all.forEach(this::awaitGone);
        assertThat(closed).hasSize(3).doesNotHaveDuplicates();
        assertThat(registry.stats().closedByReason()).containsOnly(Map.entry(CloseReason.EVICTED, 3L));
    }

    @Test
    void whatIsStillBeingOpenedIsLeftToWhoOpensIt() {
        with(IdlePolicy.KEEP);
        Slot<Object> opening = (Slot<Object>) registry.admit(living.thread(), false);
        CloseReport report = bulkCloser.close(0);
        assertThat(report.closed() + report.forced()).isZero();
        assertThat(opening.isClaimed()).isFalse();
        assertThat(registry.all()).containsExactly(opening);
    }
}
