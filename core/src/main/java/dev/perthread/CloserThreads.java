package dev.perthread;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Daemon threads that run closers, for Java versions on which virtual threads are missing or can be pinned. Every pool
 * has threads of its own, so that slow or stuck closers of one hold up nobody else's; they end when it has nothing more
 * to close.
 *
 * <p>Up to {@link #SIDE_BY_SIDE} closers of a pool run at once. One that has run for {@link #SLOW} no longer counts:
 * closers that are stuck cannot use up the bound, only memory, and of that no more than {@link #MOST} threads take.
 */
final class CloserThreads {
    static final int SIDE_BY_SIDE = 32;
    static final int MOST = 256; // threads of a pool, those that are stuck included
    static final long SLOW = 100_000_000;
    private static final long CHECK_INTERVAL = SLOW / 4; // how long one that has become slow may go unnoticed

    private static final ReentrantLock LOCK = new SpinThenParkLock();
    private static final IdentityHashMap<Object, CloserThreads> POOLS = new IdentityHashMap<>(); // guarded by LOCK

    // Guarded by LOCK.
    private final Object pool;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>(); // takes a task or, out of memory, does not
    private int waiting; // in that queue, whose size() counts them
    private final List<Worker> workers = new ArrayList<>();

    private CloserThreads(Object pool) {
        this.pool = pool;
    }

    private final class Worker implements Runnable {
        // Guarded by LOCK.
        private boolean busy; // with a task, which it took at this time:
        private long since;

        @Override
        public void run() {
            for (Runnable task = next(this); task != null; task = next(this)) {
                CloserExecutor.runLogged(task);
            }
        }
    }

    /**
     * Has a task run by a thread of its pool. Where no thread can be started for lack of memory it is left in the queue, until
     * somebody calls {@link #startMissing}.
     *
     * @return whether it was taken; {@code false} for lack of memory
     */
    static boolean add(Object pool, Runnable task) {
        LOCK.lock();
        try {
            CloserThreads known = POOLS.get(pool);
            CloserThreads threads = known == null ? new CloserThreads(pool) : known;
            threads.tasks.add(task);
            threads.waiting++;
            if (known == null) {
                POOLS.put(pool, threads); // now that it has a task: an empty one would stay for ever
            }
            threads.startWhatIsNeeded();
            return true;
        } catch (OutOfMemoryError noMemory) {
            return false;
        } finally {
            LOCK.unlock();
        }
    }

    /**
     * Starts threads where closers wait and others have become slow. To be called again and again while something waits.
     *
     * @return the nanoseconds until then, or {@link Reaper#NO_HURRY} if nothing waits
     */
    static long startMissing() {
        LOCK.lock();
        try {
            boolean wait = false;
            for (CloserThreads threads : POOLS.values()) {
                threads.startWhatIsNeeded();
                wait |= threads.waiting > 0;
            }
            return wait ? CHECK_INTERVAL : Reaper.NO_HURRY;
        } finally {
            LOCK.unlock();
        }
    }

    private void startWhatIsNeeded() {
        int coming = 0; // started, and on their way to take a task
        int counted = 0;
        long now = System.nanoTime();
        for (int i = 0; i < workers.size() && waiting > 0; i++) {
            Worker worker = workers.get(i);
            coming += worker.busy ? 0 : 1;
            counted += worker.busy && now - worker.since >= SLOW ? 0 : 1;
        }
        while (waiting > coming && counted < SIDE_BY_SIDE && workers.size() < MOST && start()) {
            coming++;
            counted++;
        }
    }

    private boolean start() {
        try {
            Worker worker = new Worker();
            Thread thread = DaemonThreads.create("perthread-closer", worker);
            workers.add(worker);
            try {
                thread.start();
            } catch (OutOfMemoryError noThread) {
                workers.remove(worker);
                return false;
            }
            return true;
        } catch (OutOfMemoryError noThread) {
            // The task stays where it is, for a thread that runs already or for when there is memory again. Not logged:
            // a log handler is user code, and the lock is held here.
            return false;
        }
    }

    private @Nullable Runnable next(Worker worker) {
        LOCK.lock();
        try {
            Runnable task = tasks.poll();
            if (task == null) {
                workers.remove(worker);
                forgetIfDone();
                return null;
            }
            waiting--;
            worker.busy = true;
            worker.since = System.nanoTime();
            return task;
        } finally {
            LOCK.unlock();
        }
    }

    private void forgetIfDone() {
        if (waiting == 0 && workers.isEmpty()) {
            POOLS.remove(pool, this); // under the lock: whoever adds the next task makes new ones
        }
    }
}
