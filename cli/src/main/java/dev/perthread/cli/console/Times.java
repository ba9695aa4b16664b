package dev.perthread.cli.console;

import java.util.Locale;

/** Lengths of time in words: three digits and a unit. */
public final class Times {
    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000_000_000;
    private static final long MINUTE = 60 * SECOND;
    private static final long HOUR = 60 * MINUTE;

    private Times() {}

    /**
     * A length of time to read at a glance.
     *
     * @param nanos nanoseconds, 0 or more
     * @return a number of up to three digits, a space and a unit from ns to h
     */
    public static String words(long nanos) {
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
