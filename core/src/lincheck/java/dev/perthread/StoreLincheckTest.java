package dev.perthread;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;

/**
 * Each thread finds what it set itself, by any way of looking, whatever the others set and remove meanwhile. The number of
 * all values is left out: it is counted one by one, which is no single step and is not promised to be.
 */
@Param(name = "tid", gen = ThreadIdGen.class)
@Param(name = "value", gen = IntGen.class, conf = "1:9")
public class StoreLincheckTest {
    /** Each has a value too. They live on, else the reaper would take those away. */
    private static final List<ExecutorService> OTHERS = IntStream.range(0, 4)
            .mapToObj(i -> Executors.newSingleThreadExecutor(Colliding::thread))
            .toList();

    private final ThreadStore<Integer> store = ThreadStore.create();

    public StoreLincheckTest() throws Exception {
        for (ExecutorService other : OTHERS) {
            other.submit(() -> store.set(0)).get();
        }
    }

    @Operation
    public int find(@Param(name = "tid") int tid) {
        return store.find().orElse(-1);
    }

    @Operation
    public boolean set(@Param(name = "tid") int tid, @Param(name = "value") int value) {
        try {
            store.set(value);
            return true;
        } catch (IllegalStateException closed) {
            return false;
        }
    }

    @Operation
    public int remove(@Param(name = "tid") int tid) {
        return store.remove().orElse(-1);
    }

    @Operation
    public int own(@Param(name = "tid") int tid) {
        int[] own = {-1};
        store.forEach((thread, value) -> {
            if (thread == Thread.currentThread()) {
                own[0] = value;
            }
        });
        return own[0];
    }

    /** No map, and no threads. */
    public static class Sequential {
        private final Map<Integer, Integer> values = new HashMap<>();

        public int find(int tid) {
            return values.getOrDefault(tid, -1);
        }

        public boolean set(int tid, int value) {
            values.put(tid, value);
            return true;
        }

        public int remove(int tid) {
            Integer removed = values.remove(tid);
            return removed == null ? -1 : removed;
        }

        public int own(int tid) {
            return find(tid);
        }
    }

    @Test
    void isAMapFromThreads() {
        // By stress, for the reason that is given in TableLincheckTest.
        new StressOptions()
                .sequentialSpecification(Sequential.class)
                .threads(3)
                .actorsPerThread(4)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(Integer.getInteger("lincheck.iterations", 10))
                .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 3_000))
                .check(StoreLincheckTest.class);
    }
}
