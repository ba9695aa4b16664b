package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import memory.Memory;
import memory.Scene;
import org.jspecify.annotations.Nullable;

/**
 * The scenes of MemoryRunsOutTest, loaded by memory.Weaver together with the code under test. A step in which memory runs
 * out may fail, with that error and no other. Afterwards there is memory again, and nothing may be missing.
 */
public final class MemoryModel {

    /** All of them. */
    public static Stream<Scene> scenes() {
        List<Scene> scenes = new ArrayList<>();
        for (IdlePolicy idle : IdlePolicy.values()) {
            UnaryOperator<PerThread.Builder<Probe, RuntimeException>> policy =
                    builder -> builder.whenIdle(idle).reusing();
            scenes.add(new HolderScene(idle + ", one scope after another", true, policy, MemoryModel::oneAfterAnother));
            scenes.add(new HolderScene(idle + ", handing over at the limit", false, policy, MemoryModel::handOver));
            scenes.add(new HolderScene(
                    idle + ", a thread ends between scopes", false, policy, MemoryModel::endBetweenScopes));
            scenes.add(new HolderScene(idle + ", a thread ends in its scope", false, policy, MemoryModel::endInScope));
            scenes.add(new HolderScene(
                    idle + ", close",
                    false,
                    builder -> policy.apply(builder).limit(2).acquireTimeout(Duration.ofMinutes(2)),
                    MemoryModel::close));
        }
        scenes.add(new HolderScene(
                "SHARE",
                true,
                builder -> builder.whenIdle(IdlePolicy.KEEP).reusing().reentry(ReentryPolicy.SHARE),
                MemoryModel::nest));
        scenes.add(new HolderScene(
                "OPEN_NEW",
                true,
                builder -> builder.reentry(ReentryPolicy.OPEN_NEW).limit(2),
                MemoryModel::nest));
        for (IdlePolicy idle : IdlePolicy.values()) {
            scenes.add(new HolderScene(
                    "OPEN_NEW, " + idle,
                    true,
                    builder -> builder.whenIdle(idle)
                            .reusing()
                            .reentry(ReentryPolicy.OPEN_NEW)
                            .limit(6),
                    MemoryModel::two));
        }
        scenes.add(new HolderScene(
                "SHARE, listener",
                true,
                builder -> builder.whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .reentry(ReentryPolicy.SHARE)
                        .listener(new Listener() {}),
                MemoryModel::nest));
        scenes.add(new HolderScene(
                "trace, check, listener",
                true,
                builder -> builder.whenIdle(IdlePolicy.LEND)
                        .reusing()
                        .trace(true)
                        .check(probe -> true)
                        .listener(new Listener() {}),
                MemoryModel::oneAfterAnother));
        scenes.add(new HolderScene(
                "a check that fails",
                true,
                builder -> builder.whenIdle(IdlePolicy.KEEP).reusing().check(probe -> false),
                MemoryModel::oneAfterAnother));
        scenes.add(new HolderScene(
                "expiry",
                false,
                builder -> builder.whenIdle(IdlePolicy.KEEP).reusing().idleTimeout(Duration.ofSeconds(1)),
                MemoryModel::expire));
        scenes.add(new HolderScene(
                "another thread opens meanwhile",
                true,
                builder -> builder.whenIdle(IdlePolicy.KEEP).reusing().limit(2),
                MemoryModel::openMeanwhile));
        scenes.add(new HolderScene(
                "a crowd",
                false,
                builder -> builder.whenIdle(IdlePolicy.KEEP).reusing().limit(9),
                MemoryModel::crowd));
        for (IdlePolicy idle : IdlePolicy.values()) {
            scenes.add(new KeysScene(idle + ", many keys", builder -> builder.whenIdle(idle)));
        }
        scenes.add(new KeysScene(
                "LEND, many keys, a check that fails",
                builder -> builder.whenIdle(IdlePolicy.LEND).check(probe -> false)));
        scenes.add(new StoreScene());
        scenes.add(new LockScene());
        scenes.add(new CloserScene());
        return scenes.stream();
    }

