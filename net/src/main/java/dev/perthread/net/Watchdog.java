package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread that closes what is not done by its deadline, for operations that the Java runtime can bound by a time
 * only at a price, or not at all. It exists while there is something to watch and for a second or two after.
 *
 * <p>Beginning and ending a watch is adding to a set and removing from it: the thread looks once a second by itself, and is
 * woken only for a deadline that is sooner.
 */
final class Watchdog implements Runnable {
    private static final long ROUND_NANOS = 1_000_000_000L;

    private static final Set<Watch> WATCHES = ConcurrentHashMap.newKeySet();
    private static final AtomicReference<@Nullable Watchdog> RUNNING = new AtomicReference<>();

    private final Thread thread;
    private volatile boolean needed =
            true; // since the last round, so that steady traffic does not start thread by thread
    private volatile boolean sleeping;
    private volatile long wakesAt;

    private Watchdog() {
        ThreadGroup root = Thread.currentThread().getThreadGroup();
        while (root.getParent() != null) {
            root = root.getParent();
        }
        // Nothing of whoever happens to come first: neither group nor thread-locals nor class loader.
        thread = new Thread(root, this, "perthread-net-watchdog", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
    }

    /** One operation that is watched. */
    static final class Watch {
        private enum State {
            RUNNING,
            ENDED,
            EXPIRED
        }

        private final Closeable part;
        private final long at;
        private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

        private Watch(Closeable part, long at) {
            this.part = part;
            this.at = at;
        }

        /**
         * Nothing is closed any more after this.
         *
         * @return whether the operation was in time; if not, its part is closed, now or in a moment
         */
        boolean end() {
            WATCHES.remove(this);
            return state.compareAndSet(State.RUNNING, State.ENDED) || state.get() == State.ENDED;
        }

        private void expire() {
            if (state.compareAndSet(State.RUNNING, State.EXPIRED)) {
                try {
                    part.close();
                } catch (IOException unimportant) {
                    // Whoever waits for it sees that its time is over, and closes it too.
                }
            }
            WATCHES.remove(this);
        }
    }

    /**
     * Closes the part from a thread of its own unless the watch is ended in time.
     *
     * @param nanos from now
     */
    static Watch watch(Closeable part, long nanos) {
        Watch watch = new Watch(part, System.nanoTime() + nanos);
        WATCHES.add(watch);
        try {
            Watchdog running = RUNNING.get();
            if (running == null) {
                start();
            } else {
                running.noticeDeadline(watch.at);
            }
            return watch;
        } catch (Throwable failure) { // no thread to be had, as a rule
            watch.end();
            throw failure;
        }
    }

    /** To be thrown by an operation that was ended. */
    static SocketTimeoutException late(@Nullable IOException cause) {
        SocketTimeoutException late = new SocketTimeoutException();
        late.initCause(cause);
        return late;
    }

    private static void start() {
        Watchdog started = new Watchdog();
        if (RUNNING.compareAndSet(null, started)) {
            try {
                started.thread.start();
            } catch (Throwable failure) {
                RUNNING.set(null);
                throw failure;
            }
        }
    }

    private void noticeDeadline(long at) {
        if (!needed) {
            needed = true;
        }
        if (!sleeping || at - wakesAt < 0) { // while it looks through the watches, it may have missed this one
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void run() {
        try {
            look();
        } finally {
            RUNNING.compareAndSet(this, null); // after an error too: whoever comes next starts another
        }
    }

    private void look() {
        while (true) {
            sleeping = false;
            long now = System.nanoTime();
            long next = ROUND_NANOS;
            for (Watch watch : WATCHES) {
                long left = watch.at - now;
                if (left <= 0) {
                    watch.expire();
                } else {
                    next = Math.min(next, left);
                }
            }
            if (!needed && WATCHES.isEmpty()) {
                RUNNING.set(null);
                // Either whoever adds now sees that nobody runs, or this sees what was added.
                if (WATCHES.isEmpty() || !RUNNING.compareAndSet(null, this)) {
                    return;
                }
                continue;
            }
            wakesAt = now + next;
            sleeping = true;
            if (next == ROUND_NANOS) {
                needed = false;
            }
            LockSupport.parkNanos(this, next);
        }
    }
}
