package dev.perthread;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * How lent resources that become idle reach the threads that wait at the limit.
 *
 * <p>One waiter at a time is signalled: woken to take whatever is idle when it comes. Until then the last user may take its
 * resource back, any number of times, so that a resource does not lie idle for as long as it takes to wake a thread, which
 * is a thousand times a short lease. A waiter whose barging window is over gets the resource handed to it: a virtual thread
 * that was woken may never run while the carriers are busy with those who keep taking it back.
 */
final class Handoff<T> {
    private final PoolConfig<T, ?> config;
    private final CoarseClock clock;
    private final SlotRegistry<T> registry;
    private final PermitQueue<T> queue;
    private final Waiters<T> waiters;
    private final ReentrantLock lock; // the registry's

    Handoff(PoolConfig<T, ?> config, SlotRegistry<T> registry) {
        this.config = config;
        this.clock = registry.pool.clock;
        this.registry = registry;
        this.queue = registry.queue;
        this.waiters = queue.waiters;
        this.lock = registry.lock;
    }

    /**
     * The owner of a lent resource that is not listed as idle is done with it. Returns why it must be closed instead, and then
     * it is still leased.
     */
    @Nullable
    CloseReason releaseAndList(Slot<T> slot) {
        Waiter<T> next = null;
        lock.lock();
        try {
            if (slot.isClaimed()) {
                return null; // revoked since its owner looked: it stays LEASED and marked until it is closed
            }
            CloseReason retired = slot.retireFor();
            if (retired != null) {
                return retired;
            }
            if (config.limitsIdle() && waiters.isEmpty() && registry.index.listed() >= config.maxIdle) {
                return CloseReason.SURPLUS;
            }
            slot.unmark();
            slot.leasedToIdle();
            registry.index.list(slot);
            next = queue.offerToOwn(slot);
        } finally {
            lock.unlock();
        }
        Waiters.wake(next);
        makeRoom();
        return null;
    }

    /** A lent resource, unless it is listed or not idle. */
    void listIdle(Slot<T> slot) {
        lock.lock();
        try {
            if (slot.state() == Slot.IDLE && !slot.isClaimed()) {
                registry.index.list(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A resource that has just been taken or claimed: it is not idle any more. */
    void unlist(Slot<T> slot) {
        lock.lock();
        try {
            registry.index.unlist(slot);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What its thread has taken, and could not take out of the list: it had no more stack. Its release lists it again. Not
     * for one that is idle: nobody would find it.
     */
    void unlistLeased(Slot<T> slot) {
        lock.lock();
        try {
            if (slot.state() == Slot.LEASED) {
                registry.index.unlist(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A lent resource has become idle while others wait. */
    void offer(Slot<T> idle) {
        // The store of IDLE before the load of who is signalled, as that one clears the signal before it loads IDLE;
        // neither is fenced by itself. So it sees this resource, or this thread sees that nobody is signalled. Without
        // the fence both could miss the other, and the resource would lie idle until the reaper's next round. The same
        // for the flag, which is set before its slot's state is read.
        VarHandle.fullFence();
        if (waiters.hasSignalled()
                && !waiters.mustHandOffNext(clock.now())
                && !idle.isMarked()
                && !queue.isWaitedForByOthers()) {
            return; // without the lock, for which else all who barge would queue
        }
        Waiter<T> next = null;
        lock.lock();
        try {
            if (queue.serves()) {
                if (idle.state() == Slot.IDLE && !idle.isClaimed()) {
                    registry.index.list(idle);
                }
                next = queue.offerToOwn(idle);
            }
        } finally {
            lock.unlock();
        }
        Waiters.wake(next);
        makeRoom();
    }

    /**
     * Where the limit for all keys is reached, has the longest idle resources of other keys closed for those who wait: aside,
     * as nobody's timeout waits for another key's closer. The permits reach them as any others do.
     */
    void makeRoom() {
        TotalLimit<T> total = registry.total;
        while (total != null && queue.isWaitedForByOthers()) {
            MadeRoom<T> room = new MadeRoom<>();
            Runnable task = CloserExecutor.once(room); // allocate before commit
            room.claimed = total.claimLongestIdle();
            if (room.claimed == null) {
                return;
            }
            CloserExecutor.run(config.identity, task);
        }
    }

    private static final class MadeRoom<T> implements Runnable {
        private @Nullable Slot<T> claimed;

        @Override
        public void run() {
            Slot<T> slot = claimed;
            if (slot != null) {
                slot.pool.closeClaimed(slot, CloseReason.MADE_ROOM);
            }
        }
    }

    /**
     * Called by a waiter on every wake-up and on every exit. If it holds the signal, it takes an idle resource or passes the
     * signal on.
     */
    void tryTake(Waiter<T> waiter) {
        if (!waiters.isSignalled(waiter)) {
            return;
        }
        Waiter<T> next;
        lock.lock();
        try {
            waiters.clearSignal();
            VarHandle.fullFence(); // see offer()
            if (waiters.contains(waiter) && queue.serves()) {
                Slot<T> idle = registry.index.takeIdle(waiter.thread);
                if (idle != null) {
                    queue.grant(waiter, idle);
                }
            }
            next = propagateSignal();
        } finally {
            lock.unlock();
        }
        Waiters.wake(next);
    }

    /** What became idle while somebody was signalled was offered to nobody else. */
    private @Nullable Waiter<T> propagateSignal() {
        if (queue.serves()) {
            for (Slot<T> slot = registry.index.latestIdle(); slot != null; slot = slot.idleAfter) {
                if (slot.state() == Slot.IDLE) {
                    return waiters.signalNext();
                }
            }
        }
        return null;
    }

    /**
     * Gives waiters the idle lent resources that a release has missed, and the permits that nobody had the memory to give;
     * the reaper's job. Whether anybody still waits.
     */
    boolean serveWaiters() {
        boolean wait = serveOwn();
        // Once a round, and not for each key that is waited for: a round would look at every resource for every key.
        if (registry.total != null && registry.total.isFirstInNeed(registry)) {
            makeRoom(); // last: it needs memory, without which the others are not to go without
        }
        return wait;
    }

    private boolean serveOwn() {
        lock.lock();
        try {
            List<Slot<T>> all = registry.index.all();
            for (int i = 0; config.lends() && i < all.size() && queue.servesOwn(); i++) {
                Slot<T> slot = all.get(i);
                if (slot.state() == Slot.IDLE) {
                    Waiters.wake(queue.handOver(slot)); // at once: remembering whom to wake takes memory
                }
            }
            queue.grantPermits();
            return !waiters.isEmpty();
        } finally {
            lock.unlock();
        }
    }
}