    /** Whoever acts, and the other one; and whether the library's own threads are in it too. */
    private record Cast(Actor actor, Actor other, boolean library, Stage stage) {}

    /** Runs the steps, and ends the shortage after the one that it came in. */
    private static final class Stage {
        private final boolean[] ranOut = {false};

        <V extends @Nullable Object> @Nullable V step(Actor actor, Callable<V> task) throws Exception {
            return end(actor.begin(task));
        }

        <V extends @Nullable Object> @Nullable V end(FutureTask<V> begun) throws Exception {
            try {
                return Actor.get(begun);
            } catch (OutOfMemoryError planted) {
                assertThat(planted).hasMessageContaining("planted");
                return null;
            } finally {
                look();
            }
        }

        /** Waits for what the library does by itself; the shortage ends a moment after it has come. */
        void until(Callable<Boolean> condition) {
            Actor.until(() -> Memory.ranOut() || condition.call());
            look();
            Actor.until(condition);
        }

        void look() {
            if (Memory.ranOut()) {
                ranOut[0] = true;
                Memory.enough();
            }
        }
    }

    private abstract static class Played implements Scene {
        private final String name;
        private final boolean alone;

        Played(String name, boolean alone) {
            this.name = name;
            this.alone = alone;
        }

        @Override
        public final Stream<Who> cast() {
            return alone ? Stream.of(Who.ACTOR, Who.ANYBODY) : Stream.of(Who.values());
        }

        @Override
        public String toString() {
            return name;
        }

        @Override
        public final boolean play(ThreadKind kind, Who who, int nth, boolean lasts) throws Exception {
            Stage stage = new Stage();
            try (Actor actor = new Actor(kind);
                    Actor other = new Actor(kind)) {
                Thread whose = switch (who) {
                    case ACTOR -> actor.thread();
                    case OTHER -> other.thread();
                    case ANYBODY -> null;
                };
                play(new Cast(actor, other, whose == null, stage), () -> Memory.runsOut(nth, lasts, whose));
                return stage.ranOut[0];
            } finally {
                Memory.enough();
            }
        }

        abstract void play(Cast cast, Runnable begin) throws Exception;
    }

    // ---- one resource a thread ----

    @FunctionalInterface
    private interface Script {
        void play(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception;
    }

    private static final class HolderScene extends Played {
        private final UnaryOperator<PerThread.Builder<Probe, RuntimeException>> options;
        private final Script script;

        HolderScene(
                String name,
                boolean alone,
                UnaryOperator<PerThread.Builder<Probe, RuntimeException>> options,
                Script script) {
            super(name, alone);
            this.options = options;
            this.script = script;
        }

        @Override
        void play(Cast cast, Runnable begin) throws Exception {
            int before = Probe.opened() - Probe.closed();
            AtomicLong clock = new AtomicLong();
            PerThread<Probe, RuntimeException> pool = options.apply(
                            PerThread.<Probe, RuntimeException>builder(Probe::new)
                                    .limit(1)
                                    .acquireTimeout(Duration.ofSeconds(5)))
                    .clock(clock::get)
                    .build();
            begin.run();
            script.play(pool, cast, clock);
            cast.stage.look();
            Memory.enough();
            nothingIsLost(pool, cast);
            assertThat(pool.close(Duration.ofSeconds(10)).forced()).isZero();
            assertThat(pool.stats().open()).isZero();
            assertThat(Probe.opened() - Probe.closed()).isEqualTo(before);
        }
    }

