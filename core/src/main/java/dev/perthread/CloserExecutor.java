// Runs the closers of dead threads' resources, on Java 17 to 20; later there are virtual threads for it.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.IdentityHashMap;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A lane a holder, so that slow or stuck closers of one hold up nobody else's; a daemon thread a lane, for as long as it
 * has something to close. A task that has waited for {@link #PATIENCE} in its lane gets another thread, up to
 * {@link #MOST}.
 */
final class CloserExecutor implements Runnable {
    private static final long PATIENCE = 100_000_000;
    private static final int MOST = 4;

    private static final ReentrantLock LOCK = new SpinThenParkLock();
    private static final IdentityHashMap<Object, CloserExecutor> LANES = new IdentityHashMap<>(); // guarded by LOCK

    // Guarded by LOCK.
    private final Object pool;
    private final Queue<Task> tasks = new ConcurrentLinkedQueue<>(); // which takes a task or, out of memory, does not
    private int workers;

    private CloserExecutor(Object pool) {
        this.pool = pool;
    }

    private record Task(Runnable run, long since) {}

    static void run(Object pool, Runnable task) {
        if (!takes(pool, task)) {
            bear(task); // it has been claimed: nobody else will ever do it
        }
    }

    private static boolean takes(Object pool, Runnable task) {
        LOCK.lock();
        try {
            CloserExecutor known = LANES.get(pool);
            CloserExecutor lane = known == null ? new CloserExecutor(pool) : known;
            lane.tasks.add(new Task(task, System.nanoTime()));
            if (known == null) {
                LANES.put(pool, lane); // now that it has a task: an empty one would stay for ever
            }
            lane.tend();
            return true;
        } catch (OutOfMemoryError noMemory) {
            return false;
        } finally {
            LOCK.unlock();
        }
    }

    /** Starts threads where they are needed. The reaper asks in every round, and goes on while this is true. */
    static boolean tendAll() {
        LOCK.lock();
        try {
            LANES.values().forEach(CloserExecutor::tend);
            return !LANES.isEmpty();
        } finally {
            LOCK.unlock();
        }
    }

    private void tend() {
        Task oldest = tasks.peek();
        if (oldest == null) {
            return;
        }
        boolean late = System.nanoTime() - oldest.since > PATIENCE;
        if (workers == 0 || (late && workers < MOST)) {
            try {
                Reaper.daemon("perthread-closer", this).start();
                workers++;
            } catch (OutOfMemoryError noThread) {
                // The task stays in its lane and the next round tries again. Not logged: a log handler is user code,
                // and the lock is held here.
                return;
            }
        }
    }

    @Override
    public void run() {
        for (Runnable task = next(); task != null; task = next()) {
            bear(task);
        }
    }

    /**
     * A task that is run once, however often it is called. Made before what it closes is claimed. Handing it to another thread
     * may fail when that thread has it already.
     */
    static Runnable once(Runnable task) {
        AtomicBoolean begun = new AtomicBoolean();
        return () -> {
            if (begun.compareAndSet(false, true)) {
                task.run();
            }
        };
    }

    /** What closers throw was dealt with inside. What remains, as want of memory, is nobody's to catch. */
    static void bear(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            Log.line(Level.DEBUG, "closing what a dead thread left failed", failure);
        }
    }

    private @Nullable Runnable next() {
        LOCK.lock();
        try {
            Task task = tasks.poll();
            if (task == null && --workers == 0) {
                LANES.remove(pool); // under the lock: whoever adds the next task makes a new lane
            }
            return task == null ? null : task.run;
        } finally {
            LOCK.unlock();
        }
    }
}
