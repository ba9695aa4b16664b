package dev.perthread.net;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The moment by which something must be done, for everything that takes several waits.
 *
 * @param at in the time of {@link System#nanoTime}, which may overflow: only differences mean anything
 * @param nanos what it was made of, for messages
 * @param cut whether that is less than the openTimeout, for messages
 */
record Deadline(long at, long nanos, boolean cut) {
    static Deadline in(long nanos) {
        return new Deadline(System.nanoTime() + nanos, nanos, false);
    }

    /**
     * For opening a connection.
     *
     * @param left what is left of the time of {@code open}; zero if that does not want to wait at the limit, which says
     *     nothing about how long connecting may take
     */
    static Deadline opening(Duration left, long openNanos) {
        long nanos = Timeouts.nanos(left);
        boolean cut = nanos > 0 && nanos < openNanos;
        long most = cut ? nanos : openNanos;
        return new Deadline(System.nanoTime() + most, most, cut && Timeouts.millis(nanos) < Timeouts.millis(openNanos));
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

    /** As a message about opening has it. */
    @Override
    public String toString() {
        String time = Messages.duration(Timeouts.millis(nanos));
        return cut ? "the " + time + " that were left" : "the openTimeout of " + time;
    }
}
