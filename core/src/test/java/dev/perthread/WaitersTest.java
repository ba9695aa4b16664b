package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a release may ask the queue without the lock is always what the queue says with it. */
class WaitersTest {
    private static final long TURN = 4_000_000;

    private final Waiters<Object> queue = new Waiters<>();
    private final Waiter<Object> early = new Waiter<>(new Thread(), 0);
    private final Waiter<Object> late = new Waiter<>(new Thread(), 1);

    @Test
    void theLongestWaiterIsDueAfterItsTurnAndNotBefore() {
        queue.join(early);
        queue.join(late);
        assertThat(queue.isAnyoneDue(TURN - 1)).isFalse();
        assertThat(queue.isAnyoneDue(TURN)).isTrue();
        queue.leave(early);
        assertThat(queue.longest()).isSameAs(late);
        assertThat(queue.isAnyoneDue(TURN)).isFalse();
        assertThat(queue.isAnyoneDue(TURN + 1)).isTrue();
    }

    /** Then a release looks for itself, under the lock. */
    @Test
    void whereNobodyWaitsSomebodyMayJustHaveBeenDue() {
        assertThat(queue.isAnyoneDue(0)).isTrue();
        queue.join(early);
        queue.leave(early);
        assertThat(queue.isAnyoneDue(0)).isTrue();
        queue.join(late);
        assertThat(queue.isAnyoneDue(0)).isFalse();
        assertThat(queue.dismiss()).containsExactly(late);
        assertThat(queue.isAnyoneDue(0)).isTrue();
    }

    @Test
    void oneAtATimeIsToldToLookTheLongestFirst() {
        queue.join(early);
        queue.join(late);
        assertThat(queue.isAnyoneComing()).isFalse();
        assertThat(queue.tellOne()).isSameAs(early);
        assertThat(queue.isAnyoneComing()).isTrue();
        assertThat(queue.isComing(early)).isTrue();
        assertThat(queue.isComing(late)).isFalse();
        assertThat(queue.tellOne()).isNull();
        queue.hasCome();
        assertThat(queue.isAnyoneComing()).isFalse();
        queue.leave(early);
        assertThat(queue.tellOne()).isSameAs(late);
    }

    @Test
    void whoGivesUpLeavesFromAnywhereAndTheOthersKeepTheirOrder() {
        List<Waiter<Object>> all =
                Stream.generate(() -> new Waiter<>(new Thread(), 0)).limit(5).toList();
        all.forEach(queue::join);
        queue.leave(all.get(2));
        queue.leave(all.get(4));
        queue.leave(all.get(0));
        assertThat(queue.longest()).isSameAs(all.get(1));
        assertThat(queue.contains(all.get(2))).isFalse();
        queue.join(late);
        assertThat(queue.size()).isEqualTo(3);
        assertThat(queue.dismiss()).containsExactly(all.get(1), all.get(3), late);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.contains(late)).isFalse();
        queue.join(early);
        assertThat(queue.longest()).isSameAs(early);
    }

    @Test
    void whoIsDismissedWaitsNoMore() {
        queue.join(early);
        queue.join(late);
        assertThat(queue.size()).isEqualTo(2);
        assertThat(queue.dismiss()).containsExactly(early, late);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.size()).isZero();
        assertThat(queue.contains(early)).isFalse();
    }
}
