package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One pool for many keys: two limits, one order of arrival, and nothing left of a key that nobody uses. */
class KeyedPerThreadTest {
    private static final Duration AT_ONCE = Duration.ZERO;

    static Stream<Arguments> combinations() {
        return Stream.of(IdlePolicy.values())
                .flatMap(idle -> ThreadKind.available().map(kind -> Arguments.of(idle, kind)));
    }

    private static KeyedPerThread.Builder<String, Probe, RuntimeException> pool(IdlePolicy whenIdle) {
        return KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                .name("web")
                .whenIdle(whenIdle)
                .reusing();
    }

    private static <T> Lease<T> of(Optional<Lease<T>> lease) {
        return lease.orElseThrow();
    }

    // ---- opening ----

    @Test
    void timedOpener_getsItsKeyAndTheTimeThatIsLeft() throws Exception {
        try (KeyedPerThread<String, String, RuntimeException> pool =
                KeyedPerThread.<String, String, RuntimeException>timedBuilder(
                                (key, left) -> key + " " + (left.toHours() < 2 && !left.isZero()), Closer.none())
                        .acquireTimeout(Duration.ofDays(1))
                        .build()) {
            assertThat(pool.<String, RuntimeException>call("a", text -> text)).isEqualTo("a false");
            assertThat(pool.<String, RuntimeException>call("b", Duration.ofHours(1), text -> text))
                    .isEqualTo("b true");
        }
    }

    // ---- limits ----

