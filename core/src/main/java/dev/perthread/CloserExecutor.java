package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

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
 * <p>Two ways in:
 * <ul>
 * <li>{@code void run(Object pool, Runnable task)} does not wait;
 * <li>{@code List<Runnable> closeAll(Object pool, List<? extends Runnable> tasks, long boundNanos)} waits until all have
 *     run or the time is over, and returns those that have not ended by then.
 * </ul>
 *
 * <p>Their tasks have been claimed, so each is run, once, whatever happens: without memory for a thread the caller runs
 * it, and what it throws is logged. Tasks are made before what they close is claimed.
 */
final class CloserExecutor {
    private static final long LOOKING = 10_000_000; // how often one that waits looks after the threads it waits for

    private CloserExecutor() {}

    /**
     * Has a task run by another thread, if there is memory for one.
     *
     * @param pool what the task belongs to; a pool or a store
     * @param task of {@link #once}, since a thread that seems not to have started may have started all the same
     */
    static void run(Object pool, Runnable task) {
        if (!handOver(pool, task, true)) {
            runLogged(task); // it has been claimed: nobody else will ever do it
        }
    }

    private static boolean handOver(Object pool, Runnable task, boolean patient) {
        try {
            return Platform.startCloser(task) || CloserThreads.add(pool, task, patient);
        } catch (OutOfMemoryError | RejectedExecutionException noThread) {
            return false; // the latter where the carriers' queue is full and there is no memory for a larger one
        }
    }

    /**
     * Has all tasks run by other threads, side by side, and waits for them. The caller runs none of them but for lack of
     * memory. An interrupt does not end the waiting; the flag is set again afterwards.
     *
     * @param pool what the tasks belong to
     * @param tasks what to run; not changed by anybody meanwhile
     * @param boundNanos how long to wait, at most; with 0 or less it does not wait
     * @return the tasks that have not ended; they go on
     */
    static List<Runnable> closeAll(Object pool, List<? extends Runnable> tasks, long boundNanos) {
        StackProbe.touch();
        long begin = System.nanoTime();
        int count = tasks.size();
        Batch batch;
        Job[] jobs;
        List<Runnable> unfinished;
        try {
            batch = new Batch(Thread.currentThread());
            jobs = new Job[count];
            unfinished = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                jobs[i] = new Job(batch, tasks.get(i));
            }
        } catch (OutOfMemoryError noMemory) {
            for (int i = 0; i < count; i++) {
                runLogged(tasks.get(i));
            }
            return Collections.emptyList(); // which needs no memory
        }
        batch.set(count);
        for (Job job : jobs) {
            if (!handOver(pool, job, false)) {
                job.run();
            }
        }
        batch.await(begin, boundNanos);
        for (Job job : jobs) {
            if (!job.done) {
                unfinished.add(job.task);
            }
        }
        return unfinished;
    }

    /** Counts down the tasks that have not ended, for the one thread that waits for them. */
    private static final class Batch extends AtomicInteger {
        private static final long serialVersionUID = 1;

        private final transient Thread waiter;

        Batch(Thread waiter) {
            this.waiter = waiter;
        }

        void ended() {
            if (decrementAndGet() == 0) {
                LockSupport.unpark(waiter);
            }
        }

        void await(long begin, long boundNanos) {
            boolean interrupted = false;
            long left = boundNanos;
            while (get() > 0 && left > 0) {
                try {
                    CloserThreads.startMissing();
                    LockSupport.parkNanos(this, Math.min(left, LOOKING));
                } catch (OutOfMemoryError noTimer) { // of a virtual thread
                    Thread.onSpinWait();
                }
                interrupted |= Thread.interrupted();
                left = boundNanos - (System.nanoTime() - begin);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A task of a batch, run once. */
    private static final class Job extends AtomicBoolean implements Runnable {
        private static final long serialVersionUID = 1;

        private final transient Batch batch;
        private final transient Runnable task;
        private transient volatile boolean done;

        Job(Batch batch, Runnable task) {
            this.batch = batch;
            this.task = task;
        }

        @Override
        public void run() {
            if (compareAndSet(false, true)) {
                runLogged(task);
                done = true; // before it is counted: who waits reads this
                batch.ended();
            }
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
            Log.line(Level.DEBUG, "closing what a dead thread left failed", failure);
        }
    }
}
