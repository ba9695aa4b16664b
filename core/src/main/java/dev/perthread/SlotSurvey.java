package dev.perthread;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * Questions about all resources of one registry, and waiting until the answer has changed. Looks at a copy where it would
 * have to look at many: under the lock everybody would wait for that.
 */
final class SlotSurvey<T> {
    private final SlotRegistry<T> registry;
    private final ReentrantLock lock; // the registry's
    private final Condition resourceRemoved;
    private final Condition becameIdle;

    SlotSurvey(SlotRegistry<T> registry, Condition resourceRemoved, Condition becameIdle) {
        this.registry = registry;
        this.lock = registry.lock;
        this.resourceRemoved = resourceRemoved;
        this.becameIdle = becameIdle;
    }

    /** How many are idle or being opened for nobody, less those that do not count. */
    int spares(Predicate<Slot<T>> less) {
        int spares = 0;
        for (Slot<T> slot : registry.all()) {
            int state = slot.state();
            boolean idle =
                    (state == Slot.IDLE && !slot.isClaimed() && slot.retireFor() == null) || state == Slot.CHECKING;
            spares += (idle || (state == Slot.OPENING && slot.thread == null)) && !less.test(slot) ? 1 : 0;
        }
        return spares;
    }

    /** Waits until this many are idle; what is released without the lock is seen some milliseconds late. */
    boolean awaitIdle(int least, long nanos) throws InterruptedException {
        for (long left = nanos, begin = System.nanoTime(); ; left = nanos - (System.nanoTime() - begin)) {
            int idle = 0;
            for (Slot<T> slot : registry.all()) {
                idle += slot.state() == Slot.IDLE && !slot.isClaimed() ? 1 : 0;
            }
            if (idle >= least) {
                return true;
            }
            if (registry.isClosed() || left <= 0) {
                return false;
            }
            lock.lock();
            try {
                becameIdle.await(Math.min(left, Reaper.QUICK), TimeUnit.NANOSECONDS);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Waits until some resource is gone, at most this long. Returns false at once if nothing is left but what the calling
     * thread itself leases, opens or is just closing: waiting for oneself would never end.
     */
    boolean awaitGone(Thread me, long nanos) throws InterruptedException {
        lock.lock();
        try {
            for (Slot<T> slot : registry.index.all()) {
                if (isOfOther(slot, me)) {
                    resourceRemoved.await(nanos, TimeUnit.NANOSECONDS);
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. */
    boolean hasOfOthers(Thread me) {
        for (Slot<T> slot : registry.index.all()) {
            if (isOfOther(slot, me)) {
                return true;
            }
        }
        return false;
    }

    /** Also one of this thread's own, if another thread has claimed it and closes it. */
    private static boolean isOfOther(Slot<?> slot, Thread me) {
        return slot.actingThread != me && (slot.thread != me || (slot.isClaimed() && !slot.isClaimedByOwner()));
    }

    /** Whether a thread has, opens or awaits one. */
    boolean isInUse() {
        for (Slot<T> slot : registry.all()) {
            int state = slot.state();
            if (slot.thread != null && (state == Slot.LEASED || state == Slot.OPENING)) {
                return true;
            }
        }
        lock.lock();
        try {
            return !registry.queue.waiters.isEmpty();
        } finally {
            lock.unlock();
        }
    }
}
