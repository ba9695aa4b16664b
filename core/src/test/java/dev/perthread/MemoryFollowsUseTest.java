package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Application;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 7: memory follows live use; a holder dropped without close pins no thread and no class loader. */
class MemoryFollowsUseTest {
    static void untilCollected(WeakReference<?> reference) {
        long begin = System.nanoTime();
        long pause = 10_000_000;
        while (!reference.refersTo(null)) {
            assertThat(System.nanoTime() - begin)
                    .as(() -> reference.get() + " is not collected after half a minute, threads: "
                            + Thread.getAllStackTraces().keySet())
                    .isLessThan(30_000_000_000L);
            System.gc();
            LockSupport.parkNanos(pause);
            // What is waited for is often a round of the reaper, which more collecting does not hasten.
            pause = Math.min(2 * pause, 80_000_000);
        }
    }

    /** A live thread keeps something idle in a holder that everybody then forgets. */
    private static List<WeakReference<?>> deployAndForget(Actor user, boolean library) throws Exception {
        return deployAndForget(user, new Application(library), library);
    }

    private static List<WeakReference<?>> deployAndForget(Actor user, Application application, boolean library)
            throws Exception {
        Callable<?> caller = application.make(Callable.class, "outside.Caller");
        assertThat(caller.getClass().getClassLoader()).isSameAs(application);
        Object pool = user.call(() -> {
            Thread.currentThread().setContextClassLoader(application);
            try {
                return caller.call();
            } finally {
                Thread.currentThread().setContextClassLoader(null);
            }
        });
        assertThat(pool.getClass().getClassLoader() == application).isEqualTo(library);
        assertThat(pool).hasToString("PerThread[perthread-" + number(pool) + ", leased 0, idle 1, waiting 0]");
        WeakReference<?> loader = new WeakReference<>(application);
        WeakReference<?> dropped = new WeakReference<>(pool);
        application.close();
        return List.of(loader, dropped);
    }

