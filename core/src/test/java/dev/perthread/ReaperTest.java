package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

    /** With a search in the list for each, this took minutes. */
    @Test
    @Timeout(60)
    void manyClientsThatHaveNothing_areForgottenInOneRound() {
        List<Asked> clients = new ArrayList<>();
        Asked first = new Asked();
        first.rounds.add(() -> {
            for (int i = 0; i < 300_000; i++) {
                Asked client = new Asked();
                clients.add(client);
                Reaper.opened(client.entry);
            }
        });
        Reaper.opened(first.entry);
        Actor.until(() -> first.count == 1 && Reaper.thread() == null);
        assertThat(clients).hasSize(300_000).allMatch(client -> client.count == 1);
    }

    @Test
    void whoHasNothing_isForgotten_othersAreAskedOn() {
        List<Asked> empty = new ArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        Reaper.Client busy = owners -> {
            asked.incrementAndGet();
            return over.get() ? Reaper.NOTHING_OPEN : Reaper.QUICK;
        };
        Reaper.Entry busyEntry = new Reaper.Entry(busy);
        for (int i = 0; i < 100; i++) {
            empty.add(new Asked());
            Reaper.opened(empty.get(i).entry);
            if (i == 50) {
                Reaper.opened(busyEntry);
            }
        }
        Actor.until(() -> asked.get() >= 5);
        assertThat(empty).allMatch(client -> client.count == 1);
        over.set(true);
        untilItHasNothing();
    }
}
