package dev.perthread;

import org.jspecify.annotations.Nullable;

/** The settings that can be changed while a pool runs, but for the limit, which its registry guards. Nanoseconds. */
final class LiveSettings {
    // Volatile: written by whoever calls a setter, read by every slow acquire and release and by the reaper.
    volatile long acquireNanos; // 0: does not wait
    volatile long idleNanos; // 0: none
    volatile long ageNanos; // 0: none

    LiveSettings(PoolConfig<?, ?> config) {
        acquireNanos = config.acquireNanos;
        idleNanos = config.idleNanos;
        ageNanos = config.ageNanos;
    }

    boolean expires() {
        return idleNanos > 0 || ageNanos > 0;
    }

    /**
     * Why a resource must not be used any longer, or null. Pure in {@code now}. Ages differ by up to a tenth, so that what
     * was opened together does not all end together.
     */
    @Nullable
    CloseReason expired(Slot<?> slot, long now) {
        long age = ageNanos;
        if (age > 0 && now - slot.openedAt >= age - jitter(age, slot.id)) {
            return CloseReason.MAX_AGE;
        }
        long idle = idleNanos;
        return idle > 0 && now - slot.idleSince >= idle ? CloseReason.IDLE_TIMEOUT : null;
    }

    /** How long before its age is over a lent resource gets a successor, where some are to be idle at any time. */
    long headStart() {
        return ageNanos / 20;
    }

    private static long jitter(long age, long id) {
        double share = ((id * 0x9E3779B97F4A7C15L) >>> 40) / (double) (1 << 24);
        return (long) (age * 0.1 * share);
    }

    /** Nanoseconds after which the reaper must look for what has expired. */
    long nextExpiry() {
        long next = Reaper.NO_HURRY;
        if (idleNanos > 0) {
            next = idleNanos / 4; // late by at most a quarter, within the reaper's bounds
        }
        return ageNanos > 0 ? Math.min(next, ageNanos / 10) : next;
    }
}
