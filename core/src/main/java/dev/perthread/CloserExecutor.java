package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs closers, and removal callbacks, side by side and off the thread that wants them run: one that is slow or stuck
 * holds up neither that thread nor other closers.
 *
 * <p>What holds on every Java version: at least {@link CloserThreads#SIDE_BY_SIDE} closers of a pool run at once, other
 * pools' not counted, and one that has run for {@link CloserThreads#SLOW} does not count any more. From Java 24 on each
 * closer has a virtual thread, and any number run at once. Before that a virtual thread that blocks in a synchronized
 * method takes a carrier from the whole process, and on 17 there are none: so {@link CloserThreads} are used, of which a
 * pool has at most {@link CloserThreads#MOST}. When so many closers of one pool are stuck, this pool's others wait.
 *
 * <p>What a task closes has been claimed, so it is run, once, whatever happens: without memory for a thread the caller runs
 * it, and what it throws is logged. Tasks are made before what they close is claimed.
 */
final class CloserExecutor {
    private CloserExecutor() {}

    /**
     * Has a task run by another thread, if there is memory for one.
     *
     * @param pool what the task belongs to; a pool or a store
     * @param task of {@link #once}, since a thread that seems not to have started may have started all the same
     */
    static void run(Object pool, Runnable task) {
        if (!handOver(pool, task)) {
            runLogged(task); // it has been claimed: nobody else will ever do it
        }
    }

    private static boolean handOver(Object pool, Runnable task) {
        try {
            return Platform.startCloser(task) || CloserThreads.add(pool, task);
        } catch (OutOfMemoryError | RejectedExecutionException noThread) {
            return false; // the latter where the carriers' queue is full and there is no memory for a larger one
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
    static void runLogged(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            Log.line(Level.DEBUG, "a background task failed", failure);
        }
    }
}
