package dev.perthread;

import java.util.function.LongSupplier;

/** The clock of one pool, and what it was when the reaper last read it, for those who cannot afford to read it themselves. */
final class CoarseClock {
    static final LongSupplier SYSTEM = System::nanoTime;

    private final LongSupplier source;
    private final boolean system;
    private volatile long tick;

    CoarseClock(LongSupplier source) {
        this.source = source;
        this.system = source == SYSTEM;
        this.tick = source.getAsLong();
    }

    /** In nanoseconds, from any zero. */
    long now() {
        return source.getAsLong();
    }

    /**
     * The same for who has just read the system's clock, which is nearly always this one: to read it takes as long as half of
     * what it takes to open and close something trivial.
     */
    long now(long nanoTime) {
        return system ? nanoTime : source.getAsLong();
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
