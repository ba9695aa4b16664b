package dev.perthread;

import java.util.concurrent.locks.ReentrantLock;

/** The counters of one registry, for those who do not hold its lock. */
final class RegistryNumbers {
    private final SlotRegistry<?> registry;
    private final ReentrantLock lock; // the registry's

    RegistryNumbers(SlotRegistry<?> registry) {
        this.registry = registry;
        this.lock = registry.lock;
    }

    /** Opened by a thread that died before it could count it. */
    void countOpened() {
        lock.lock();
        try {
            registry.counters().opened(0);
        } finally {
            lock.unlock();
        }
    }

    void waitedFor(long nanos) {
        lock.lock();
        try {
            registry.counters().waitedFor(nanos);
        } finally {
            lock.unlock();
        }
    }

    void heldTooLong() {
        lock.lock();
        try {
            registry.counters().heldTooLong();
        } finally {
            lock.unlock();
        }
    }

    void leasedFor(long nanos) {
        registry.counters().leasedFor(nanos);
    }

    void timedOut() {
        lock.lock();
        try {
            registry.counters().timedOut();
        } finally {
            lock.unlock();
        }
    }

    /** Whether, after this many were closed because nobody had declared them done, none was ever reused. */
    boolean neverReuses(int after) {
        lock.lock();
        try {
            TotalLimit<?> total = registry.total;
            Stats now = total == null ? registry.stats() : total.stats();
            return now.closedByReason().getOrDefault(CloseReason.NOT_DONE, 0L) >= after
                    && now.acquired() <= now.opened();
        } finally {
            lock.unlock();
        }
    }

    long closedCount() {
        lock.lock();
        try {
            return registry.counters().closed();
        } finally {
            lock.unlock();
        }
    }
}
