package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Takes resources of one pool out of use, on purpose: claims those that are idle, and marks the others, which are closed at
 * the end of their lease. All under the registry's lock, so that no lent resource can move on to another slot unseen.
 */
final class Retirement<T> {
    private final SlotRegistry<T> registry;
    private final SlotIndex<T> index;
    private final ReentrantLock lock; // the registry's

    Retirement(SlotRegistry<T> registry) {
        this.registry = registry;
        this.index = registry.index;
        this.lock = registry.lock;
    }

    /** What was taken out of use. Made before anything is; allocate before commit. */
    static final class Retired<T> {
        final List<Slot<T>> claimed; // the idle ones, for the caller to close
        int count; // how many in all

        Retired(int most) {
            claimed = new ArrayList<>(most);
        }
    }

    /** Claims every idle one at once, so that none can move on to another slot before it is closed. */
    List<Slot<T>> claimIdle(CloseReason why) {
        lock.lock();
        try {
            List<Slot<T>> claimed = new ArrayList<>(index.size()); // allocate before commit
            for (Slot<T> slot : index.all()) {
                claimIdle(slot, why, claimed);
            }
            return claimed;
        } finally {
            lock.unlock();
        }
    }

    /** Claims the idle ones of a thread. */
    List<Slot<T>> claimIdleOf(Thread thread, CloseReason why) {
        lock.lock();
        try {
            List<Slot<T>> own = index.slotsOf(thread);
            List<Slot<T>> claimed = new ArrayList<>(own.size()); // allocate before commit
            for (Slot<T> slot : own) {
                claimIdle(slot, why, claimed);
            }
            return claimed;
        } finally {
            lock.unlock();
        }
    }

    private boolean claimIdle(Slot<T> slot, CloseReason why, List<Slot<T>> claimed) {
        if (slot.isClaimed() || !slot.claimIdle(why)) {
            return false;
        }
        index.unlist(slot);
        claimed.add(slot);
        return true;
    }

    /**
     * Has resources closed at the end of their lease, and claims those that are idle.
     *
     * @param which by number
     */
    Retired<T> retire(CloseReason why, LongPredicate which) {
        lock.lock();
        try {
            return retireLocked(why, which);
        } finally {
            lock.unlock();
        }
    }

    private Retired<T> retireLocked(CloseReason why, LongPredicate which) {
        Retired<T> retired = new Retired<>(index.size());
        for (Slot<T> slot : index.all()) {
            if (which.test(slot.id) && !isLeaving(slot)) {
                // The mark before the look: who takes it into use between the two finds the mark.
                slot.retire(why);
                claimIdle(slot, why, retired.claimed);
                retired.count++;
            }
        }
        return retired;
    }

    /** Claims or marks what is above a lowered limit: idle ones first, the least recently used of them before others. */
    List<Slot<T>> setLimit(int limit) {
        lock.lock();
        try {
            List<Slot<T>> claimed = new ArrayList<>(index.size()); // allocate before commit
            registry.changeLimit(limit);
            int surplus = index.size() - limit;
            for (Slot<T> slot : index.all()) {
                slot.unretire(CloseReason.SURPLUS);
                surplus -= goesAnyway(slot) ? 1 : 0;
            }
            surplus -= claimLeastRecent(surplus, claimed);
            List<Slot<T>> all = index.all();
            for (int i = 0; i < all.size() && surplus > 0; i++) {
                surplus -= claimIdle(all.get(i), CloseReason.SURPLUS, claimed) ? 1 : 0;
            }
            for (int i = 0; i < all.size() && surplus > 0; i++) {
                if (!goesAnyway(all.get(i))) {
                    all.get(i).retire(CloseReason.SURPLUS);
                    claimIdle(all.get(i), CloseReason.SURPLUS, claimed);
                    surplus--;
                }
            }
            registry.queue.grantPermits();
            return claimed;
        } finally {
            lock.unlock();
        }
    }

    private static boolean isLeaving(Slot<?> slot) {
        return slot.isClaimed() || slot.state() == Slot.CLOSING;
    }

    private static boolean goesAnyway(Slot<?> slot) {
        return isLeaving(slot) || slot.retireFor() != null;
    }

    private int claimLeastRecent(int most, List<Slot<T>> claimed) {
        int taken = 0;
        for (Slot<T> idle = most > 0 ? leastRecent() : null; idle != null && taken < most; ) {
            Slot<T> before = idle.idleBefore;
            taken += claimIdle(idle, CloseReason.SURPLUS, claimed) ? 1 : 0;
            idle = before;
        }
        return taken;
    }

    private @Nullable Slot<T> leastRecent() {
        Slot<T> last = index.latestIdle();
        while (last != null && last.idleAfter != null) {
            last = last.idleAfter;
        }
        return last;
    }

    /** Takes a lease from its owner: claims the resource under it. Null if that one is not leased now. */
    @Nullable
    Slot<T> revoke(long id, String by) {
        lock.lock();
        try {
            // Under the lock, so that it cannot move on to another slot meanwhile.
            for (Slot<T> slot : index.all()) {
                if (slot.id == id && slot.thread != null && slot.state() == Slot.LEASED && !slot.isClaimed()) {
                    slot.revokedBy = by;
                    // Before the claim: an owner that takes it again after a release must find out.
                    slot.mark();
                    return slot.claim(CloseReason.REVOKED) ? slot : null;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** From here on everybody waits, until the registry resumes. Null if the pool is closed. */
    @Nullable
    Retired<T> suspend() {
        lock.lock();
        try {
            return registry.beginSuspension() ? retireLocked(CloseReason.SUSPENDED, id -> true) : null;
        } finally {
            lock.unlock();
        }
    }
}