    private static String number(Object pool) {
        String text = pool.toString();
        return text.substring(text.indexOf('-') + 1, text.indexOf(','));
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aDroppedHolderIsCollectedWithItsClassLoader(ThreadKind kind) throws Exception {
        try (Actor user = new Actor(kind)) {
            deployAndForget(user, false).forEach(MemoryFollowsUseTest::untilCollected);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void alsoWhileAnotherHolderKeepsTheReaperAlive(ThreadKind kind) throws Exception {
        try (Actor user = new Actor(kind);
                PerThread<Probe, RuntimeException> other = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .build()) {
            other.run(Probe::use);
            deployAndForget(user, false).forEach(MemoryFollowsUseTest::untilCollected);
            assertThat(other.stats().idle()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void alsoWhenTheApplicationItselfStartedTheReaperThatOthersThenUse(ThreadKind kind) throws Exception {
        Actor.until(() -> Reaper.thread() == null);
        try (Actor user = new Actor(kind)) {
            List<WeakReference<?>> dropped = deployAndForget(user, false);
            try (PerThread<Probe, RuntimeException> other = PerThread.<Probe, RuntimeException>builder(Probe::new)
                    .whenIdle(IdlePolicy.KEEP)
                    .reusing()
                    .build()) {
                other.run(Probe::use);
                dropped.forEach(MemoryFollowsUseTest::untilCollected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void alsoWhenTheLibraryIsPartOfTheApplication(ThreadKind kind) throws Exception {
        try (Actor user = new Actor(kind)) {
            deployAndForget(user, true).forEach(MemoryFollowsUseTest::untilCollected);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void alsoWhileFlightRecorderRecordsIt(ThreadKind kind) throws Exception {
        try (Actor user = new Actor(kind);
                Recorded recorded = Recorded.everything()) {
            deployAndForget(user, true).forEach(MemoryFollowsUseTest::untilCollected);
            assertThat(recorded.stop()).extracting(Recorded.Entry::name).contains("Open", "Lease");
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void alsoWhenItIsUndeployedBeforeTheReapersFirstRound(ThreadKind kind) throws Exception {
        for (String late : List.of("perthread-reaper", "perthread-jfr")) {
            for (boolean recording : new boolean[] {false, true}) {
                try (Actor user = new Actor(kind);
                        Recorded recorded = recording ? Recorded.everything() : null) {
                    deployAndForget(user, new Application(true, late), true)
                            .forEach(MemoryFollowsUseTest::untilCollected);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void applicationThatIsStoppedWithoutClose_mustBeAskedForNoClass_whenItsThreadsEnd(ThreadKind kind)
            throws Exception {
        try (Application application = new Application(true)) {
            Callable<?> caller = application.make(Callable.class, "outside.Caller");
            Object pool;
            try (Actor user = new Actor(kind)) {
                pool = user.call(caller);
                application.stop();
                assertThat(pool).asString().contains("idle 1"); // which nobody has asked before
            }
            Actor.until(() -> pool.toString().contains("idle 0"));
            assertThat(application.refused()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aDroppedHolderPinsNoThread(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> other = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build();
        other.run(Probe::use);
        untilCollected(deadThreadOfADroppedHolder(kind));
        other.close();
    }

    private static WeakReference<Thread> deadThreadOfADroppedHolder(ThreadKind kind) throws Exception {
        PerThread<Object, RuntimeException> pool = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build();
        try (Actor actor = new Actor(kind)) {
            actor.call(() -> pool.call(resource -> resource));
            return new WeakReference<>(actor.thread());
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void aLivingHolderPinsNoDeadThread(Matrix matrix) throws Exception {
        try (PerThread<Object, RuntimeException> pool = matrix.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .build()) {
            WeakReference<Thread> dead = new WeakReference<>(matrix.kind().call(() -> {
                pool.run(resource -> {});
                return Thread.currentThread();
            }));
            untilCollected(dead);
        }
    }

    /** Has an owner, and then none any more; its rounds are rare then. */
    private static final class Rounds implements Reaper.Client {
        volatile @Nullable Thread owner;
        volatile int count;
        volatile boolean over;

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // by the reaper alone
        public long sweep(Consumer<Thread> owners) {
            Thread seen = owner;
            if (seen != null) {
                owners.accept(seen);
            }
            count++;
            return over ? Reaper.NOTHING_OPEN : Reaper.NO_HURRY;
        }
    }

    /** Though it remembers the living for some rounds, because scopes come again. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theReaperForgetsTheDeadAtOnce(ThreadKind kind) throws Exception {
        Rounds rounds = new Rounds();
        WeakReference<Thread> dead = watchedAndDead(kind, rounds);
        int then = rounds.count;
        untilCollected(dead);
        assertThat(rounds.count - then).isLessThan(10);
        rounds.over = true;
        Reaper.opened(null);
        Actor.until(() -> Reaper.thread() == null);
    }

    private static WeakReference<Thread> watchedAndDead(ThreadKind kind, Rounds rounds) throws Exception {
        try (Actor actor = new Actor(kind)) {
            rounds.owner = actor.thread();
            Reaper.opened(new Reaper.Entry(rounds));
            Actor.until(() -> rounds.count >= 3); // seen in two rounds, it gets its watcher where there are any
            rounds.owner = null;
            int then = rounds.count;
            Reaper.opened(null);
            Actor.until(() -> rounds.count > then); // what had begun before is over
            return new WeakReference<>(actor.thread());
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void manyThreadsThatCameAndWentLeaveNothing(ThreadKind kind) throws Exception {
        int threads = kind == ThreadKind.VIRTUAL ? 100_000 : 2_000;
        for (IdlePolicy whenIdle : IdlePolicy.values()) {
            PerThread<Object, RuntimeException> pool = PerThread.<Object, RuntimeException>builder(
                            Object::new, Closer.none())
                    .whenIdle(whenIdle)
                    .reusing()
                    .build();
            int batch = 2_000;
            for (int done = 0; done < threads; done += batch) {
                kind.inParallel(batch, i -> pool.run(resource -> {}));
            }
            if (whenIdle != IdlePolicy.LEND) {
                Actor.until(() -> pool.stats().open() == 0);
            }
            pool.close();
            assertThat(pool.snapshot()).isEmpty();
            assertThat(pool.stats().acquired()).isEqualTo(threads);
        }
    }

    private static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** Lists and hash tables never shrink by themselves: 200,000 at once would leave 800 kB and more in each. */
    @Test
    void theBooksOfManyAreSmallAgainWhenTheyAreGone() {
        PoolConfig<Object, RuntimeException> config = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .limit(200_000)
                .config();
        SlotRegistry<Object> slots = new SlotRegistry<>(new Pool<>(config), config, null, null, false);
        Slot<Object> first = (Slot<Object>) slots.admit(new Thread(), true);
        long before = used();
        List<Slot<Object>> all = new ArrayList<>();
        for (int i = 1; i < 200_000; i++) {
            all.add((Slot<Object>) slots.admit(new Thread(), true));
        }
        List<Waiter<Object>> waiters = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            waiters.add((Waiter<Object>) slots.admit(new Thread(), true));
        }
        waiters.forEach(waiter -> slots.queue.giveUp(waiter, true));
        all.forEach(slot -> slots.removeUnopened(slot, null, 0));
        waiters.clear();
        all.clear();
        all = null;
        waiters = null;
        long begin = System.nanoTime();
        while (used() - before > 500_000) {
            assertThat(System.nanoTime() - begin)
                    .as("%,d bytes are left after half a minute", used() - before)
                    .isLessThan(30_000_000_000L);
            LockSupport.parkNanos(10_000_000);
        }
        slots.removeUnopened(first, null, 0);
        assertThat(slots.all()).isEmpty();
    }
}
