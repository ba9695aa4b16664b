// Runs the closers of dead threads' resources where there are no virtual threads to run them: Java 17 to 20.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One daemon thread at a time, for as long as there is something to close. A task that has waited for {@link #PATIENCE}
 * because the closers before it are slow or stuck gets another one, up to {@link #MOST}.
 */
final class Aside implements Runnable {
    private static final long PATIENCE = 100_000_000;
    private static final int MOST = 16;

    private static final System.Logger LOG = System.getLogger("dev.perthread");
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Queue<Task> TASKS = new ArrayDeque<>(); // guarded by LOCK
    private static int workers; // guarded by LOCK

    private Aside() {}

    private record Task(Runnable run, long since) {}

    static void run(Runnable task) {
        LOCK.lock();
        try {
            TASKS.add(new Task(task, System.nanoTime()));
        } finally {
            LOCK.unlock();
        }
        tend();
    }

    /** Starts a thread if one is needed. The reaper asks in every round, and goes on while this is true. */
    static boolean tend() {
        LOCK.lock();
        try {
            Task oldest = TASKS.peek();
            if (oldest == null) {
                return false;
            }
            boolean late = System.nanoTime() - oldest.since > PATIENCE;
            if (workers == 0 || (late && workers < MOST)) {
                // Counted last: should the thread not start (out of memory), the next round tries again.
                Threads.daemon("perthread-closer", new Aside()).start();
                workers++;
            }
            return true;
        } finally {
            LOCK.unlock();
        }
    }

    @Override
    public void run() {
        for (Runnable task = next(); task != null; task = next()) {
            try {
                task.run();
            } catch (OutOfMemoryError passing) {
                // What closers throw was dealt with inside. This thread must go on to the next task.
                LOG.log(Level.DEBUG, "out of memory while closing what a dead thread left", passing);
            }
        }
    }

    private static @Nullable Runnable next() {
        LOCK.lock();
        try {
            Task task = TASKS.poll();
            if (task == null) {
                workers--; // under the lock: whoever adds the next task starts a thread
            }
            return task == null ? null : task.run;
        } finally {
            LOCK.unlock();
        }
    }
}
