// Lengths of time in words: three digits and a unit.
package dev.perthread.cli;

import java.util.Locale;

final class Times {
    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000_000_000;
    private static final long MINUTE = 60 * SECOND;
    private static final long HOUR = 60 * MINUTE;

    private Times() {}

    static String words(long nanos) {
        if (nanos < MICRO) {
            return nanos + " ns";
        }
        if (nanos < MILLI) {
            return digits(nanos, MICRO) + " µs";
        }
        if (nanos < SECOND) {
            return digits(nanos, MILLI) + " ms";
        }
        if (nanos < 2 * MINUTE) {
            return digits(nanos, SECOND) + " s";
        }
        return nanos < 2 * HOUR ? nanos / MINUTE + " min" : nanos / HOUR + " h";
    }

    private static String digits(long nanos, long unit) {
        double number = (double) nanos / unit;
        int places = number < 10 ? 2 : number < 100 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + places + "f", number);
    }
}
