package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a release may ask the queue without the lock is always what the queue says with it. */
class WaitersTest {
    private static final long BARGING_WINDOW = 4_000_000;

    private final Waiters<Object> queue = new Waiters<>();
    private final Waiter<Object> early = new Waiter<>(new Thread(), 0);
    private final Waiter<Object> late = new Waiter<>(new Thread(), 1);

    @Test
    void theLongestWaiterIsDueAfterItsTurnAndNotBefore() {
        queue.join(early);
        queue.join(late);
        assertThat(queue.mustHandOffNext(BARGING_WINDOW - 1)).isFalse();
        assertThat(queue.mustHandOffNext(BARGING_WINDOW)).isTrue();
        queue.leave(early);
        assertThat(queue.longest()).isSameAs(late);
        assertThat(queue.mustHandOffNext(BARGING_WINDOW)).isFalse();
        assertThat(queue.mustHandOffNext(BARGING_WINDOW + 1)).isTrue();
    }

    /** Then a release looks for itself, under the lock. */
    @Test
    void whereNobodyWaitsSomebodyMayJustHaveBeenDue() {
        assertThat(queue.mustHandOffNext(0)).isTrue();
        queue.join(early);
        queue.leave(early);
        assertThat(queue.mustHandOffNext(0)).isTrue();
        queue.join(late);
        assertThat(queue.mustHandOffNext(0)).isFalse();
        assertThat(queue.dismiss(List.of())).containsExactly(late);
        assertThat(queue.mustHandOffNext(0)).isTrue();
    }

    @Test
    void oneAtATimeIsToldToLookTheLongestFirst() {
        queue.join(early);
        queue.join(late);
        assertThat(queue.hasSignalled()).isFalse();
        assertThat(queue.signalNext()).isSameAs(early);
        assertThat(queue.hasSignalled()).isTrue();
        assertThat(queue.isSignalled(early)).isTrue();
        assertThat(queue.isSignalled(late)).isFalse();
        assertThat(queue.signalNext()).isNull();
        queue.clearSignal();
        assertThat(queue.hasSignalled()).isFalse();
        queue.leave(early);
        assertThat(queue.signalNext()).isSameAs(late);
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
        assertThat(queue.dismiss(List.of())).containsExactly(all.get(1), all.get(3), late);
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
        assertThat(queue.dismiss(List.of())).containsExactly(early, late);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.size()).isZero();
        assertThat(queue.contains(early)).isFalse();
    }
}
