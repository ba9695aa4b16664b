package dev.perthread;

import java.util.concurrent.locks.ReentrantLock;

/** Whether the reaper knows one pool. It does for as long as a thread has a slot there, or waits. */
final class ReaperRegistration {
    private final SlotRegistry<?> registry;
    private final ReentrantLock lock; // the registry's
    private final Reaper.Entry reaperEntry;
    private volatile boolean registered; // false may be said too often

    ReaperRegistration(Reaper.Client pool, SlotRegistry<?> registry) {
        this.registry = registry;
        this.lock = registry.lock;
        this.reaperEntry = new Reaper.Entry(pool);
    }

    boolean isRegistered() {
        return registered;
    }

    /** Something is open, or is about to be, or somebody waits: the reaper's business. */
    void registerAndWake() {
        boolean known = registered;
        Reaper.opened(known ? null : reaperEntry);
        if (!known) {
            // Only now that it has been told: who comes next relies on it. The caller has a slot or waits, so the
            // reaper cannot have forgotten the pool already.
            registered = true;
        }
    }

    /**
     * By the reaper, which has found nothing to do.
     *
     * @param needed whether it is to come back all the same, unless the pool is closed
     * @return whether the reaper can forget this pool
     */
    boolean deregister(boolean needed) {
        lock.lock();
        try {
            // A permit may be free that nobody had the memory to give.
            registered = (needed && !registry.isClosed())
                    || !registry.index.all().isEmpty()
                    || !registry.queue.waiters.isEmpty();
            return !registered;
        } finally {
            lock.unlock();
        }
    }
}
