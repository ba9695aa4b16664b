package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Invariant 8: a stack overflow at any depth of an operation leaves the store usable and loses no value. */
class StackOverflowTest {
    private static final int OVERFLOWS = 1_000;
    private static final int STACK = 200_000;

    private final AtomicInteger made = new AtomicInteger();
    private final Map<Integer, Integer> calledBack = new ConcurrentHashMap<>();
    private final boolean[] taken = new boolean[10_000_000]; // the values that a call has accepted; noted with no call
    private final ThreadStore<Integer> store = ThreadStore.<Integer>builder()
            .initial(made::incrementAndGet)
            .onRemove((thread, value) -> calledBack.merge(value, 1, Integer::sum))
            .build();

    /** What overflows. */
    enum Operation {
        SET {
            @Override
            void run(StackOverflowTest test) {
                int value = test.made.incrementAndGet();
                test.store.set(value);
                test.taken[value] = true;
            }
        },
        GET {
            @Override
            void run(StackOverflowTest test) {
                test.taken[test.store.get()] = true;
            }
        },
        REMOVE {
            @Override
            void run(StackOverflowTest test) {
                test.taken[test.store.get()] = true;
                test.store.remove();
            }
        },
        LOOK {
            @Override
            void run(StackOverflowTest test) {
                test.store.forEach((thread, value) -> assertThat(value).isPositive());
                test.store.size();
                test.store.find();
            }
        },
        ALL {
            @Override
            void run(StackOverflowTest test) {
                SET.run(test);
                REMOVE.run(test);
                LOOK.run(test);
            }
        };

        abstract void run(StackOverflowTest test);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @ParameterizedTest
    @EnumSource(Operation.class)
    void overflowsAtAnyDepth_leaveTheStoreUsable_andCallEachValueBackOnce(Operation operation) throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<FutureTask<Integer>> done = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int number = i;
            FutureTask<Integer> task = new FutureTask<>(() -> overflow(operation, number));
            Thread thread = new Thread(null, task, "small stack " + i, STACK);
            thread.start();
            threads.add(thread);
            done.add(task);
        }
        for (FutureTask<Integer> task : done) {
            assertThat(task.get(50, TimeUnit.SECONDS)).isEqualTo(OVERFLOWS);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Actor.until(() -> store.size() == 0); // what they left is dropped
        store.set(0);
        assertThat(store.get()).isZero();
        assertThat(store.size()).isEqualTo(1);
        assertThat(store.remove()).hasValue(0);
        assertThat(store.size()).isZero();
        assertThat(store.count()).isZero();
        Actor.until(() -> calledBack.containsKey(0));
        assertThat(calledBack.values()).containsOnly(1);
        assertThat(IntStream.range(0, taken.length).filter(value -> taken[value] && !calledBack.containsKey(value)))
                .as("taken, and never called back")
                .isEmpty();
    }

    private int overflow(Operation operation, int number) {
        Random random = new Random(number);
        int overflows = 0;
        while (overflows < OVERFLOWS) {
            try {
                recurse(operation, depth(0) - random.nextInt(150));
            } catch (StackOverflowError wanted) {
                overflows++;
            }
            Integer mine = -1 - overflows - 10_000 * number;
            store.set(mine); // hangs, or fails, where a lock was left locked or a table half changed
            assertThat(store.get()).isEqualTo(mine);
            assertThat(store.remove()).hasValue(mine);
            assertThat(calledBack.get(mine)).isEqualTo(1);
            assertThat(store.find()).isEmpty();
        }
        return overflows;
    }

    /** How deep a recursion can go from here. */
    @SuppressWarnings("InfiniteRecursion")
    private static int depth(int deep) {
        try {
            return depth(deep + 1);
        } catch (StackOverflowError end) {
            return deep;
        }
    }

    /** From that depth on each frame runs the operation, until the stack ends in it. */
    @SuppressWarnings("InfiniteRecursion") // on purpose
    private void recurse(Operation operation, int calm) {
        if (calm <= 0) {
            operation.run(this);
        }
        recurse(operation, calm - 1);
    }
}
