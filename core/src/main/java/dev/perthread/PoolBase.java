package dev.perthread;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pool as those below it know it: its slots, of which each ends its leases here; Flight Recorder; and the pools of other
 * keys. There is one implementation, {@link Pool}. A class and not an interface, so that C2 calls it directly, without
 * asking for its type.
 */
abstract class PoolBase<T> {
    final CoarseClock clock;
    final PoolIdentity identity; // shared by the pools of all keys
    private final String shownName;
    private final String shownPool;
    private final String key;

    PoolBase(PoolConfig<T, ?> config) {
        this.clock = new CoarseClock(config.clock);
        this.identity = config.identity;
        this.shownName = config.shownName;
        this.shownPool = config.shownPool;
        this.key = config.key;
    }

    /** As messages show it: with the key, if there is one. */
    final String name() {
        return shownName;
    }

    /** As events show it: without the key. */
    final String poolName() {
        return shownPool;
    }

    /** The key of a pool that is one of many, as text; else empty. */
    final String key() {
        return key;
    }

    /** By the owner, once per lease, which is not counted as held any more. Returns what the reset threw. */
    abstract @Nullable Throwable release(Slot<T> slot, boolean done);

    /** Closes what the caller has claimed, to make room for another key. */
    abstract void closeClaimed(Slot<T> slot, CloseReason reason);

    /** Has the resources of dead threads closed, and those that have expired, for a thread that waits for another key. */
    abstract void sweepForPermits();

    /** Whether a dead thread's resource, or one that has expired, is just being closed. */
    abstract boolean isReclaiming();

    /** The most that may be open at once; 0 if there is no limit. */
    abstract int limit();

    /** All there is: a copy. */
    abstract List<Slot<T>> slots();

    abstract Stats stats();

    /** Null without keys. */
    abstract @Nullable Stats statsOfAllKeys();

    /** 0 if there is no limit. */
    abstract int limitOfAllKeys();

    final ResourceInfo info(Slot<T> slot, ResourceInfo.State shown) {
        return slot.info(shown, clock.now(), Instant.now());
    }
}
