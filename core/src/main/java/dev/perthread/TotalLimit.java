package dev.perthread;

import dev.perthread.RegistryList.Place;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the registries of all keys of one {@link KeyedPerThread} share: the lock, the limit for all, the order of arrival
 * across keys, and the counters. Everything here is guarded by that lock, but for what says that it is not.
 *
 * <p>A permit that becomes free goes to the thread that has waited longest among those whose key is not at its own limit.
 * If none is free, an idle lent resource of another key makes room: it is claimed here, and closed by whoever asked.
 */
final class TotalLimit<T> {
    private static final int AT_ONCE = 500; // slots, or keys, that are copied before others may have the lock

    final ReentrantLock lock = new SpinThenParkLock();
    final Condition resourceRemoved = lock.newCondition();
    final int limit; // Integer.MAX_VALUE: none

    private final RegistryList<SlotRegistry<T>> registries = new RegistryList<>();
    private final Turns<SlotRegistry<T>> permits = new Turns<>(); // who is next, of those whose key has room
    private final Turns<SlotRegistry<T>> rooms = new Turns<>(); // the same of those for whom no room is made yet
    private final Turns<SlotRegistry<T>> lastMade = new Turns<>(); // for whom room was made, who came last first
    private final Counters counters = new Counters(null); // of all keys, also of those that are gone
    private int used;
    private int waiting;
    private int roomsMade; // for so many of those
    private int makingRoom; // so many are being closed for that
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

    /** Makes room for a registry everywhere; may fail for lack of memory. Does nothing the second time. */
    void include(SlotRegistry<T> registry) {
        Place<SlotRegistry<T>> place = placeOf(registry);
        if (!registries.contains(place)) {
            permits.ensureCapacity(registries.size() + 1);
            rooms.ensureCapacity(registries.size() + 1);
            lastMade.ensureCapacity(registries.size() + 1);
            registries.add(place);
        }
    }

    private static <T> Place<SlotRegistry<T>> placeOf(SlotRegistry<T> registry) {
        return Objects.requireNonNull(registry.place);
    }

    Counters counters() {
        return counters;
    }

    /** It has neither a resource nor a waiter. */
    void exclude(SlotRegistry<T> registry) {
        Place<SlotRegistry<T>> place = placeOf(registry);
        if (registries.contains(place)) {
            registries.remove(place);
            try {
                if (registries.trim()) {
                    permits.trim(registries.size());
                    rooms.trim(registries.size());
                    lastMade.trim(registries.size());
                }
            } catch (OutOfMemoryError passing) {
                // then they stay as large as they are
            }
        }
    }

    /** Among its resources is one more. */
    void reserved(SlotRegistry<T> registry) {
        used++;
        counters.present(used);
        changed(registry);
    }

    /** Among its resources is one less. */
    void removed(SlotRegistry<T> registry, Slot<T> slot) {
        used--;
        makingRoom -= slot.reason() == CloseReason.MADE_ROOM ? 1 : 0;
        changed(registry);
    }

    /** Its queue, its limit, how many resources it has, or for whom room is made. Needs no memory. */
    void changed(SlotRegistry<T> registry) {
        Place<SlotRegistry<T>> place = placeOf(registry);
        registries.setHolding(place, registry.index.size() > 0);
        Waiters<T> waiters = registry.queue.waiters;
        waiting += waiters.size() - place.waiting;
        place.waiting = waiters.size();
        roomsMade += waiters.roomsMade() - place.roomsMade;
        place.roomsMade = waiters.roomsMade();
        int room = registry.roomOfKey();
        if (room > 0 && !waiters.isEmpty()) {
            permits.set(place.permit, waiters.longest().arrival);
        } else {
            permits.clear(place.permit);
        }
        Waiter<T> inNeed = waiters.inNeed();
        if (room > waiters.roomsMade() && inNeed != null) {
            rooms.set(place.room, inNeed.arrival);
        } else {
            rooms.clear(place.room);
        }
        Waiter<T> last = waiters.lastWithRoom();
        if (last != null) {
            lastMade.set(place.lastMade, -last.arrival);
        } else {
            lastMade.clear(place.lastMade);
        }
        update();
    }

    private void update() {
        boolean now = waiting > 0 && !hasRoom();
        if (waitedFor != now) {
            waitedFor = now;
        }
    }

    // ---- who is next ----

    /** Gives a free permit to who has waited longest among those who can be served; null if there is none. */
    @Nullable
    Waiter<T> grantPermit() {
        SlotRegistry<T> next = hasRoom() ? permits.first() : null;
        return next == null ? null : next.queue.grantPermit();
    }

    /** Whose turn it is of those for whom only the limit for all is in the way, and nobody makes room yet. */
    private @Nullable SlotRegistry<T> turnForRoom() {
        if (closed || hasRoom()) {
            return null;
        }
        // A permit goes by arrival, and not to the one for whom room was made: one that came before may have had no
        // room at its key then. So whoever came last must not count on it any more, or would wait beside idle
        // resources.
        for (SlotRegistry<T> last = lastMade.first(); last != null && roomsMade > makingRoom; last = lastMade.first()) {
            last.queue.waiters.takeRoomBack();
            changed(last);
        }
        return rooms.first();
    }

    private @Nullable Waiter<T> firstInNeed() {
        SlotRegistry<T> first = turnForRoom();
        return first == null ? null : first.queue.waiters.inNeed();
    }

