package dev.perthread.net;

import java.util.concurrent.TimeUnit;

/**
 * The moment by which something must be done, for everything that takes several waits.
 *
 * @param at in the time of {@link System#nanoTime}, which may overflow: only differences mean anything
 * @param nanos what it was made of, for messages
 */
record Deadline(long at, long nanos) {
    static Deadline in(long nanos) {
        return new Deadline(System.nanoTime() + nanos, nanos);
    }

    static Deadline inMillis(long millis) {
        return in(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    long left() {
        return at - System.nanoTime();
    }

    boolean isOver() {
        return left() <= 0;
    }

    /** For calls that take zero for ever: what is left, and one millisecond if nothing is. */
    int millis() {
        return Math.max(1, Timeouts.millis(left()));
    }

    @Override
    public String toString() {
        return Messages.duration(Timeouts.millis(nanos));
    }
}
