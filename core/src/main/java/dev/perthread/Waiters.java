package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The queue of threads that wait at the limit of one pool, in order of arrival. Guarded by the lock of {@link SlotRegistry},
 * but for what says that it is not. The waiters themselves are the links, so that joining and leaving need no memory: one
 * that could not leave would be given every permit that becomes free.
 */
final class Waiters<T> {
    private @Nullable Waiter<T> latest;
    private int size;
    private @Nullable Waiter<T> inNeed; // the first for whom no room is made yet; all behind it are in need too
    private int roomsMade; // for those ahead of it

    // Written under the lock and read without it.
    private volatile @Nullable Waiter<T> longest; // null if nobody waits
    private volatile @Nullable Waiter<T> signalled; // told to look for itself, and has not done so yet; one at a time

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    boolean contains(Waiter<T> waiter) {
        return waiter.queued;
    }

    /** Who is next; only while somebody waits. */
    Waiter<T> longest() {
        Waiter<T> first = longest;
        if (first == null) {
            throw new AssertionError("nobody waits");
        }
        return first;
    }

    void join(Waiter<T> waiter) {
        Waiter<T> ahead = latest;
        if (ahead == null) {
            longest = waiter;
        } else {
            ahead.behind = waiter;
            waiter.ahead = ahead;
        }
        latest = waiter;
        if (inNeed == null) {
            inNeed = waiter;
        }
        waiter.queued = true;
        size++;
    }

    /** From anywhere in the queue. */
    void leave(Waiter<T> waiter) {
        Waiter<T> ahead = waiter.ahead;
        Waiter<T> behind = waiter.behind;
        if (ahead == null) {
            longest = behind;
        } else {
            ahead.behind = behind;
        }
        if (behind == null) {
            latest = ahead;
        } else {
            behind.ahead = ahead;
        }
        if (inNeed == waiter) {
            inNeed = behind;
        }
        roomsMade -= waiter.roomIsMade ? 1 : 0;
        waiter.ahead = null;
        waiter.behind = null;
        waiter.queued = false;
        size--;
    }

    /** Who has waited longest of those for whom no resource of another key is being closed; null if there is none. */
    @Nullable
    Waiter<T> inNeed() {
        return inNeed;
    }

    /** For how many of those who wait resources of other keys are being closed. */
    int roomsMade() {
        return roomsMade;
    }

    /** Who came last of those for whom resources of other keys are being closed; null if there is none. */
    @Nullable
    Waiter<T> lastWithRoom() {
        return roomsMade == 0 ? null : inNeed == null ? latest : inNeed.ahead;
    }

    /** A resource of another key is being closed for who is in need. */
    void makeRoom() {
        Waiter<T> first = inNeed;
        if (first != null) {
            first.roomIsMade = true;
            inNeed = first.behind;
            roomsMade++;
        }
    }

    /** Somebody else gets what was to be {@link #lastWithRoom}'s, who is in need again. */
    void takeRoomBack() {
        Waiter<T> last = lastWithRoom();
        if (last != null) {
            last.roomIsMade = false;
            inNeed = last;
            roomsMade--;
        }
    }

    /** Nobody waits any more; returns those who did, and others who are to be woken too. */
    List<Waiter<T>> dismiss(List<Waiter<T>> others) {
        List<Waiter<T>> all = new ArrayList<>(size + others.size()); // before anybody leaves
        all.addAll(others);
        for (Waiter<T> first = longest; first != null; first = longest) {
            all.add(first);
            leave(first);
        }
        return all;
    }

    /** Without the lock: whether somebody was told to look, and has not done so yet. */
    boolean hasSignalled() {
        return signalled != null;
    }

    /**
     * Without the lock: whether the next resource is to be given to whoever has waited longest, which need not be the one
     * that is coming: that one may have been given something meanwhile. True also if that has just changed.
     */
    boolean mustHandOffNext(long now) {
        Waiter<T> first = longest;
        return first == null || first.mustHandOff(now);
    }

    /** Without the lock: whether this is the one that was told to look, and it has not done so yet. */
    boolean isSignalled(Waiter<T> waiter) {
        return signalled == waiter;
    }

    /** It looks now. */
    void clearSignal() {
        signalled = null;
    }

    /** Whom to tell to look; null if one is coming already. Only while somebody waits. */
    @Nullable
    Waiter<T> signalNext() {
        if (signalled != null) {
            return null;
        }
        Waiter<T> first = longest();
        signalled = first;
        return first;
    }

    /** By index: for an iterator or a lambda there may be no memory, and all must be woken. */
    static void wakeAll(List<? extends Waiter<?>> waiters) {
        for (int i = 0; i < waiters.size(); i++) {
            wake(waiters.get(i));
        }
    }

    static void wake(@Nullable Waiter<?> waiter) {
        if (waiter != null) {
            LockSupport.unpark(waiter.thread);
        }
    }
}