    /** Whether room must be made, and for a thread that waits for this key before others. */
    boolean isFirstInNeed(SlotRegistry<T> registry) {
        lock.lock();
        try {
            return turnForRoom() == registry;
        } finally {
            lock.unlock();
        }
    }

    /** Whether somebody of another key, for whom room must be made, has waited longer than all who wait for this one. */
    boolean isOtherFirst(SlotRegistry<T> registry) {
        Waiter<T> other = firstInNeed();
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
            Waiter<T> waiter;
            Place<SlotRegistry<T>>[] all;
            lock.lock();
            try {
                waiter = firstInNeed();
                if (waiter == null) {
                    return null;
                }
                all = registries.holding();
            } finally {
                lock.unlock();
            }
            SlotRegistry<T> its = null;
            Slot<T> longest = null;
            for (int next = 0; next < all.length; ) {
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

    /** Some slots, and the registry of each. */
    private static final class Part<T> {
        private final List<Slot<T>> slots = new ArrayList<>();
        private final List<SlotRegistry<T>> registries = new ArrayList<>();
    }

    /**
     * Copies what may make room for a waiter, or everything, of so many registries that the lock is held for some
     * microseconds; returns the next one.
     */
    private int copy(Place<SlotRegistry<T>>[] all, int from, @Nullable Waiter<T> waiter, Part<T> part) {
        int next = from;
        lock.lock();
        try {
            while (next < all.length && next - from < AT_ONCE && part.slots.size() < AT_ONCE) {
                SlotRegistry<T> registry = all[next++].registry;
                if (waiter == null || mayGiveWay(registry, waiter)) {
                    for (int left = copy(registry, part.slots); left > 0; left--) {
                        part.registries.add(registry);
                    }
                }
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Lock held. By index: an iterator for each of ten thousand keys takes longer than the rest. Returns how many. */
    private static <T> int copy(SlotRegistry<T> registry, List<Slot<T>> to) {
        List<Slot<T>> its = registry.index.all();
        for (int i = 0; i < its.size(); i++) {
            to.add(its.get(i));
        }
        return its.size();
    }

    /** Whether it was claimed: not if its user, or who made room, was faster. */
    private boolean claimFor(Waiter<T> waiter, SlotRegistry<T> its, Slot<T> slot) {
        lock.lock();
        try {
            SlotRegistry<T> first = turnForRoom();
            if (first == null
                    || first.queue.waiters.inNeed() != waiter
                    || !mayGiveWay(its, waiter)
                    || !slot.claimIdle(CloseReason.MADE_ROOM)) {
                return false;
            }
            its.index.unlist(slot);
            makingRoom++;
            first.queue.waiters.makeRoom();
            changed(first);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean mayGiveWay(SlotRegistry<T> registry, Waiter<T> waiter) {
        return registry.queue.waiters.isEmpty() || registry.queue.waiters.longest().arrival > waiter.arrival;
    }

    // ---- all keys ----

    /** The pools of all keys that have a resource or a waiter: a copy. */
    List<PoolBase<T>> pools() {
        return pools(false);
    }

    /** The pools of all keys that have a resource: a copy. */
    List<PoolBase<T>> holdingPools() {
        return pools(true);
    }

    private List<PoolBase<T>> pools(boolean holdingOnly) {
        Place<SlotRegistry<T>>[] some = holdingOnly ? holding() : all();
        List<PoolBase<T>> pools = new ArrayList<>(some.length);
        for (Place<SlotRegistry<T>> place : some) { // no lambda, see Upkeep.reclaimAll
            pools.add(place.registry.pool);
        }
        return pools;
    }

    private Place<SlotRegistry<T>>[] all() {
        lock.lock();
        try {
            return registries.copy();
        } finally {
            lock.unlock();
        }
    }

    private Place<SlotRegistry<T>>[] holding() {
        lock.lock();
        try {
            return registries.holding();
        } finally {
            lock.unlock();
        }
    }

    /** From here on nobody gets anything, for whatever key, and those who wait are told. */
    void close() {
        lock.lock();
        try {
            Place<SlotRegistry<T>>[] all = registries.copy();
            closed = true;
            for (Place<SlotRegistry<T>> place : all) {
                place.registry.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** As {@link SlotSurvey#awaitGone}, for all keys. */
    boolean awaitGone(Thread me, long nanos) throws InterruptedException {
        lock.lock();
        try {
            for (Place<SlotRegistry<T>> place : registries.holding()) {
                if (place.registry.survey.hasOfOthers(me)) {
                    resourceRemoved.await(nanos, TimeUnit.NANOSECONDS);
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** How many are in each state that any is in; one may change while others are looked at. */
    Map<ResourceInfo.State, Integer> countByState() {
        Map<ResourceInfo.State, Integer> count = new EnumMap<>(ResourceInfo.State.class);
        Place<SlotRegistry<T>>[] all = holding();
        for (int next = 0; next < all.length; ) {
            Part<T> part = new Part<>();
            next = copy(all, next, null, part);
            for (Slot<T> slot : part.slots) {
                count.merge(slot.shown(), 1, Integer::sum);
            }
        }
        return count;
    }

    Stats stats() {
        Counters now;
        List<Slot<T>> all;
        int waitingNow;
        lock.lock();
        try {
            now = counters.copy();
            all = new ArrayList<>(used);
            for (Place<SlotRegistry<T>> place : registries.holding()) {
                copy(place.registry, all);
            }
            waitingNow = waiting;
        } finally {
            lock.unlock();
        }
        return now.stats(all, waitingNow); // without the lock, as for one key
    }
}
