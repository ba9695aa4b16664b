package dev.perthread;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A pool as those below it know it: its slots, of which each ends its leases here; Flight Recorder; and the pools of other
 * keys. There is one implementation, {@link Pool}. A class and not an interface, so that C2 calls it directly, without
 * asking for its type.
 */
abstract class PoolBase<T> {
    private static final AtomicLong NUMBERS = new AtomicLong();

    final long number = NUMBERS.incrementAndGet(); // in this process
    final CoarseClock clock;
    private final String shownName;
    private final String key;

    PoolBase(PoolConfig<T, ?> config) {
        this.clock = new CoarseClock(config.clock);
        this.shownName = config.shownName;
        this.key = config.key;
    }

    /** As messages and events show it. */
    final String name() {
        return shownName;
    }

    /** The key of a pool that is one of many, as text. */
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

    final ResourceInfo info(Slot<T> slot, ResourceInfo.State shown) {
        return slot.info(shown, clock.now(), Instant.now());
    }
}
