package dev.perthread;

import java.util.function.LongSupplier;

/** The clock of one pool, and what it was when the reaper last read it, for those who cannot afford to read it themselves. */
final class CoarseClock {
    private final LongSupplier source;
    private volatile long tick;

    CoarseClock(LongSupplier source) {
        this.source = source;
        this.tick = source.getAsLong();
    }

    /** In nanoseconds, from any zero. */
    long now() {
        return source.getAsLong();
    }

    /** The same as of the last tick, some milliseconds ago. */
    long tick() {
        return tick;
    }

    /** By the reaper, in each round. */
    long advance() {
        long now = source.getAsLong();
        tick = now;
        return now;
    }
}
