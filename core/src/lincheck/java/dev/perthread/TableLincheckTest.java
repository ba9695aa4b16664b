package dev.perthread;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;

/**
 * Each thread's entry behaves as a variable of its own, whatever the others put, remove and rebuild meanwhile. A ThreadStore
 * is such a table.
 */
@Param(name = "tid", gen = ThreadIdGen.class)
@Param(name = "value", gen = IntGen.class, conf = "1:9")
public class TableLincheckTest {
    private static final class Value extends ThreadTable.Entry {
        final int value;

        Value(Thread owner, int value) {
            super(owner);
            this.value = value;
        }
    }

    private static final List<Thread> OTHERS = Colliding.threads(4);

    private final ReentrantLock lock = new ReentrantLock();
    private final ThreadTable<Value> table = new ThreadTable<>();

    public TableLincheckTest() {
        for (Thread other : OTHERS) {
            table.put(new Value(other, 0)); // one more and it is rebuilt
        }
    }

    @Operation
    public int get(@Param(name = "tid") int tid) {
        Value own = table.entryOf(Thread.currentThread());
        return own == null ? -1 : own.value;
    }

    @Operation
    public void put(@Param(name = "tid") int tid, @Param(name = "value") int value) {
        lock.lock();
        try {
            table.put(new Value(Thread.currentThread(), value));
        } finally {
            lock.unlock();
        }
    }

    @Operation
    public void remove(@Param(name = "tid") int tid) {
        lock.lock();
        try {
            table.takeOut(Thread.currentThread());
        } finally {
            lock.unlock();
        }
    }

    @Operation
    public int size() {
        lock.lock();
        try {
            return table.entries().size();
        } finally {
            lock.unlock();
        }
    }

    /** One map, no threads. */
    public static class Sequential {
        private final java.util.Map<Integer, Integer> values = new java.util.HashMap<>();

        public int get(int tid) {
            return values.getOrDefault(tid, -1);
        }

        public void put(int tid, int value) {
            values.put(tid, value);
        }

        public void remove(int tid) {
            values.remove(tid);
        }

        public int size() {
            return 4 + values.size();
        }
    }

    // No model checking here: cells follow from thread ids, which differ from run to run, so no run can be replayed.
    @Test
    void isLinearizableUnderStress() {
        new StressOptions()
                .sequentialSpecification(Sequential.class)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(Integer.getInteger("lincheck.iterations", 30))
                .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 3_000))
                .check(TableLincheckTest.class);
    }
}
