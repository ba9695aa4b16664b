package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The store follows live threads: common pool, threads in disguise, values that refer to it, a million threads. */
class ThreadStoreLifeTest {

    @Test
    void onTheCommonPoolEachWorkerKeepsItsValue() {
        AtomicInteger made = new AtomicInteger();
        try (ThreadStore<Thread> store = ThreadStore.withInitial(() -> {
            made.incrementAndGet();
            return Thread.currentThread();
        })) {
            for (int i = 0; i < 20_000; i++) {
                ForkJoinPool.commonPool().execute(() -> assertThat(store.get()).isSameAs(Thread.currentThread()));
            }
            ForkJoinPool.commonPool().awaitQuiescence(30, TimeUnit.SECONDS);
            IntStream.range(0, 20_000)
                    .parallel()
                    .forEach(i -> assertThat(store.get()).isSameAs(Thread.currentThread()));
            assertThat(made.get()).isLessThanOrEqualTo(2 * ForkJoinPool.getCommonPoolParallelism() + 2);
        }
    }

    @Test
    void threadsThatOverrideEqualsHashCodeAndGetIdAreToldApart() throws Exception {
        int many = 50;
        try (ThreadStore<Thread> store = ThreadStore.create()) {
            CountDownLatch set = new CountDownLatch(many);
            CountDownLatch end = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                threads.add(new SpoofedThread(() -> {
                    store.set(Thread.currentThread());
                    set.countDown();
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    assertThat(store.get()).isSameAs(Thread.currentThread());
                    assertThat(store.remove()).containsSame(Thread.currentThread());
                }));
            }
            threads.forEach(Thread::start);
            set.await();
            assertThat(store.size()).isEqualTo(many);
            store.forEach((thread, value) -> assertThat(value).isSameAs(thread));
            end.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(store.size()).isZero();
        }
    }

    private static WeakReference<ThreadStore<Object>> storeThatItsValueRefersTo(Actor user) throws Exception {
        ThreadStore<Object> store = ThreadStore.create();
        user.call(() -> {
            store.set(new Object[] {store});
            return null;
        });
        store.set(store);
        return new WeakReference<>(store);
    }

    @Test
    void aStoreThatItsOwnValuesReferToIsCollected() throws Exception {
        try (Actor user = new Actor(ThreadKind.PLATFORM)) {
            WeakReference<ThreadStore<Object>> store = storeThatItsValueRefersTo(user);
            Actor.until(() -> {
                System.gc();
                return store.refersTo(null);
            });
        }
    }

    @Test
    void aMillionVirtualThreadsLeaveNothing() throws Exception {
        boolean virtual = ThreadKind.available().anyMatch(kind -> kind == ThreadKind.VIRTUAL);
        int threads = virtual ? 1_000_000 : 5_000;
        ThreadKind kind = virtual ? ThreadKind.VIRTUAL : ThreadKind.PLATFORM;
        AtomicInteger gone = new AtomicInteger();
        int peak = 0;
        ThreadStore<Integer> store = ThreadStore.<Integer>builder()
                .onRemove((thread, value) -> gone.incrementAndGet())
                .build();
        Semaphore atOnce = new Semaphore(500); // so that the heap of the test stays small
        long begin = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            int number = i;
            atOnce.acquire();
            kind.start(() -> {
                store.set(number);
                if (number % 2 == 0) {
                    store.remove(); // half of them clean up
                }
                atOnce.release();
            });
            if (i % 10_000 == 0) {
                peak = Math.max(peak, store.size());
            }
        }
        Actor.until(() -> gone.get() == threads);
        assertThat(store.size()).isZero();
        long took = System.nanoTime() - begin;
        assertThat(store.capacity()).isLessThanOrEqualTo(16);
        store.close();
        System.out.printf(
                "store: %,d %s threads in %.1f s, at most %,d values seen at once, table at the end %d cells%n",
                threads, kind, took / 1e9, peak, store.capacity());
    }

    private static final class Numbered extends ThreadTable.Entry {
        Numbered(Thread thread) {
            super(thread);
        }
    }

    @ParameterizedTest
    @EnumSource(Order.class)
    void theTableFindsWhatWasPutAndNothingElseWhateverTheOrder(Order order) {
        ThreadTable<Numbered> table = new ThreadTable<>();
        List<Numbered> in = new ArrayList<>();
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            all.add(i % 3 == 0 ? new SpoofedThread(() -> {}) : new Thread(() -> {}));
        }
        Random random = new Random(5);
        List<Thread> out = new ArrayList<>(all);
        for (int step = 0; step < 20_000; step++) {
            boolean grow =
                    in.isEmpty() || (!out.isEmpty() && random.nextInt(1_000) < (step / 2_000 % 2 == 0 ? 600 : 400));
            if (grow) {
                Numbered entry = new Numbered(out.remove(random.nextInt(out.size())));
                table.put(entry);
                in.add(entry);
            } else {
                int index = switch (order) {
                    case FIRST -> 0;
                    case LAST -> in.size() - 1;
                    case ANY -> random.nextInt(in.size());
                };
                Thread thread = in.remove(index).thread;
                table.takeOut(thread);
                out.add(thread);
                assertThat(table.entryOf(thread) == null).isTrue();
            }
            if (step % 100 == 0) {
                in.forEach(entry ->
                        assertThat(table.entryOf(entry.thread) == entry).isTrue());
                out.forEach(thread -> assertThat(table.entryOf(thread) == null).isTrue());
                assertThat(table.count()).isEqualTo(in.size());
                assertThat(table.entries().size()).isEqualTo(in.size());
                assertThat(table.capacity()).isLessThanOrEqualTo(Math.max(8, 16 * (in.size() + 1)));
            }
        }
    }

    @Test
    void theTableGrowsBeforeLessThanAQuarterOfItsCellsIsFreeAndShrinksWhenLessThanAnEighthIsUsed() {
        ThreadTable<Numbered> table = new ThreadTable<>();
        List<Thread> in = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            in.add(new Thread());
            table.put(new Numbered(in.get(i - 1)));
            assertThat(table.capacity()).isEqualTo(i <= 5 ? 8 : 16);
        }
        for (Thread thread : in) {
            table.takeOut(thread);
            assertThat(table.capacity()).isEqualTo(table.count() >= 2 ? 16 : 8);
        }
    }

    @Test
    void takingOutAThreadThatIsNotThereChangesNothing() {
        ThreadTable<Numbered> table = new ThreadTable<>();
        Numbered entry = new Numbered(new Thread());
        table.put(entry);
        for (int i = 0; i < 20; i++) {
            table.takeOut(new Thread());
        }
        assertThat(table.count()).isEqualTo(1);
        assertThat(table.entryOf(entry.thread) == entry).isTrue();
    }

    @Test
    void aThreadThatComesAndGoesUsesTheSameCellAgain() throws Exception {
        ThreadTable<Numbered> table = new ThreadTable<>();
        for (int i = 0; i < 3; i++) {
            table.put(new Numbered(new Thread()));
        }
        for (int i = 0; i < 50; i++) {
            Thread thread = new Thread();
            Object cells = null;
            for (int round = 0; round < 50; round++) {
                table.put(new Numbered(thread));
                table.takeOut(thread);
                if (round == 3) { // what others left there may have been cleared away until now
                    cells = cells(table);
                }
            }
            assertThat(cells(table) == cells).isTrue();
        }
    }

    @Test
    void cellsThatLedOnlyPastThoseWhoHaveGoneAreFreeAgain() throws Exception {
        ThreadTable<Numbered> table = new ThreadTable<>();
        Object cells = cells(table);
        for (int i = 0; i < 100; i++) {
            Thread one = new Thread();
            Thread behind = new Thread();
            while ((Platform.hash(behind) & 7) != (Platform.hash(one) & 7)) {
                behind = new Thread();
            }
            table.put(new Numbered(one));
            table.put(new Numbered(behind));
            table.takeOut(one);
            table.takeOut(behind);
        }
        assertThat(cells(table) == cells).isTrue();
    }

    private static Object cells(ThreadTable<?> table) throws ReflectiveOperationException {
        Field cells = ThreadTable.class.getDeclaredField("table");
        cells.setAccessible(true);
        return cells.get(table);
    }

    /** Which entry is removed. */
    enum Order {
        FIRST,
        LAST,
        ANY
    }
}
