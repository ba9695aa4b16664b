// The threads that wait at the limit of one holder.
package dev.perthread;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** In order of arrival. Under the lock of {@link Slots}, but for what says that it is not. */
final class Waiters<T> {

    /** What was never larger than this is not made smaller. */
    private static final int SMALL = 64;

    private Set<Waiter<T>> queue = new LinkedHashSet<>(); // who gives up leaves from anywhere in it
    private int most; // that it held since it was last made anew

    // Written under the lock and read without it.
    private volatile @Nullable Waiter<T> longest; // null if nobody waits, or if it is not known
    private volatile @Nullable Waiter<T> woken; // told to look for itself, and has not done so yet; one at a time

    boolean isEmpty() {
        return queue.isEmpty();
    }

    int size() {
        return queue.size();
    }

    boolean contains(Waiter<T> waiter) {
        return queue.contains(waiter);
    }

    /** Who is next; only while somebody waits. */
    Waiter<T> longest() {
        return queue.iterator().next();
    }

    void join(Waiter<T> waiter) {
        try {
            queue.add(waiter);
        } catch (OutOfMemoryError noRoom) {
            queue.remove(waiter); // a hash table takes the new one in before it grows
            throw noRoom;
        }
        most = Math.max(most, queue.size());
        if (queue.size() == 1) {
            longest = waiter;
        }
    }

    /** Never fails: whoever leaves may just have been granted something, and is to be woken next. */
    void leave(Waiter<T> waiter) {
        queue.remove(waiter);
        if (longest != waiter) {
            return;
        }
        longest = null;
        try {
            if (!queue.isEmpty()) {
                longest = longest();
            } else if (most > SMALL) {
                queue = new LinkedHashSet<>(); // a hash table never shrinks by itself
                most = 0;
            }
        } catch (OutOfMemoryError passing) {
            // Without the longest each release asks under the lock; it is known again when the queue has been empty.
        }
    }

    /** Nobody waits any more. */
    List<Waiter<T>> dismiss() {
        List<Waiter<T>> all = new ArrayList<>(queue);
        queue.clear();
        longest = null;
        return all;
    }

    /** Without the lock: whether somebody was told to look, and has not done so yet. */
    boolean isAnyoneComing() {
        return woken != null;
    }

    /**
     * Without the lock: whether the next resource is to be given to whoever has waited longest, which need not be the one
     * that is coming: that one may have been given something meanwhile. True also if that has just changed.
     */
    boolean isAnyoneDue(long now) {
        Waiter<T> first = longest;
        return first == null || first.isDue(now);
    }

    /** Without the lock: whether this is the one that was told to look, and it has not done so yet. */
    boolean isComing(Waiter<T> waiter) {
        return woken == waiter;
    }

    /** It looks now. */
    void hasCome() {
        woken = null;
    }

    /** Whom to tell to look; null if one is coming already. Only while somebody waits. */
    @Nullable
    Waiter<T> tellOne() {
        if (woken != null) {
            return null;
        }
        Waiter<T> first = longest();
        woken = first;
        return first;
    }
}
