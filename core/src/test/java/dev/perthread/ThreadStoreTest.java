package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The store: get, find, isSet, set, remove, forEach, size, close, and the callback for each way of leaving. */
class ThreadStoreTest {
    private final Queue<String> removed = new ConcurrentLinkedQueue<>();

    private ThreadStore.Builder<String> builder() {
        return ThreadStore.<String>builder().onRemove((thread, value) -> removed.add(value));
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void eachThreadSeesItsOwn(ThreadKind kind) throws Exception {
        try (ThreadStore<String> store = ThreadStore.create();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            first.call(() -> {
                assertThat(store.isSet()).isFalse();
                assertThat(store.find()).isEmpty();
                assertThatThrownBy(store::get)
                        .isInstanceOf(NoSuchElementException.class)
                        .hasMessageContaining("(id " + Platform.id(Thread.currentThread()) + ")");
                assertThat(store.remove()).isEmpty();
                assertThat(store.size()).isZero();
                store.set("first");
                return null;
            });
            second.call(() -> {
                assertThat(store.isSet()).isFalse();
                assertThat(store.remove()).isEmpty();
                store.set("second");
                return null;
            });
            assertThat(first.call(store::get)).isEqualTo("first");
            assertThat(first.call(store::find)).hasValue("first");
            assertThat(store.size()).isEqualTo(2);
            Map<Thread, String> all = new HashMap<>();
            store.forEach(all::put);
            assertThat(all).containsOnly(Map.entry(first.thread(), "first"), Map.entry(second.thread(), "second"));
            assertThat(first.call(store::remove)).hasValue("first");
            assertThat(first.call(store::isSet)).isFalse();
            assertThat(second.call(store::get)).isEqualTo("second");
            assertThat(store.size()).isEqualTo(1);
            assertThat(store.isSet()).isFalse(); // this thread
            assertThatThrownBy(() -> store.set(null)).isInstanceOf(NullPointerException.class);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theInitialValueIsMadeOncePerThreadAndFindNeverMakesOne(ThreadKind kind) throws Exception {
        AtomicInteger made = new AtomicInteger();
        try (ThreadStore<Integer> store = ThreadStore.withInitial(made::incrementAndGet)) {
            kind.inParallel(8, i -> {
                assertThat(store.find()).isEmpty();
                assertThat(store.isSet()).isFalse();
                Integer mine = store.get();
                for (int n = 0; n < 100; n++) {
                    assertThat(store.get()).isSameAs(mine);
                }
                assertThat(store.find()).hasValue(mine);
            });
            assertThat(made).hasValue(8);
        }
    }

    @Test
    void aFailingInitializerIsTriedAgainAndLeavesNothing() {
        AtomicInteger calls = new AtomicInteger();
        try (ThreadStore<String> store = builder()
                .initial(() -> {
                    int call = calls.incrementAndGet();
                    if (call == 1) {
                        throw new IllegalArgumentException("first");
                    }
                    if (call == 2) {
                        throw new LinkageError("second");
                    }
                    return call == 3 ? null : "fourth";
                })
                .build()) {
            assertThatThrownBy(store::get).isInstanceOf(IllegalArgumentException.class);
            assertThat(store.size()).isZero();
            assertThat(store.isSet()).isFalse();
            assertThatThrownBy(store::get).isInstanceOf(LinkageError.class);
            assertThatThrownBy(store::get).isInstanceOf(NullPointerException.class);
            assertThat(store.size()).isZero();
            assertThat(store.get()).isEqualTo("fourth");
            assertThat(removed).isEmpty();
        }
        assertThat(removed).containsExactly("fourth");
    }

    @Test
    void anInitializerThatCallsGetIsRefusedAndMaySet() {
        AtomicReference<ThreadStore<String>> self = new AtomicReference<>();
        try (ThreadStore<String> store = builder()
                .initial(() -> {
                    assertThatThrownBy(self.get()::get).isInstanceOf(IllegalStateException.class);
                    assertThat(self.get().find()).isEmpty();
                    self.get().set("set inside");
                    return "returned";
                })
                .build()) {
            self.set(store);
            assertThat(store.get()).isEqualTo("returned");
            assertThat(removed).containsExactly("set inside");
        }
        assertThat(removed).containsExactly("set inside", "returned");
    }

    @Test
    void theCallbackComesOnceForEachWayOfLeaving() throws Exception {
        ThreadStore<String> store = builder().build();
        store.set("a");
        store.set("b"); // replaces a
        assertThat(removed).containsExactly("a");
        String same = "b";
        store.set(same);
        assertThat(removed).containsExactly("a");
        assertThat(store.remove()).hasValue("b");
        assertThat(store.remove()).isEmpty();
        assertThat(removed).containsExactly("a", "b");
        ThreadKind.PLATFORM.call(() -> {
            store.set("of a thread that ended");
            return null;
        });
        Actor.until(() -> removed.size() == 3);
        assertThat(store.size()).isZero();
        store.set("left");
        store.close();
        assertThat(removed).containsExactly("a", "b", "of a thread that ended", "left");
        store.close();
        assertThat(removed).hasSize(4);
        assertThat(store.find()).isEmpty();
        assertThat(store.isSet()).isFalse();
        assertThat(store.remove()).isEmpty();
        assertThat(store.size()).isZero();
        store.forEach((thread, value) -> assertThat(value).isNull());
        assertThatThrownBy(() -> store.set("late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(store::get).isInstanceOf(IllegalStateException.class);
        assertThat(removed).hasSize(4);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theValuesOfEndedThreadsAreGoneSoon(ThreadKind kind) throws Exception {
        try (ThreadStore<String> store = builder().build()) {
            kind.inParallel(100, i -> store.set("value " + i));
            long dead = System.nanoTime();
            Actor.until(() -> removed.size() == 100);
            long took = System.nanoTime() - dead;
            assertThat(removed).doesNotHaveDuplicates();
            assertThat(store.size()).isZero();
            System.out.printf("values of 100 %s threads: gone after %.1f ms%n", kind, took / 1e6);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void closingRacingWithSetAndRemoveCallsBackOnceForEach(ThreadKind kind) throws Exception {
        for (int round = 0; round < 100; round++) {
            AtomicInteger taken = new AtomicInteger();
            IdentityHashMap<Object, Boolean> gone = new IdentityHashMap<>();
            AtomicInteger twice = new AtomicInteger();
            ThreadStore<Object> store = ThreadStore.<Object>builder()
                    .onRemove((thread, value) -> {
                        synchronized (gone) {
                            if (gone.put(value, true) != null) {
                                twice.incrementAndGet();
                            }
                        }
                    })
                    .build();
            CountDownLatch start = new CountDownLatch(4);
            kind.inParallel(4, i -> {
                start.countDown();
                start.await();
                if (i == 0) {
                    store.close();
                    return;
                }
                try {
                    for (int n = 0; n < 50; n++) {
                        store.set(new Object());
                        taken.incrementAndGet();
                        if (n % 3 == 0) {
                            store.remove();
                        }
                    }
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining("closed");
                }
            });
            Actor.until(
                    () -> { // the reaper may be about to call back for a thread that had ended before
                        synchronized (gone) {
                            return gone.size() == taken.get();
                        }
                    });
            assertThat(twice).hasValue(0);
            assertThat(store.size()).isZero();
        }
    }

    @Test
    void aStoreThatClosesWhileAnInitializerRunsCallsBackForItsValue() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ThreadStore<String> store = builder()
                .initial(() -> {
                    inside.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return "late";
                })
                .build();
        try (Actor actor = new Actor(ThreadKind.PLATFORM)) {
            FutureTask<String> getting = actor.begin(store::get);
            inside.await();
            store.close(); // is not held up by it
            goOn.countDown();
            assertThatThrownBy(() -> Actor.get(getting)).isInstanceOf(IllegalStateException.class);
            assertThat(actor.call(store::find)).isEmpty();
        }
        assertThat(removed).containsExactly("late");
        assertThat(store.size()).isZero();
    }

    @Test
    void callbacksThatFailReachWhoeverRemovedAndDoNotStopTheOthers() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        ThreadStore<String> store = ThreadStore.<String>builder()
                .onRemove((thread, value) -> {
                    calls.incrementAndGet();
                    throw new IllegalArgumentException(value);
                })
                .build();
        store.set("a");
        assertThatThrownBy(() -> store.set("b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a");
        assertThat(store.get()).isEqualTo("b");
        assertThatThrownBy(store::remove).hasMessage("b");
        assertThat(store.isSet()).isFalse();
        List<Actor> actors = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Actor actor = new Actor(ThreadKind.PLATFORM);
            actors.add(actor);
            int number = i;
            actor.call(() -> {
                store.set("c" + number);
                return null;
            });
        }
        assertThatThrownBy(store::close)
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2));
        assertThat(calls).hasValue(5);
        store.close();
        actors.forEach(Actor::end);
    }

    @Test
    void forEachHoldsNoLockAndItsFailureGoesOn() throws Exception {
        try (ThreadStore<String> store = ThreadStore.create();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            store.set("mine");
            store.forEach((thread, value) -> {
                try {
                    other.call(() -> {
                        store.set("theirs");
                        assertThat(store.size()).isEqualTo(2);
                        return store.remove();
                    });
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                assertThat(store.remove()).hasValue("mine");
            });
            assertThat(store.size()).isZero();
            store.set("again");
            assertThatThrownBy(() -> store.forEach((thread, value) -> {
                        throw new IllegalArgumentException(value);
                    }))
                    .hasMessage("again");
        }
    }

    @Test
    void isSetIsTrueFromSetToRemove() {
        try (ThreadStore<String> store = builder().build()) {
            assertThat(store.isSet()).isFalse();
            store.set("mine");
            assertThat(store.isSet()).isTrue();
            store.remove();
            assertThat(store.isSet()).isFalse();
        }
    }

    @Test
    void whatIsRemovedOrFailedLeavesNoEntryForTheReaperToLookAt() {
        ThreadStore<String> store = builder()
                .initial(() -> {
                    throw new IllegalStateException("on purpose");
                })
                .build();
        assertThatThrownBy(store::get).hasMessage("on purpose");
        assertThat(store.sweep(owner -> {})).isEqualTo(Reaper.NOTHING_OPEN);
        store.set("mine");
        List<Thread> owners = new ArrayList<>();
        assertThat(store.sweep(owners::add)).isEqualTo(Reaper.NO_HURRY);
        assertThat(owners).containsExactly(Thread.currentThread());
        store.remove();
        assertThat(store.sweep(owner -> {})).isEqualTo(Reaper.NOTHING_OPEN);
        store.set("again");
        store.close();
        assertThat(store.sweep(owner -> {})).isEqualTo(Reaper.NOTHING_OPEN);
    }

    @Test
    void anErrorOfACallbackArrivesAsItselfWhenTheStoreIsClosed() {
        AssertionError failure = new AssertionError("on purpose");
        ThreadStore<String> store = ThreadStore.<String>builder()
                .onRemove((thread, value) -> {
                    throw failure;
                })
                .build();
        store.set("mine");
        assertThatThrownBy(store::close).isSameAs(failure);
        assertThat(store.size()).isZero();
    }

    @Test
    void aChildThreadInheritsNothing() throws Exception {
        try (ThreadStore<String> store = ThreadStore.create()) {
            store.set("parent");
            assertThat(ThreadKind.PLATFORM.call(store::find)).isEmpty();
        }
    }

    // ---- getOrSet, getOrOpen, getAndSet, clear ----

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void getOrSet_makesTheValueOfAThreadThatHasNone_andOnlyThen(ThreadKind kind) throws Exception {
        try (ThreadStore<String> store = builder().initial(() -> "initial").build()) {
            kind.call(() -> {
                assertThat(store.getOrSet(() -> "supplied")).isEqualTo("supplied");
                assertThat(store.getOrSet(() -> {
                            throw new AssertionError("it has a value");
                        }))
                        .isEqualTo("supplied");
                assertThat(store.get()).isEqualTo("supplied");
                return store.remove();
            });
            assertThat(store.size()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void getOrOpen_throwsWhatTheOpenerThrows_asItself_andLeavesNoValue(ThreadKind kind) throws Exception {
        IOException failure = new IOException("on purpose");
        try (ThreadStore<String> store = builder().build()) {
            kind.call(() -> {
                assertThatThrownBy(() -> store.getOrOpen(() -> {
                            throw failure;
                        }))
                        .isSameAs(failure);
                assertThat(store.isSet()).isFalse();
                assertThat(store.sweep(owner -> {})).isEqualTo(Reaper.NOTHING_OPEN);
                assertThat(store.getOrSet(() -> "next")).isEqualTo("next");
                return store.remove();
            });
        }
    }

    @Test
    void getOrSet_refusesASupplierThatAsksForAValue_orReturnsNone() {
        try (ThreadStore<String> store = builder().build()) {
            assertThatThrownBy(() -> store.getOrSet(() -> store.getOrSet(() -> "inner")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("for ever");
            assertThatThrownBy(() -> store.getOrSet(() -> null)).isInstanceOf(NullPointerException.class);
            assertThatThrownBy(() -> store.getOrSet(null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("supplier");
            assertThatThrownBy(() -> store.getOrOpen(null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("opener");
            assertThat(store.isSet()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void getAndSet_handsBackTheValueThatWasThere_withoutACallback(ThreadKind kind) throws Exception {
        List<String> calledBack = new CopyOnWriteArrayList<>();
        try (ThreadStore<String> store = ThreadStore.<String>builder()
                .onRemove((thread, value) -> calledBack.add(value))
                .build()) {
            kind.call(() -> {
                assertThat(store.getAndSet("first")).isEmpty();
                assertThat(store.getAndSet("second")).hasValue("first");
                assertThat(store.get()).isEqualTo("second");
                assertThat(calledBack).isEmpty();
                return store.remove();
            });
            assertThat(calledBack).containsExactly("second");
        }
        ThreadStore<String> closed = ThreadStore.create();
        closed.close();
        assertThatThrownBy(() -> closed.getAndSet("late")).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void clear_removesTheValuesOfAllThreads_eachWithItsCallback_andTheStoreGoesOn(ThreadKind kind) throws Exception {
        List<String> calledBack = new CopyOnWriteArrayList<>();
        try (ThreadStore<String> store = ThreadStore.<String>builder()
                        .onRemove((thread, value) -> {
                            calledBack.add(value);
                            throw new IllegalArgumentException(value);
                        })
                        .build();
                Actor one = new Actor(kind);
                Actor two = new Actor(kind)) {
            for (Actor each : List.of(one, two)) {
                each.call(() -> {
                    store.set(each == one ? "one" : "two");
                    return null;
                });
            }
            assertThatThrownBy(store::clear)
                    .isInstanceOf(IllegalArgumentException.class)
                    .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
            assertThat(calledBack).containsExactlyInAnyOrder("one", "two");
            assertThat(store.size()).isZero();
            store.clear();
            assertThat(one.call(store::find)).isEmpty();
            one.call(() -> {
                store.set("again");
                return null;
            });
            assertThat(one.call(store::get)).isEqualTo("again");
            assertThatThrownBy(() -> one.call(store::remove)).hasMessage("again");
        }
        assertThat(calledBack).hasSize(3);
    }
}
