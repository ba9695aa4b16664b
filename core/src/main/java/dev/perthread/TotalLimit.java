package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the registries of all keys of one {@link KeyedPerThread} share: the lock, the limit for all, the order of arrival
 * across keys, and the counters of keys that are gone. Everything here is guarded by that lock, but for what says that it
 * is not.
 *
 * <p>A permit that becomes free goes to the thread that has waited longest among those whose key is not at its own limit.
 * If none is free, an idle lent resource of another key makes room: it is claimed here, and closed by whoever asked.
 */
final class TotalLimit<T> {
    private static final int AT_ONCE = 500; // slots, or keys, that are copied before others may have the lock

    final ReentrantLock lock = new SpinThenParkLock();
    final Condition resourceRemoved = lock.newCondition();
    final int limit; // Integer.MAX_VALUE: none

    private final ArrayList<SlotRegistry<T>> registries = new ArrayList<>(); // with a resource, or somebody who waits
    private final ArrayList<SlotRegistry<T>> waitedAt = new ArrayList<>(); // those where somebody waits
    private final Counters counters = new Counters(); // of the keys that are gone
    private int used;
    private long lastId;
    private long arrivals;
    private boolean closed;

    private volatile boolean waitedFor; // read without the lock; a release that misses it is made good by the reaper

    TotalLimit(int limit) {
        this.limit = limit;
    }

    /** Whether somebody waits while the limit for all is reached; without the lock. */
    boolean isWaitedFor() {
        return waitedFor;
    }

    boolean isClosed() {
        return closed;
    }

    boolean hasRoom() {
        return used < limit;
    }

    long nextId() {
        return ++lastId;
    }

    long nextArrival() {
        return ++arrivals;
    }

    // ---- what the registries tell ----

    /** Makes room for a registry in both lists; may fail for lack of memory. Does nothing the second time. */
    void include(SlotRegistry<T> registry) {
        if (registry.place < 0) {
            waitedAt.ensureCapacity(registries.size() + 1);
            registries.add(registry);
            registry.place = registries.size() - 1;
        }
    }

    /** It has neither a resource nor a waiter; its counters are added to those of all. */
    Counters exclude(SlotRegistry<T> registry, Counters its) {
        if (registry.place >= 0) {
            SlotRegistry<T> last = registries.remove(registries.size() - 1);
            if (last != registry) {
                registries.set(registry.place, last);
                last.place = registry.place;
            }
            registry.place = -1;
        }
        counters.add(its);
        return counters;
    }

    void reserved() {
        used++;
        counters.present(used);
        update();
    }

    void removed() {
        used--;
        update();
    }

    /** Its queue has become empty, or is not any more. */
    void waits(SlotRegistry<T> registry, boolean any) {
        if (any && !registry.isWaitedAt) {
            waitedAt.add(registry);
        } else if (!any && registry.isWaitedAt) {
            waitedAt.remove(registry);
        }
        registry.isWaitedAt = any;
        update();
    }

    private void update() {
        boolean now = !waitedAt.isEmpty() && !hasRoom();
        if (waitedFor != now) {
            waitedFor = now;
        }
    }

    // ---- who is next ----

    /** Gives a free permit to who has waited longest among those who can be served; null if there is none. */
    @Nullable
    Waiter<T> grantPermit() {
        SlotRegistry<T> next = null;
        for (int i = 0; hasRoom() && i < waitedAt.size(); i++) {
            SlotRegistry<T> registry = waitedAt.get(i);
            if (registry.roomOfKey() > 0
                    && (next == null
                            || registry.queue.waiters.longest().arrival < next.queue.waiters.longest().arrival)) {
                next = registry;
            }
        }
        return next == null ? null : next.queue.grantPermit();
    }

    /** Who has waited longest among those for whom only the limit for all is in the way, and nobody makes room yet. */
    private @Nullable Waiter<T> needsRoom() {
        Waiter<T> first = null;
        for (int i = 0; i < waitedAt.size(); i++) {
            SlotRegistry<T> registry = waitedAt.get(i);
            Waiter<T> waiter = registry.queue.waiters.longest();
            int room = registry.roomOfKey();
            for (; waiter != null && waiter.roomIsMade && room > 0; room--) {
                waiter = waiter.behind;
            }
            if (waiter != null && room > 0 && (first == null || waiter.arrival < first.arrival)) {
                first = waiter;
            }
        }
        return first;
    }

    /** Whether somebody of another key, for whom room must be made, has waited longer than all who wait for this one. */
    boolean isOtherFirst(SlotRegistry<T> registry) {
        Waiter<T> other = hasRoom() ? null : needsRoom();
        return other != null && other.arrival < registry.queue.waiters.longest().arrival;
    }

