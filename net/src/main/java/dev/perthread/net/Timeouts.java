package dev.perthread.net;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Conversions of durations to the whole milliseconds that sockets count in. */
final class Timeouts {
    private Timeouts() {}

    /** Sockets count in whole milliseconds and take zero for ever: so this rounds up, and ends at 24 days. */
    static int millis(Duration given) {
        return millis(nanos(given));
    }

    static int millis(long nanos) {
        long up = nanos / 1_000_000 + (nanos % 1_000_000 > 0 ? 1 : 0);
        return (int) Math.min(Integer.MAX_VALUE, up);
    }

    static long nanos(Duration given) {
        return TimeUnit.NANOSECONDS.convert(given); // saturates
    }
}