    /** Every place is there and what the books say is so. If the holder is closed, nothing is open. */
    private static void nothingIsLost(PerThread<Probe, RuntimeException> pool, Cast cast) throws Exception {
        Actor.until(() -> {
            Stats stats = pool.stats();
            return stats.leased() + stats.opening() + stats.waiting() == 0;
        });
        pool.evictIdle();
        Actor.until(() -> pool.stats().open() == 0); // what the dead left is closed by others
        if (allPlaces(pool) && cast.library) { // and the reaper still does its work
            Actor last = new Actor(ThreadKind.PLATFORM);
            last.call(pool::acquire);
            last.end();
            Actor.until(() -> pool.stats().open() == 0);
        }
    }

    /** Takes all places at once; false if the holder is closed. */
    private static boolean allPlaces(PerThread<Probe, RuntimeException> pool) throws Exception {
        Deque<Actor> users = new ArrayDeque<>();
        Deque<Lease<Probe>> leases = new ArrayDeque<>();
        try {
            for (int i = 0; i < pool.limit().orElseThrow(); i++) {
                Actor user = new Actor(ThreadKind.PLATFORM);
                users.push(user);
                leases.push(user.call(pool::acquire));
            }
            return true;
        } catch (IllegalStateException closed) {
            assertThat(closed).hasMessageContaining("is closed");
            return false;
        } finally {
            while (leases.size() < users.size()) {
                users.pop().end();
            }
            while (!users.isEmpty()) {
                Lease<Probe> lease = leases.pop();
                Actor user = users.pop();
                user.call(() -> {
                    lease.close();
                    return pool.release();
                });
                user.end();
            }
        }
    }

    private static void oneAfterAnother(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock)
            throws Exception {
        Stage stage = cast.stage;
        for (int i = 0; i < 2; i++) {
            stage.step(cast.actor, () -> {
                pool.run(Probe::use);
                return null;
            });
        }
        stage.step(cast.actor, () -> {
            try (Lease<Probe> lease = pool.acquire(Duration.ofSeconds(5))) {
                lease.get().use();
                lease.invalidate();
            }
            return null;
        });
        stage.step(
                cast.actor,
                () -> pool.call(probe -> pool.isHeld() + pool.snapshot().toString()));
        stage.step(cast.actor, () -> {
            try (Lease<Probe> lease = pool.acquire()) {
                return lease.toString() + pool + pool.stats();
            }
        });
        stage.step(cast.actor, pool::release);
        stage.step(cast.actor, () -> {
            pool.run(Probe::use);
            return pool.evictIdle() + pool.reap();
        });
    }