    /**
     * Claims the longest idle lent resource of another key than that of the thread which needs its permit, for the caller to
     * close; null if no room is needed or there is none to be had. A resource whose own key has a longer waiter is left to
     * that one. Looks without the lock, as everybody would wait for a look at all; so one that has been idle longest, but was
     * in use when it was looked at, may be passed over.
     */
    @Nullable
    Slot<T> claimLongestIdle() {
        while (true) {
            List<SlotRegistry<T>> all = new ArrayList<>();
            Waiter<T> waiter = needsRoom(all);
            if (waiter == null) {
                return null;
            }
            SlotRegistry<T> its = null;
            Slot<T> longest = null;
            for (int next = 0; next < all.size(); ) {
                Part<T> part = new Part<>();
                next = copy(all, next, waiter, part);
                for (int i = 0; i < part.slots.size(); i++) {
                    Slot<T> slot = part.slots.get(i);
                    if (slot.state() == Slot.IDLE
                            && !slot.isClaimed()
                            && (longest == null || slot.idleSince - longest.idleSince < 0)) {
                        longest = slot;
                        its = part.registries.get(i);
                    }
                }
            }
            if (its == null || longest == null) {
                return null;
            }
            if (claimFor(waiter, its, longest)) {
                return longest;
            } // else its last user was faster, or somebody else made room
        }
    }

    /** Who needs room first, or null; copies the registries where it might be made. */
    private @Nullable Waiter<T> needsRoom(List<SlotRegistry<T>> where) {
        lock.lock();
        try {
            Waiter<T> waiter = firstInNeed();
            if (waiter != null) {
                where.addAll(registries);
            }
            return waiter;
        } finally {
            lock.unlock();
        }
    }

    /** Some slots, and the registry of each. */
    private static final class Part<T> {
        private final List<Slot<T>> slots = new ArrayList<>();
        private final List<SlotRegistry<T>> registries = new ArrayList<>();
    }

    /** Copies what may make room, of so many registries that the lock is held for some microseconds; returns the next one. */
    private int copy(List<SlotRegistry<T>> all, int from, Waiter<T> waiter, Part<T> part) {
        int next = from;
        lock.lock();
        try {
            while (next < all.size() && next - from < AT_ONCE && part.slots.size() < AT_ONCE) {
                SlotRegistry<T> registry = all.get(next++);
                if (mayGiveWay(registry, waiter)) {
                    List<Slot<T>> its = registry.index.all();
                    for (int i = 0; i < its.size(); i++) {
                        part.slots.add(its.get(i));
                        part.registries.add(registry);
                    }
                }
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was claimed: not if its user, or who made room, was faster. */
    private boolean claimFor(Waiter<T> waiter, SlotRegistry<T> its, Slot<T> slot) {
        lock.lock();
        try {
            if (waiter != firstInNeed() || !mayGiveWay(its, waiter) || !slot.claimIdle(CloseReason.MADE_ROOM)) {
                return false;
            }
            waiter.roomIsMade = true;
            its.index.unlist(slot);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Waiter<T> firstInNeed() {
        return closed || hasRoom() ? null : needsRoom();
    }

    private boolean mayGiveWay(SlotRegistry<T> registry, Waiter<T> waiter) {
        return !registry.isWaitedAt || registry.queue.waiters.longest().arrival > waiter.arrival;
    }

    // ---- all keys ----

    /** The pools of all keys that have a resource or a waiter: a copy. */
    List<PoolBase<T>> pools() {
        lock.lock();
        try {
            List<PoolBase<T>> all = new ArrayList<>(registries.size());
            for (SlotRegistry<T> registry : registries) {
                all.add(registry.pool);
            }
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** From here on nobody gets anything, for whatever key, and those who wait are told. */
    void close() {
        lock.lock();
        try {
            List<SlotRegistry<T>> all = new ArrayList<>(registries);
            closed = true;
            all.forEach(SlotRegistry::close);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link SlotSurvey#awaitGone}, for all keys. */
    boolean awaitGone(Thread me, long nanos) throws InterruptedException {
        lock.lock();
        try {
            for (SlotRegistry<T> registry : registries) {
                if (registry.survey.hasOfOthers(me)) {
                    resourceRemoved.await(nanos, TimeUnit.NANOSECONDS);
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    long closedCount() {
        return stats().closed();
    }

    Stats stats() {
        Counters sum = new Counters();
        List<Slot<T>> all;
        int waiting = 0;
        int most;
        lock.lock();
        try {
            sum.add(counters);
            all = new ArrayList<>(used);
            for (SlotRegistry<T> registry : registries) {
                sum.add(registry.counters());
                all.addAll(registry.index.all());
                waiting += registry.queue.waiters.size();
            }
            most = counters.mostPresent();
        } finally {
            lock.unlock();
        }
        return sum.stats(all, waiting, most); // without the lock, as for one key
    }
}
