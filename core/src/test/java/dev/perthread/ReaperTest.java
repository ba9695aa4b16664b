package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Whoever tells the reaper that it has something is asked until it says that it has nothing, and once a round. */
class ReaperTest {

    /** What it says, one round after another; then that it has nothing. */
    private static final class Asked implements Reaper.Client {
        private final Reaper.Entry entry = new Reaper.Entry(this);
        private final List<Runnable> rounds = new ArrayList<>();
        volatile int count;

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // by the reaper alone
        public long sweep(Consumer<Thread> owners) {
            int round = count;
            if (round < rounds.size()) {
                rounds.get(round).run();
            }
            count++;
            return Reaper.NOTHING_OPEN;
        }
    }

    private static void untilItHasNothing() {
        Actor.until(() -> Reaper.thread() == null);
    }

    @Test
    void whoHasNothingIsNotAskedAgain() {
        Asked client = new Asked();
        Reaper.opened(client.entry);
        untilItHasNothing();
        assertThat(client.count).isEqualTo(1);
    }

    /** It was told too late for the client to have known of it when it was asked. */
    @Test
    void whoTellsWhileItIsAskedIsAskedAgain() {
        Asked client = new Asked();
        client.rounds.add(() -> Reaper.opened(client.entry));
        Reaper.opened(client.entry);
        untilItHasNothing();
        assertThat(client.count).isEqualTo(2);
    }

    @Test
    void whoTellsTwiceIsAskedOnceARound() {
        Asked client = new Asked();
        Asked first = new Asked();
        first.rounds.add(() -> {
            Reaper.opened(client.entry);
            Reaper.opened(client.entry);
        });
        Reaper.opened(first.entry);
        untilItHasNothing();
        assertThat(client.count).isEqualTo(1);
    }

    @Test
    void whoComesBackIsAskedAgain() {
        Asked client = new Asked();
        Reaper.opened(client.entry);
        Actor.until(() -> client.count == 1);
        Reaper.opened(client.entry);
        Actor.until(() -> client.count == 2);
        untilItHasNothing();
    }
}