    private static void nest(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception {
        cast.stage.step(cast.actor, () -> {
            try (Lease<Probe> outer = pool.acquire()) {
                try (Lease<Probe> inner = pool.acquire()) {
                    inner.get().use();
                } finally {
                    outer.get().use(); // whatever became of the inner one
                }
            }
            return null;
        });
        cast.stage.step(cast.actor, pool::release);
    }

    private static void handOver(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock)
            throws Exception {
        Callable<@Nullable Void> use = () -> {
            pool.run(Probe::use);
            pool.release();
            return null;
        };
        Lease<Probe> lease = cast.stage.step(cast.actor, pool::acquire);
        try (Actor next = new Actor(ThreadKind.PLATFORM)) {
            FutureTask<@Nullable Void> waiting = cast.other.begin(use);
            cast.stage.until(() -> waiting.isDone() || pool.stats().waiting() == 1);
            FutureTask<@Nullable Void> behind = next.begin(use);
            cast.stage.until(() -> behind.isDone() || pool.stats().waiting() == (waiting.isDone() ? 1 : 2));
            clock.addAndGet(Duration.ofSeconds(1).toNanos()); // they are due now
            if (lease != null) {
                cast.stage.step(cast.actor, () -> {
                    lease.close();
                    return null;
                });
                cast.stage.step(cast.actor, pool::release); // under KEEP the place is still its own
                cast.stage.step(cast.actor, pool::release); // in case that failed
            }
            cast.stage.end(waiting);
            cast.stage.step(cast.other, pool::release); // in case that failed
            cast.stage.end(behind);
            cast.stage.step(next, pool::release);
        }
    }

    /** One thread has two, and the table of threads is nearly full when it gives one of them back. */
    private static void two(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception {
        Lease<Probe> outer = cast.stage.step(cast.actor, pool::acquire);
        Lease<Probe> inner = cast.stage.step(cast.actor, pool::acquire);
        Deque<Actor> others = new ArrayDeque<>();
        for (int i = 0; i < 4; i++) {
            others.push(new Actor(ThreadKind.PLATFORM));
            cast.stage.step(others.element(), pool::acquire);
        }
        for (Lease<Probe> lease : Arrays.asList(inner, outer)) {
            cast.stage.step(cast.actor, () -> {
                if (lease != null) {
                    lease.close();
                }
                return pool.release();
            });
        }
        others.forEach(Actor::end); // in their scopes
    }

    /** What it opened is found when it ends, whatever the failing one took back. */
    private static void openMeanwhile(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock)
            throws Exception {
        Callable<@Nullable Void> use = () -> {
            pool.run(Probe::use);
            return null;
        };
        try (Actor busy = new Actor(ThreadKind.PLATFORM);
                PerThread<Probe, RuntimeException> another = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .build()) {
            cast.stage.step(
                    busy,
                    () -> another.call(probe -> 0)); // so that the reaper runs, which knows nothing of the other one
            AtomicReference<@Nullable FutureTask<@Nullable Void>> opening = new AtomicReference<>();
            Thread failing = cast.actor.thread();
            Memory.meanwhile(() -> {
                if (Thread.currentThread() == failing) {
                    opening.set(cast.other.beginAndWait(use)); // or it waits for a lock that the failing one has
                }
            });
            cast.stage.step(cast.actor, use);
            FutureTask<@Nullable Void> begun = opening.get();
            if (begun != null) {
                cast.stage.end(begun);
            }
            cast.actor.end();
            cast.other.end();
            cast.stage.until(() -> pool.stats().open() == 0); // the reaper's
        }
    }

    private static void endBetweenScopes(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock)
            throws Exception {
        cast.stage.step(cast.actor, () -> {
            pool.run(Probe::use);
            return null;
        });
        end(pool, cast);
    }

    private static void endInScope(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock)
            throws Exception {
        cast.stage.step(cast.actor, pool::acquire);
        end(pool, cast);
    }

    private static void end(PerThread<Probe, RuntimeException> pool, Cast cast) throws Exception {
        cast.actor.end();
        cast.stage.step(cast.other, () -> {
            pool.run(Probe::use);
            return pool.release();
        });
    }

    /** With leases that stay and a thread that waits. Closing may have to be called again. */
    private static void close(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception {
        Lease<Probe> lease = cast.stage.step(cast.other, pool::acquire);
        try (Actor waiter = new Actor(ThreadKind.PLATFORM);
                Actor user = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> another = cast.stage.step(user, pool::acquire);
            FutureTask<@Nullable Void> waiting = waiter.begin(() -> {
                try {
                    pool.run(Probe::use);
                } catch (IllegalStateException closed) {
                    assertThat(closed).hasMessageContaining("is closed");
                }
                return null;
            });
            cast.stage.until(() -> waiting.isDone() || pool.stats().waiting() == 1);
            cast.stage.step(cast.actor, () -> pool.close(Duration.ZERO));
            cast.stage.step(cast.other, () -> {
                if (lease != null) {
                    lease.close();
                }
                return null;
            });
            user.call(() -> {
                if (another != null) {
                    another.close();
                }
                return null;
            });
            pool.close(Duration.ofSeconds(10));
            cast.stage.until(waiting::isDone); // woken, and not because it has waited long enough
            cast.stage.end(waiting);
        }
    }

    private static void expire(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception {
        Callable<@Nullable Void> use = () -> {
            pool.run(Probe::use);
            return null;
        };
        cast.stage.step(cast.actor, use);
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        cast.stage.step(cast.actor, use); // replaced, or closed by the reaper before
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        cast.stage.step(cast.other, use); // which finds it in its way
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        cast.stage.until(() -> pool.stats().open() == 0); // the reaper's
    }

    /** More owners than the smallest table has room for. */
    private static void crowd(PerThread<Probe, RuntimeException> pool, Cast cast, AtomicLong clock) throws Exception {
        Deque<Actor> users = new ArrayDeque<>();
        try {
            for (int i = 0; i < 5; i++) {
                users.push(new Actor(ThreadKind.PLATFORM));
                cast.stage.step(users.peek(), () -> pool.call(Probe::toString));
            }
            cast.stage.step(cast.actor, () -> pool.call(Probe::toString));
            cast.stage.step(cast.other, () -> pool.call(Probe::toString));
        } finally {
            users.forEach(Actor::end);
        }
    }

    // ---- one resource a thread and a key ----

    /** One waits for a key that is full, and one for a key that has room, while the limit for all is reached. */
    private static final class KeysScene extends Played {
        private final UnaryOperator<KeyedPerThread.Builder<String, Probe, RuntimeException>> options;

        KeysScene(String name, UnaryOperator<KeyedPerThread.Builder<String, Probe, RuntimeException>> options) {
            super(name, false);
            this.options = options;
        }

        @Override
        void play(Cast cast, Runnable begin) throws Exception {
            int before = Probe.opened() - Probe.closed();
            try (KeyedPerThread<String, Probe, RuntimeException> pool = options.apply(
                                    KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                                            .reusing()
                                            .limit(2)
                                            .limitPerKey(1)
                                            .acquireTimeout(Duration.ofSeconds(5)))
                            .build();
                    Actor holder = new Actor(ThreadKind.PLATFORM);
                    Actor last = new Actor(ThreadKind.PLATFORM)) {
                begin.run();
                Lease<Probe> a = cast.stage.step(cast.actor, () -> pool.acquire("a"));
                Lease<Probe> b = cast.stage.step(holder, () -> pool.acquire("b"));
                FutureTask<@Nullable Void> full = waits(cast, pool, cast.other, "a");
                FutureTask<@Nullable Void> room = waits(cast, pool, last, "c");
                ends(cast, pool, cast.actor, a, "a");
                ends(cast, pool, holder, b, "b");
                cast.stage.until(
                        () -> full.isDone() && room.isDone()); // which may take memory, if a permit is to be given
                cast.stage.end(full);
                cast.stage.end(room);
                cast.stage.step(cast.other, () -> pool.release("a"));
                cast.stage.step(last, () -> pool.release("c"));
                cast.stage.look();
                Memory.enough();
                Actor.until(() -> {
                    Stats stats = pool.stats();
                    return stats.leased() + stats.opening() + stats.waiting() == 0;
                });
                pool.evictIdle();
                Actor.until(() -> pool.stats().open() == 0 && pool.keys().isEmpty());
                List<Lease<Probe>> all = new ArrayList<>(); // every permit is there
                for (String key : List.of("a", "d")) {
                    all.add(holder.call(() -> pool.acquire(key)));
                }
                holder.call(() -> {
                    all.forEach(Lease::close);
                    pool.release("a");
                    return pool.release("d");
                });
            }
            assertThat(Probe.opened() - Probe.closed()).isEqualTo(before);
        }

        private static FutureTask<@Nullable Void> waits(
                Cast cast, KeyedPerThread<String, Probe, RuntimeException> pool, Actor actor, String key) {
            FutureTask<@Nullable Void> task = actor.begin(() -> {
                pool.run(key, Probe::use);
                pool.release(key);
                return null;
            });
            cast.stage.until(() -> task.isDone() || pool.stats(key).waiting() == 1);
            return task;
        }

        private static void ends(
                Cast cast,
                KeyedPerThread<String, Probe, RuntimeException> pool,
                Actor actor,
                @Nullable Lease<Probe> lease,
                String key)
                throws Exception {
            cast.stage.step(actor, () -> {
                if (lease != null) {
                    lease.close();
                }
                return null;
            });
            cast.stage.step(actor, () -> pool.release(key)); // under KEEP the permit is still its own
            cast.stage.step(actor, () -> pool.release(key)); // in case that failed
        }
    }

    // ---- one value a thread ----

    /** What was set is called back once; what was not set, because memory ran out, at most once. */
    private static final class StoreScene extends Played {
        StoreScene() {
            super("store", false);
        }

        @Override
        void play(Cast cast, Runnable begin) throws Exception {
            Queue<String> back = new ConcurrentLinkedQueue<>();
            Queue<String> made = new ConcurrentLinkedQueue<>();
            ThreadStore<String> store = ThreadStore.<String>builder()
                    .initial(() -> {
                        String value = "made " + made.size();
                        made.add(value);
                        return value;
                    })
                    .onRemove((thread, value) -> back.add(value))
                    .build();
            List<String> set = new ArrayList<>();
            begin.run();
            for (String value : List.of("a", "b")) {
                cast.stage.step(cast.actor, () -> {
                    store.set(value);
                    set.add(value);
                    return null;
                });
            }
            cast.stage.step(cast.other, store::get);
            cast.stage.step(cast.other, store::remove);
            cast.stage.step(cast.other, store::get);
            cast.stage.step(cast.other, () -> store.find().toString() + store.size());
            cast.stage.step(cast.other, () -> {
                store.forEach((thread, value) -> assertThat(value).isNotEmpty());
                return null;
            });
            cast.actor.end();
            cast.stage.until(() -> store.size() <= 1); // what the dead one left is gone, without anybody's help
            cast.stage.step(cast.other, () -> {
                store.close();
                return null;
            });
            cast.stage.look();
            Memory.enough();
            store.close(); // what is left to do
            assertThat(store.size()).isZero();
            set.addAll(made);
            Actor.until(() -> back.size() >= set.size()); // callbacks for the dead come from another thread
            assertThat(back).containsOnlyOnceElementsOf(set).hasSize(set.size());
        }
    }

    /** Who has to queue gets the lock all the same. */
    private static final class LockScene extends Played {
        LockScene() {
            super("lock", true);
        }

        @Override
        void play(Cast cast, Runnable begin) throws Exception {
            SpinThenParkLock lock = new SpinThenParkLock();
            cast.other.call(() -> {
                lock.lock();
                return null;
            });
            begin.run();
            FutureTask<Boolean> queues = cast.actor.begin(() -> {
                lock.lock();
                try {
                    return lock.isHeldByCurrentThread();
                } finally {
                    lock.unlock();
                }
            });
            Actor.until(() -> Memory.ranOut() || lock.hasQueuedThreads());
            cast.stage.look();
            cast.other.call(() -> {
                lock.unlock();
                return null;
            });
            assertThat(Actor.get(queues)).isTrue();
        }
    }

    /** Each closer runs, and runs once. */
    private static final class CloserScene extends Played {
        CloserScene() {
            super("closing all", true);
        }

        @Override
        void play(Cast cast, Runnable begin) throws Exception {
            List<AtomicInteger> runs =
                    Stream.generate(AtomicInteger::new).limit(3).toList();
            List<Runnable> closers = runs.stream()
                    .map(count -> CloserExecutor.once(count::incrementAndGet))
                    .toList();
            begin.run();
            cast.actor.call(() -> {
                closers.forEach(closer -> CloserExecutor.run(this, closer));
                return null;
            });
            cast.stage.look();
            Actor.until(() -> {
                CloserThreads.startMissing(); // as the reaper does
                return runs.stream().allMatch(count -> count.get() > 0);
            });
            assertThat(runs).extracting(AtomicInteger::get).containsOnly(1);
        }
    }
}
