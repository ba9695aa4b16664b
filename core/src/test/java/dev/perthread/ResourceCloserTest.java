package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
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

    private PerThread.Builder<Object, RuntimeException> options = PerThread.<Object, RuntimeException>builder(
                    Object::new)
            .clock(now::get)
            .closer(resource -> {
                closed.add(resource);
                whileClosing.getOrDefault(resource, () -> {}).run();
            });
    private SlotRegistry<Object> registry;
    private ResourceCloser<Object> closing;

    @BeforeEach
    void live() {
        living = new Actor(ThreadKind.PLATFORM);
    }

    @AfterEach
    void end() {
        living.end();
    }

    private void with(IdlePolicy whenIdle) {
        options = options.whenIdle(whenIdle);
        Pool<Object, RuntimeException> pool = new Pool<>(options);
        registry = new SlotRegistry<>(pool, 9, whenIdle == IdlePolicy.LEND);
        closing = new ResourceCloser<>(options, registry, new Observer<>(pool, null));
    }

    private Slot<Object> leased(Thread owner) {
        Slot<Object> slot = registry.take(owner);
        slot.setResource("resource " + slot.id);
        slot.openedAt = now.get();
        registry.opened(slot);
        return slot;
    }

    private Slot<Object> idle(Thread owner) {
        Slot<Object> slot = leased(owner);
        slot.idleSince = now.get();
        slot.leasedToIdle();
        return slot;
    }

    private void failWhileClosing(Slot<Object> slot) {
        whileClosing.put(slot.resource(), () -> {
            throw new IllegalArgumentException("closing " + slot.resource());
        });
    }

    // ---- time ----

    @Test
    void withAnIdleTimeoutAloneWhatHasBeenIdleForAsLongIsClosed() {
        options = options.idleTimeout(Duration.ofHours(1));
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        Slot<Object> busy = leased(living.thread());
        now.addAndGet(HOUR - 1);
        closing.sweepOnce();
        assertThat(closed).isEmpty();
        now.addAndGet(1);
        closing.sweepOnce();
        assertThat(slot.reason()).isEqualTo(CloseReason.IDLE_TIMEOUT);
        assertThat(registry.all()).containsExactly(busy);
        assertThat(closing.nextExpiry()).isEqualTo(HOUR / 4);
    }

    @Test
    void withAMaximumAgeAloneWhatIsAsOldIsClosed() {
        options = options.maxAge(Duration.ofHours(1));
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        Slot<Object> busy = leased(living.thread());
        now.addAndGet(HOUR / 10 * 9 - 1);
        closing.sweepOnce();
        assertThat(closed).isEmpty();
        now.addAndGet(HOUR / 10 + 1);
        closing.sweepOnce();
        assertThat(slot.reason()).isEqualTo(CloseReason.MAX_AGE);
        assertThat(registry.all()).containsExactly(busy);
        assertThat(closing.nextExpiry()).isEqualTo(HOUR / 10);
    }

    @Test
    void theReaperComesSoonEnoughForBoth() {
        options = options.maxAge(Duration.ofHours(1)).idleTimeout(Duration.ofHours(10));
        with(IdlePolicy.KEEP);
        assertThat(closing.nextExpiry()).isEqualTo(HOUR / 10);
        options = options.maxAge(Duration.ofHours(100));
        with(IdlePolicy.KEEP);
        assertThat(closing.nextExpiry()).isEqualTo(HOUR * 10 / 4);
    }

    @Test
    void withoutEitherNothingExpires() {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        now.addAndGet(1_000 * HOUR);
        closing.sweepOnce();
        assertThat(slot.state()).isEqualTo(Slot.IDLE);
        assertThat(closing.expired(slot, now.get())).isNull();
        assertThat(closing.nextExpiry()).isEqualTo(Reaper.NO_HURRY);
    }

    // ---- dead threads ----

    @Test
    void whatDeadThreadsKeptIsClosedAndCounted() {
        with(IdlePolicy.KEEP);
        Slot<Object> one = idle(dead);
        Slot<Object> kept = idle(living.thread());
        Slot<Object> two = idle(dead);
        assertThat(closing.reap()).isEqualTo(2);
        assertThat(one.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(two.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(registry.all()).containsExactly(kept);
        assertThat(closing.reap()).isZero();
    }

    @Test
    void whatDeadThreadsLeftToBeLentStaysAndIsNotCounted() {
        with(IdlePolicy.LEND);
        idle(dead);
        assertThat(closing.reap()).isZero();
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
        idle(dead);
        closing.sweep(now.get(), owners::add);
        assertThat(owners).containsExactly(living.thread());
        owners.clear();
        with(IdlePolicy.LEND);
        Slot<Object> lent = idle(living.thread());
        closing.sweep(now.get(), owners::add);
        assertThat(owners).isEmpty(); // what is idle stays, for anybody
        lent.idleToLeased();
        closing.sweep(now.get(), owners::add);
        assertThat(owners).containsExactly(living.thread());
        Actor.until(() -> closed.size() == 1);
    }

    @ParameterizedTest
    @EnumSource(CloseReason.class)
    void whatIsAboutToMakeRoomByItselfIsWaitedFor(CloseReason reason) {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        assertThat(closing.isReclaiming()).isFalse();
        slot.claim(reason);
        assertThat(closing.isReclaiming())
                .isEqualTo(reason == CloseReason.THREAD_ENDED
                        || reason == CloseReason.IDLE_TIMEOUT
                        || reason == CloseReason.MAX_AGE);
    }

    // ---- the report ----

    @Test
    void eachCloserThatFailsAtTheEndIsReportedWhateverItWasCalledFor() {
        with(IdlePolicy.KEEP);
        Slot<Object> kept = idle(living.thread());
        Slot<Object> left = leased(dead);
        LogLines.expect("ended without closing its lease");
        Slot<Object> late = leased(living.thread());
        Slot<Object> busy =
                leased(living.thread()); // the last takes the place of the first that goes: this one comes first
        List.of(kept, left, late).forEach(this::failWhileClosing);
        whileClosing.put(busy.resource(), () -> {
            late.leasedToIdle(); // while the closing thread is past looking for what is idle
            throw new IllegalArgumentException("closing " + busy.resource());
        });
        assertThat(registry.all()).endsWith(late, busy);
        CloseReport report = closing.close(0);
        assertThat(report.closed()).isEqualTo(4);
        assertThat(report.forced()).isEqualTo(1);
        assertThat(report.failures())
                .extracting(Throwable::getMessage)
                .containsExactly( // in the order in which it happened
                        "closing resource 1", "closing resource 2", "closing resource 4", "closing resource 3");
        assertThat(left.reason()).isEqualTo(CloseReason.THREAD_ENDED);
        assertThat(busy.reason()).isEqualTo(CloseReason.FORCED);
        assertThat(late.reason()).isEqualTo(CloseReason.HOLDER_CLOSED);
        assertThat(closed).hasSize(4).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasToBeReplacedWhenTheHolderClosesIsCountedAsItEnded(boolean fails) {
        with(IdlePolicy.KEEP);
        Slot<Object> slot = idle(living.thread());
        whileClosing.put(slot.resource(), () -> {
            registry.close();
            if (fails) {
                throw new IllegalArgumentException("closing");
            }
        });
        assertThat(slot.idleToClosing() && slot.claim(CloseReason.IDLE_TIMEOUT)).isTrue();
        assertThat(closing.replace(slot, CloseReason.IDLE_TIMEOUT, living.thread()))
                .isNull();
        assertThat(registry.all()).isEmpty();
        assertThat(registry.stats().closed()).isEqualTo(1);
        assertThat(registry.stats().closeFailures()).isEqualTo(fails ? 1 : 0);
    }

    @Test
    void whatIsStillBeingOpenedIsLeftToWhoOpensIt() {
        with(IdlePolicy.KEEP);
        Slot<Object> opening = registry.take(living.thread());
        CloseReport report = closing.close(0);
        assertThat(report.closed() + report.forced()).isZero();
        assertThat(opening.isClaimed()).isFalse();
        assertThat(registry.all()).containsExactly(opening);
    }
}