    @ParameterizedTest
    @MethodSource("combinations")
    void eachKeyHasItsOwnLimitAndAllHaveOne(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(whenIdle).limit(3).limitPerKey(2).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            Lease<Probe> a1 = first.call(() -> pool.acquire("a"));
            Lease<Probe> a2 = second.call(() -> pool.acquire("a"));
            assertThat(third.call(() -> pool.tryAcquire("a")))
                    .as("the key's limit")
                    .isEmpty();
            Lease<Probe> b = third.call(() -> of(pool.tryAcquire("b")));
            assertThat(first.call(() -> pool.tryAcquire("c")))
                    .as("the limit for all")
                    .isEmpty();
            assertThat(pool.keys()).containsExactlyInAnyOrder("a", "b");
            assertThat(pool.stats("a").leased()).isEqualTo(2);
            assertThat(pool.stats("b").leased()).isEqualTo(1);
            assertThat(pool.stats().leased()).isEqualTo(3);
            assertThat(pool.stats().mostOpen()).isEqualTo(3);
            assertThat(pool.snapshot()).extracting(ResourceInfo::key).containsExactlyInAnyOrder("a", "a", "b");
            assertThat(pool.snapshot()).extracting(ResourceInfo::id).doesNotHaveDuplicates();
            for (Map.Entry<Actor, Lease<Probe>> each :
                    Map.of(first, a1, second, a2, third, b).entrySet()) {
                each.getKey().call(() -> {
                    each.getValue().close();
                    return null;
                });
            }
        }
        assertThat(Probe.closed()).isEqualTo(3);
    }

    @Test
    void theLongestIdleMakesRoomEvenIfTheClockWrapsAround() {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10);
        List<String> closed = new CopyOnWriteArrayList<>();
        try (KeyedPerThread<String, String, RuntimeException> pool =
                KeyedPerThread.<String, String, RuntimeException>builder(key -> key, closed::add)
                        .whenIdle(IdlePolicy.LEND)
                        .limit(2)
                        .clock(now::get)
                        .build()) {
            pool.run("older", any -> {});
            now.addAndGet(100);
            pool.run("newer", any -> {});
            pool.run("third", any -> {});
            assertThat(closed).containsExactly("older");
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aWaiterWhoseKeyIsAtItsLimitDoesNotBlockAnotherKey(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(whenIdle).limit(2).limitPerKey(1).build();
                Actor holder = new Actor(kind);
                Actor blocked = new Actor(kind);
                Actor other = new Actor(kind)) {
            Lease<Probe> a = holder.call(() -> pool.acquire("a"));
            FutureTask<Lease<Probe>> waits = blocked.begin(() -> pool.acquire("a"));
            Actor.until(() -> pool.stats("a").waiting() == 1);
            Lease<Probe> b = other.call(() -> pool.acquire("b", AT_ONCE));
            assertThat(pool.stats().waiting()).isEqualTo(1);
            other.call(() -> {
                b.close();
                return null;
            });
            assertThat(waits.isDone()).isFalse();
            holder.call(() -> {
                a.close();
                pool.release("a");
                return null;
            });
            Lease<Probe> second = Actor.get(waits);
            blocked.call(() -> {
                second.close();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void waitersOfAllKeysAreServedInOrderOfArrival(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(whenIdle).limit(1).build();
                Actor owner = new Actor(kind)) {
            Lease<Probe> first = owner.call(() -> pool.acquire("0"));
            List<Actor> actors = new ArrayList<>();
            List<FutureTask<@Nullable Object>> all = new ArrayList<>();
            Queue<Integer> served = new ConcurrentLinkedQueue<>();
            for (int i = 0; i < 9; i++) {
                int number = i;
                String key = Integer.toString(i % 3);
                Actor actor = new Actor(kind);
                actors.add(actor);
                all.add(actor.begin(() -> {
                    pool.run(key, probe -> served.add(number));
                    pool.release(key);
                    return null;
                }));
                Actor.until(() -> pool.stats().waiting() == number + 1);
            }
            owner.call(() -> {
                first.close();
                pool.release("0");
                return null;
            });
            for (FutureTask<@Nullable Object> one : all) {
                Actor.get(one);
            }
            actors.forEach(Actor::end);
            assertThat(served).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(Probe.peak()).isEqualTo(1);
            assertThat(pool.stats().waited()).isEqualTo(9);
        }
    }

    /** Or ten thousand threads, each with a key of its own, would look at all the others' keys each time. */
    @Test
    void waiting_mustAllocateTheSame_howeverManyOtherKeysAreWaitedFor() throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.LEND).limit(1).build();
                Lease<Probe> only = pool.acquire("held")) {
            long withNobody = allocatedByWaiting(pool);
            List<Actor> others = new ArrayList<>();
            List<FutureTask<@Nullable Object>> all = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String key = Integer.toString(i);
                Actor other = new Actor(ThreadKind.PLATFORM);
                others.add(other);
                all.add(other.begin(() -> {
                    pool.run(key, probe -> {});
                    return null;
                }));
            }
            Actor.until(() -> pool.stats().waiting() == 200);
            assertThat(allocatedByWaiting(pool)).isLessThan(withNobody + 600);
            only.close();
            for (FutureTask<@Nullable Object> one : all) {
                Actor.get(one);
            }
            others.forEach(Actor::end);
        }
    }

    private static long allocatedByWaiting(KeyedPerThread<String, Probe, RuntimeException> pool) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            assertThatThrownBy(() -> pool.acquire("wanted", Duration.ofNanos(1)))
                    .isInstanceOf(AcquireTimeoutException.class);
            least = Math.min(
                    least,
                    threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before);
        }
        return least;
    }

    // ---- making room ----

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theLongestIdleOfAnotherKeyMakesRoom(ThreadKind kind) throws Exception {
        RecordingListener listener = new RecordingListener();
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.LEND).limit(3).listener(listener).build();
                Actor actor = new Actor(kind)) {
            for (String key : List.of("a", "b", "c", "a")) {
                actor.call(() -> {
                    pool.run(key, probe -> {});
                    return null;
                });
            }
            actor.call(() -> {
                pool.run("d", probe -> {});
                return null;
            });
            assertThat(pool.keys()).containsExactlyInAnyOrder("c", "a", "d");
            actor.call(() -> {
                pool.run("e", probe -> {});
                return null;
            });
            assertThat(pool.keys()).containsExactlyInAnyOrder("a", "d", "e");
            assertThat(pool.stats().closedByReason()).isEqualTo(Map.of(CloseReason.MADE_ROOM, 2L));
            assertThat(Probe.peak()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theClosingCountsAndTheWaiterGetsThePermit(ThreadKind kind) throws Exception {
        CountDownLatch mayClose = new CountDownLatch(1);
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe(), probe -> {
                                    mayClose.await();
                                    probe.close();
                                })
                                .whenIdle(IdlePolicy.LEND)
                                .limit(1)
                                .build();
                Actor waiter = new Actor(kind);
                Actor late = new Actor(kind)) {
            pool.run("a", probe -> {});
            FutureTask<@Nullable Object> waits = waiter.begin(() -> {
                pool.run("b", probe -> {});
                return null;
            });
            Actor.until(() -> pool.snapshot().stream().anyMatch(info -> info.state() == ResourceInfo.State.CLOSING));
            assertThat(pool.stats("b").waiting()).isEqualTo(1);
            assertThat(pool.stats().open()).isEqualTo(1);
            assertThat(late.call(() -> pool.tryAcquire("c"))).isEmpty();
            mayClose.countDown();
            Actor.get(waits);
            assertThat(Probe.peak()).isEqualTo(1);
            assertThat(pool.keys()).containsExactly("b");
        }
    }

    /** One that came before, whose key was full when room was made for one that came after. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void waiterWhoseRoomSomebodyElseGets_mustGetOtherRoom(ThreadKind kind) throws Exception {
        Map<String, CountDownLatch> mayClose = Map.of("b", new CountDownLatch(1), "f", new CountDownLatch(1));
        try (KeyedPerThread<String, Map.Entry<String, Probe>, RuntimeException> pool =
                        KeyedPerThread.<String, Map.Entry<String, Probe>, RuntimeException>builder(
                                        key -> Map.entry(key, new Probe()), both -> {
                                            if (mayClose.containsKey(both.getKey())) {
                                                mayClose.get(both.getKey()).await();
                                            }
                                            both.getValue().close();
                                        })
                                .whenIdle(IdlePolicy.LEND)
                                .reusing()
                                .limit(2)
                                .limitPerKey(1)
                                .acquireTimeout(Duration.ofMinutes(2))
                                .build();
                Actor user = new Actor(kind);
                Actor one = new Actor(kind);
                Actor two = new Actor(kind);
                Actor three = new Actor(kind)) {
            user.call(() -> pool.call("b", both -> 0));
            Lease<?> f = user.call(() -> pool.acquire("f"));
            FutureTask<Integer> x = one.begin(() -> pool.call("x", both -> 0));
            Actor.until(() -> isClosing(pool, "b")); // for x
            FutureTask<Integer> b = two.begin(() -> pool.call("b", both -> 0)); // which is full
            Actor.until(() -> pool.stats("b").waiting() == 1);
            FutureTask<Integer> y = three.begin(() -> pool.call("y", both -> 0));
            Actor.until(() -> pool.stats("y").waiting() == 1);
            user.call(() -> {
                f.close();
                return 0;
            });
            Actor.until(() -> isClosing(pool, "f")); // for y
            mayClose.get("f").countDown();
            Actor.get(x);
            mayClose.get("b").countDown(); // b came before y, and has room now
            Actor.get(b);
            Actor.get(y); // and what is idle makes room for it
        }
    }

    private static boolean isClosing(KeyedPerThread<String, ?, ?> pool, String key) {
        return pool.snapshot().stream()
                .anyMatch(each -> each.key().equals(key) && each.state() == ResourceInfo.State.CLOSING);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatIsReleasedWhileAnotherKeyWaitsMakesRoomAtOnce(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.LEND).limit(1).build();
                Actor holder = new Actor(kind);
                Actor waiter = new Actor(kind)) {
            Lease<Probe> a = holder.call(() -> pool.acquire("a"));
            FutureTask<Lease<Probe>> waits = waiter.begin(() -> pool.acquire("b"));
            Actor.until(() -> pool.stats("b").waiting() == 1);
            holder.call(() -> {
                a.close();
                return null;
            });
            Lease<Probe> b = Actor.get(waits);
            assertThat(pool.stats().closedByReason()).isEqualTo(Map.of(CloseReason.MADE_ROOM, 1L));
            waiter.call(() -> {
                b.close();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void nothingOfALivingThreadMakesRoomUnderKeep(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(IdlePolicy.KEEP).limit(1).build()) {
            Actor owner = new Actor(kind);
            owner.call(() -> {
                pool.run("a", probe -> {});
                return null;
            });
            assertThatThrownBy(() -> pool.acquire("b", Duration.ofMillis(20)))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("web[b]: ")
                    .hasMessageContaining("limit none for this key, 1 for all keys, of which 0 leased, 1 idle");
            assertThat(pool.keys()).containsExactly("a");
            owner.end(); // but a dead one's does
            pool.run("b", probe -> {});
            assertThat(pool.keys()).containsExactly("b");
            assertThat(pool.stats().reclaimed()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void noKeyStarvesBehindAHotOne(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(IdlePolicy.LEND).limit(2).build()) {
            AtomicBoolean stop = new AtomicBoolean();
            List<Actor> hot = Stream.generate(() -> new Actor(kind)).limit(6).toList();
            List<FutureTask<@Nullable Object>> running = hot.stream()
                    .map(actor -> actor.<@Nullable Object>begin(() -> {
                        while (!stop.get()) {
                            pool.run("hot", probe -> LockSupport.parkNanos(50_000));
                        }
                        return null;
                    }))
                    .toList();
            try (Actor cold = new Actor(kind)) {
                for (int i = 0; i < 50; i++) {
                    String key = "cold " + i;
                    cold.call(() -> {
                        pool.run(key, probe -> {});
                        return null;
                    });
                }
            }
            stop.set(true);
            for (FutureTask<@Nullable Object> each : running) {
                Actor.get(each);
            }
            hot.forEach(Actor::end);
            assertThat(Probe.peak()).isLessThanOrEqualTo(2);
        }
    }

    // ---- as PerThread, per key ----

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void reentryIsPerKey(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.CLOSE).build();
                Actor actor = new Actor(kind)) {
            actor.call(() -> {
                try (Lease<Probe> a = pool.acquire("a");
                        Lease<Probe> b = pool.acquire("b")) {
                    assertThat(a.get()).isNotSameAs(b.get());
                    assertThat(pool.isHeld("a")).isTrue();
                    assertThat(pool.isHeld("c")).isFalse();
                    assertThatThrownBy(() -> pool.acquire("a"))
                            .isInstanceOf(ReentryException.class)
                            .hasMessageContaining("web[a]");
                }
                return null;
            });
        }
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(IdlePolicy.CLOSE).reentry(ReentryPolicy.SHARE).build()) {
            Probe shared = pool.call(
                    "a",
                    outer -> pool.<Probe, RuntimeException>call("a", inner -> {
                        assertThat(inner).isSameAs(outer);
                        return inner;
                    }));
            assertThat(shared).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void policiesApplyToEachKey(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> keeping =
                        pool(IdlePolicy.KEEP).build();
                KeyedPerThread<String, Probe, RuntimeException> lending =
                        pool(IdlePolicy.LEND).build();
                Actor one = new Actor(kind);
                Actor other = new Actor(kind)) {
            Probe kept = one.call(() -> keeping.<Probe, RuntimeException>call("a", probe -> probe));
            assertThat(one.call(() -> keeping.<Probe, RuntimeException>call("a", probe -> probe)))
                    .isSameAs(kept);
            assertThat(one.call(() -> keeping.<Probe, RuntimeException>call("b", probe -> probe)))
                    .isNotSameAs(kept);
            assertThat(other.call(() -> keeping.<Probe, RuntimeException>call("a", probe -> probe)))
                    .isNotSameAs(kept);
            Probe lent = one.call(() -> lending.<Probe, RuntimeException>call("a", probe -> probe));
            assertThat(other.call(() -> lending.<Probe, RuntimeException>call("b", probe -> probe)))
                    .isNotSameAs(lent);
            assertThat(other.call(() -> lending.<Probe, RuntimeException>call("a", AT_ONCE, probe -> probe)))
                    .isSameAs(lent);
            assertThat(one.call(() -> keeping.release("a"))).isTrue();
            assertThat(one.call(() -> keeping.release("a"))).isFalse();
        }
    }

    @Test
    void whatOpeningThrowsReachesTheCallerAndNothingIsLeft() throws IOException {
        try (KeyedPerThread<String, Probe, IOException> pool = KeyedPerThread.<String, Probe, IOException>builder(
                        key -> {
                            throw new IOException("no route to " + key);
                        })
                .limit(1)
                .build()) {
            assertThatThrownBy(() -> pool.acquire("a"))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no route to a");
            assertThat(pool.keys()).isEmpty();
            assertThat(pool.stats("a").openFailures()).isZero();
            assertThat(pool.stats().openFailures()).isEqualTo(1);
            assertThat(pool.stats().lastOpenFailure()).contains("no route to a");
        }
    }

    @Test
    void anOutageIsRememberedPerKeyThoughNothingIsOpen() {
        AtomicInteger tries = new AtomicInteger();
        try (KeyedPerThread<String, Probe, IOException> pool = KeyedPerThread.<String, Probe, IOException>builder(
                        key -> {
                            tries.incrementAndGet();
                            throw new IOException("down");
                        })
                .openBackoff(Duration.ofHours(1), Duration.ofHours(2))
                .build()) {
            assertThatThrownBy(() -> pool.acquire("a")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> pool.acquire("a")).isInstanceOf(IOException.class);
            assertThat(tries).hasValue(1);
            assertThatThrownBy(() -> pool.acquire("b")).isInstanceOf(IOException.class);
            assertThat(tries).hasValue(2);
            assertThat(pool.keys()).containsExactlyInAnyOrder("a", "b");
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void evictAndRefreshAreForAKeyOrForAll(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.LEND).build();
                Actor actor = new Actor(kind)) {
            for (String key : List.of("a", "b", "c", "d")) {
                actor.call(() -> {
                    pool.run(key, probe -> {});
                    return null;
                });
            }
            assertThat(pool.evictIdle("a")).isEqualTo(1);
            assertThat(pool.evictIdle("a")).isZero();
            assertThat(pool.evict(info -> info.key().equals("b"))).isEqualTo(1);
            assertThat(pool.keys()).containsExactlyInAnyOrder("c", "d");
            Lease<Probe> c = actor.call(() -> pool.acquire("c"));
            assertThat(pool.refresh("c")).isEqualTo(1);
            assertThat(pool.refresh("nobody")).isZero();
            assertThat(pool.evictIdle()).isEqualTo(1);
            assertThat(pool.stats("c").leased()).isEqualTo(1);
            assertThat(pool.refresh()).isEqualTo(1);
            actor.call(() -> {
                c.close();
                return null;
            });
            assertThat(pool.keys()).isEmpty();
            assertThat(pool.stats().closedByReason())
                    .isEqualTo(Map.of(CloseReason.EVICTED, 3L, CloseReason.REFRESHED, 1L));
            assertThat(pool.stats().acquired()).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aRevokedLeaseOfAKeyIsClosedUnderItsUser(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                        pool(IdlePolicy.LEND).build();
                Actor actor = new Actor(kind)) {
            Lease<Probe> a = actor.call(() -> pool.acquire("a"));
            Lease<Probe> b = actor.call(() -> pool.acquire("b"));
            long id = pool.snapshot().stream()
                    .filter(info -> info.key().equals("b"))
                    .findFirst()
                    .orElseThrow()
                    .id();
            assertThat(pool.revoke(id)).isTrue();
            assertThat(pool.revoke(id + 100)).isFalse();
            actor.call(() -> {
                assertThat(a.get()).isNotNull();
                assertThatThrownBy(b::get).isInstanceOf(IllegalStateException.class);
                a.close();
                b.close();
                return null;
            });
            Actor.until(() -> pool.stats().closedByReason().containsKey(CloseReason.REVOKED));
        }
    }

    // ---- close ----

    @ParameterizedTest
    @MethodSource("combinations")
    void closeWakesWaitersOfAllKeysAndForcesWithOneGrace(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(whenIdle).limit(3).limitPerKey(1).build();
        try (Actor one = new Actor(kind);
                Actor two = new Actor(kind);
                Actor waiter = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = one.call(() -> pool.acquire("a"));
            Lease<Probe> b = two.call(() -> pool.acquire("b"));
            Lease<Probe> c = two.call(() -> pool.acquire("c"));
            FutureTask<Lease<Probe>> waits = waiter.begin(() -> pool.acquire("a"));
            FutureTask<Lease<Probe>> waitsForAll = second.begin(() -> pool.acquire("d"));
            Actor.until(() -> pool.stats().waiting() == 2);
            CloseReport report = pool.close(Duration.ofMillis(30));
            assertThat(report.forced()).isEqualTo(3);
            assertThat(report.closed()).isEqualTo(3);
            assertThat(report.failures()).isEmpty();
            for (FutureTask<Lease<Probe>> each : List.of(waits, waitsForAll)) {
                assertThatThrownBy(() -> Actor.get(each))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("is closed");
            }
            one.call(() -> {
                a.close();
                return null;
            });
            two.call(() -> {
                b.close();
                c.close();
                return null;
            });
        }
        assertThat(pool.isClosed()).isTrue();
        assertThat(pool.keys()).isEmpty();
        assertThatThrownBy(() -> pool.acquire("e"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("web is closed: nothing can be acquired from it any more");
        assertThat(pool.close(Duration.ZERO)).isEqualTo(new CloseReport(0, 0, List.of()));
        assertThat(pool.stats().open()).isZero();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatDeadThreadsLeftIsReclaimedForEveryKey(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(IdlePolicy.KEEP).build()) {
            try (Actor actor = new Actor(kind)) {
                actor.call(() -> {
                    pool.run("a", probe -> {});
                    pool.run("b", probe -> {});
                    return null;
                });
            }
            pool.reap();
            Actor.until(() -> pool.keys().isEmpty());
            assertThat(pool.stats().reclaimed()).isEqualTo(2);
        }
    }

    // ---- keys ----

    @ParameterizedTest
    @MethodSource("combinations")
    void manyKeysUsedOnceLeaveNothing(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        // Under LEND each of them has to wait for another thread that makes room: a thousand are enough.
        int many = Boolean.getBoolean("perthread.campaign") ? 1_000_000 : 200_000;
        int count = whenIdle == IdlePolicy.LEND ? 1000 : many;
        try (KeyedPerThread<Integer, String, RuntimeException> pool =
                        KeyedPerThread.<Integer, String, RuntimeException>builder(key -> "open", Closer.none())
                                .whenIdle(whenIdle)
                                .limit(8)
                                .build();
                Actor actor = new Actor(kind)) {
            actor.call(() -> {
                for (int i = 0; i < count; i++) {
                    pool.run(i, open -> {});
                    if (whenIdle == IdlePolicy.KEEP) {
                        pool.release(i);
                    }
                }
                return null;
            });
            assertThat(pool.keys()).hasSize(whenIdle == IdlePolicy.LEND ? 8 : 0);
            pool.evictIdle();
            assertThat(pool.keys()).isEmpty();
            assertThat(pool.snapshot()).isEmpty();
            assertThat(pool.stats().opened()).isEqualTo(count);
            assertThat(pool.stats().open()).isZero();
        }
    }

    /** A key that may throw, or wait, wherever it is asked anything. */
    private static final class Hostile {
        private final int hash;
        private final @Nullable CountDownLatch wait;
        private final CountDownLatch arrived = new CountDownLatch(1);

        Hostile(int hash, @Nullable CountDownLatch wait) {
            this.hash = hash;
            this.wait = wait;
        }

        @Override
        public int hashCode() {
            if (hash < 0) {
                throw new IllegalArgumentException("no hash");
            }
            return hash;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            if (wait == null) {
                throw new IllegalArgumentException("not comparable");
            }
            arrived.countDown();
            try {
                wait.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return this == other;
        }

        @Override
        public String toString() {
            throw new IllegalArgumentException("no text");
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void aKeyThatThrowsOrBlocksHarmsItsCallerAlone(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (KeyedPerThread<Object, Probe, RuntimeException> pool =
                        KeyedPerThread.<Object, Probe, RuntimeException>builder(key -> new Probe())
                                .whenIdle(whenIdle)
                                .build();
                Actor stuck = new Actor(kind);
                Actor other = new Actor(kind)) {
            int hash = "a".hashCode();
            try (Lease<Probe> a = pool.acquire("a")) {
                Hostile blocks = new Hostile(hash, end);
                FutureTask<Lease<Probe>> waits = stuck.begin(() -> pool.acquire(blocks));
                blocks.arrived.await();
                assertThatThrownBy(() -> pool.acquire(new Hostile(-1, end))).hasMessage("no hash");
                assertThatThrownBy(() -> pool.acquire(new Hostile(hash, null))).hasMessage("not comparable");
                other.call(() -> {
                    for (Object key : List.of("a", "b", 7)) {
                        pool.run(key, probe -> {});
                    }
                    return null;
                });
                assertThat(pool.stats().leased()).isEqualTo(1);
                end.countDown();
                Lease<Probe> late = Actor.get(waits);
                assertThat(pool.snapshot()).extracting(ResourceInfo::key).contains("a", Hostile.class.getName());
                assertThat(pool.keys()).contains("a", blocks);
                stuck.call(() -> {
                    late.close();
                    return null;
                });
                assertThat(a.get()).isNotNull();
            }
        }
    }

    @Test
    void theTextOfAKeyIsEscapedAndCut() {
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                pool(IdlePolicy.CLOSE).build()) {
            try (Lease<Probe> cut = pool.acquire("x".repeat(1000));
                    Lease<Probe> escaped = pool.acquire("a\nb")) {
                assertThat(cut.get()).isNotSameAs(escaped.get());
                assertThat(pool.snapshot())
                        .extracting(ResourceInfo::key)
                        .containsExactlyInAnyOrder("x".repeat(199) + "…", "a\\nb");
            }
        }
    }

    @Test
    void optionsThatContradictEachOtherAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pool(IdlePolicy.LEND).limitPerKey(0))
                .withMessage("limitPerKey must be 1 or more, but was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> pool(IdlePolicy.LEND).limitPerKey(2).minIdle(3).build())
                .withMessage("minIdle must not be more than limitPerKey (2), but was 3");
        pool(IdlePolicy.LEND).limitPerKey(1).maxWaiting(1).build().close();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void spareResourcesOfAKeyVanishWhenNobodyUsesIt(ThreadKind kind) throws Exception {
        try (KeyedPerThread<String, Probe, RuntimeException> pool = pool(IdlePolicy.LEND)
                        .minIdle(2)
                        .idleTimeout(Duration.ofMillis(50))
                        .build();
                Actor actor = new Actor(kind)) {
            Lease<Probe> lease = actor.call(() -> pool.acquire("a"));
            Actor.until(() -> pool.stats("a").idle() == 2);
            actor.call(() -> {
                lease.close();
                return null;
            });
            Actor.until(() -> pool.keys().isEmpty());
        }
    }

    // ---- at random ----

    @ParameterizedTest
    @MethodSource("combinations")
    void limitsHoldAndNothingIsLostWhateverThreadsDo(IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        int perKey = 2;
        Map<String, AtomicInteger> open = new ConcurrentHashMap<>();
        Map<String, Integer> most = new ConcurrentHashMap<>();
        Map<Probe, String> keys = new ConcurrentHashMap<>();
        try (KeyedPerThread<String, Probe, RuntimeException> pool =
                KeyedPerThread.<String, Probe, RuntimeException>builder(
                                key -> {
                                    int now = open.computeIfAbsent(key, any -> new AtomicInteger())
                                            .incrementAndGet();
                                    most.merge(key, now, Math::max);
                                    Probe probe = new Probe();
                                    keys.put(probe, key);
                                    return probe;
                                },
                                probe -> {
                                    probe.close();
                                    open.get(keys.remove(probe)).decrementAndGet();
                                })
                        .whenIdle(whenIdle)
                        .reusing()
                        .limit(4)
                        .limitPerKey(perKey)
                        .build()) {
            List<Actor> actors =
                    IntStream.range(0, 12).mapToObj(i -> new Actor(kind)).toList();
            List<FutureTask<@Nullable Object>> all = new ArrayList<>();
            for (Actor actor : actors) {
                long seed = actors.indexOf(actor);
                all.add(actor.begin(() -> {
                    Random random = new Random(seed);
                    for (int i = 0; i < 300; i++) {
                        String key = "key " + random.nextInt(5);
                        int what = random.nextInt(20);
                        if (what == 0) {
                            pool.tryAcquire(key).ifPresent(Lease::close);
                        } else if (what == 1) {
                            pool.evictIdle(key);
                        } else if (what == 2) {
                            pool.refresh();
                        } else {
                            pool.run(key, probe -> {
                                if (what < 5) {
                                    LockSupport.parkNanos(20_000);
                                }
                            });
                        }
                        pool.release(key); // or KEEP would be full of what the others keep
                    }
                    return null;
                }));
            }
            for (FutureTask<@Nullable Object> each : all) {
                Actor.get(each);
            }
            actors.forEach(Actor::end);
            pool.evictIdle();
            Actor.until(() -> pool.stats().open() == 0);
            assertThat(pool.keys()).isEmpty();
            assertThat(most.values()).allMatch(peak -> peak <= perKey);
            assertThat(Probe.peak()).isLessThanOrEqualTo(4);
            assertThat(pool.stats().opened()).isEqualTo(pool.stats().closed());
            assertThat(pool.stats().waiting()).isZero();
        }
    }

    @Test
    void limit_mustBeThatForAllKeys_ifThereIsOne() {
        try (KeyedPerThread<String, Probe, RuntimeException> bounded =
                        KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                                .limit(3)
                                .limitPerKey(2)
                                .build();
                KeyedPerThread<String, Probe, RuntimeException> unbounded =
                        KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                                .limitPerKey(2)
                                .build()) {
            assertThat(bounded.limit()).hasValue(3);
            assertThat(unbounded.limit()).isEmpty();
        }
    }

    @Test
    void actionOfOnClose_mustRunOnce_atTheEndOfClose_orAtOnceAfterIt() {
        List<String> done = new ArrayList<>();
        KeyedPerThread<String, Probe, RuntimeException> pool = KeyedPerThread.<String, Probe, RuntimeException>builder(
                        key -> new Probe(), probe -> {
                            probe.close();
                            done.add("closed");
                        })
                .whenIdle(IdlePolicy.LEND)
                .build();
        pool.onClose(() -> done.add("told"));
        pool.run("a", Probe::use);
        pool.close();
        pool.close();
        assertThat(done).containsExactly("closed", "told");
        pool.onClose(() -> done.add("late"));
        assertThat(done).containsExactly("closed", "told", "late");
    }
}
