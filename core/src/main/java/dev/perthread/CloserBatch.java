package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Closers that run side by side in threads of the library, and the thread that waits for them, for a bounded time. What is
 * stuck is reported and left to its own thread.
 */
final class CloserBatch<T> {
    private final PoolIdentity closersOf;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Begun<T>> begun = new ArrayList<>(); // the waiting thread's
    private final AtomicInteger running = new AtomicInteger();
    private final Thread waiting = Thread.currentThread();

    private record Begun<T>(ResourceCloser<T> closer, Slot<T> slot) {}

    CloserBatch(PoolIdentity closersOf) {
        this.closersOf = closersOf;
    }

    /** Closes what the caller has claimed. */
    void addAll(ResourceCloser<T> closer, List<Slot<T>> claimed, CloseReason reason) {
        int next = 0;
        try {
            while (next < claimed.size()) { // no iterator: what is claimed must be closed, with memory or without
                add(closer, claimed.get(next), reason);
                next++;
            }
        } finally {
            while (next < claimed.size()) { // none, if nothing failed
                claimed.get(next++).abandoned = true;
            }
        }
    }

    void add(ResourceCloser<T> closer, Slot<T> claimed, CloseReason reason) {
        try {
            start(closer, claimed, task(claimed, () -> closer.closeClaimed(claimed, reason)));
        } catch (Throwable noMemory) {
            claimed.abandoned = true;
            throw noMemory;
        }
    }

    /** Made before the slot is claimed; allocate before commit. */
    Runnable task(Slot<T> slot, Supplier<@Nullable Throwable> closing) {
        return CloserExecutor.once(() -> {
            try {
                slot.actingThread = Thread.currentThread();
                Throwable failure = closing.get();
                if (failure != null) {
                    failures.add(failure);
                }
            } finally {
                slot.actingThread = null;
                if (running.decrementAndGet() == 0) {
                    LockSupport.unpark(waiting);
                }
            }
        });
    }

    void start(ResourceCloser<T> closer, Slot<T> claimed, Runnable task) {
        try {
            begun.add(new Begun<>(closer, claimed));
        } catch (OutOfMemoryError notReported) {
            // It is closed and waited for all the same; only, should it be stuck, nobody is told its number.
        }
        running.incrementAndGet(); // before it starts, or it would be through before it counts
        CloserExecutor.run(closersOf, task);
    }

    int size() {
        return begun.size();
    }

    /** Waits until all have run, at most this long. An interrupt does not end the wait, and stays set. */
    List<Throwable> await(long nanos) {
        long begin = System.nanoTime();
        boolean interrupted = false;
        for (long left = nanos; running.get() > 0 && left > 0; left = nanos - (System.nanoTime() - begin)) {
            interrupted |= Thread.interrupted(); // or parking would return at once
            LockSupport.parkNanos(this, left);
        }
        if (interrupted) {
            waiting.interrupt();
        }
        List<Throwable> all = new ArrayList<>(failures);
        if (running.get() > 0) {
            for (Begun<T> each : begun) {
                if (each.closer.isOpen(each.slot)) {
                    all.add(each.closer.stuck(each.slot, System.nanoTime() - begin));
                }
            }
        }
        return all;
    }
}
