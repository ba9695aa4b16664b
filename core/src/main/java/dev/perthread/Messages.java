package dev.perthread;

import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ForkJoinWorkerThread;
import org.jspecify.annotations.Nullable;

/** The text of exceptions and log lines: which pool, which thread, the numbers, the likely mistake. */
final class Messages {
    /** How much is shown of a name, or of a text that is not ours. */
    static final int MOST_SHOWN = 200;

    /** The classes of this package between the caller of acquire and the place where the stack is taken. */
    private static final Set<String> OURS = Set.of("Messages", "Pool", "PerThread", "KeyedPerThread");

    private static final String PACKAGE = "dev.perthread.";

    private Messages() {}

    /** A thread by name and id; virtual threads usually have no name. */
    static String of(@Nullable Thread thread) {
        if (thread == null) {
            return "no thread";
        }
        String kind = Platform.isVirtual(thread) ? "virtual thread " : "thread ";
        String name = shown(thread.getName());
        return kind + (name.isEmpty() ? "" : '"' + name + "\" ") + "(id " + Platform.id(thread) + ")";
    }

    static String of(Duration duration) {
        long nanos = saturatedNanos(duration);
        if (nanos % 1_000_000_000 == 0) {
            return nanos / 1_000_000_000 + " s";
        }
        return nanos >= 1_000_000 ? nanos / 1_000_000 + " ms" : nanos + " ns";
    }

    static long saturatedNanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException tooLong) {
            return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /** An option's value, or a refusal that says what it must be. */
    static long nanos(String what, Duration given, long least) {
        long nanos = saturatedNanos(given);
        if (nanos < least) {
            throw new IllegalArgumentException(
                    what + " must be " + (least == 0 ? "zero or more" : "more than zero") + ", but was " + given);
        }
        return nanos;
    }

    /** The same for a number. */
    static long atLeast(String what, long given, long least) {
        if (given < least) {
            throw new IllegalArgumentException(what + " must be " + least + " or more, but was " + given);
        }
        return given;
    }

    /**
     * A text that is not ours, such as a name: line feeds, escapes and other control characters are escaped, so that it
     * cannot forge a line of a log or move a cursor, and it is cut.
     */
    static String shown(String text) {
        int end = Math.min(text.length(), MOST_SHOWN);
        if (end == text.length() && !hasControl(text)) {
            return text;
        }
        if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
            end--; // half a pair is no character
        }
        StringBuilder shown = new StringBuilder(end + 16);
        for (int i = 0; i < end; ) {
            int c = text.codePointAt(i);
            if (c == '\n') {
                shown.append("\\n");
            } else if (c == '\r') {
                shown.append("\\r");
            } else if (c == '\t') {
                shown.append("\\t");
            } else if (isControl(c)) {
                shown.append(String.format(c > 0xffff ? "\\u{%x}" : "\\u%04x", c));
            } else {
                shown.appendCodePoint(c);
            }
            i += Character.charCount(c);
        }
        return end < text.length() ? shown + "…" : shown.toString();
    }

    /** By hand: a listener is told the name of a thread four times a use, and a stream costs more than all the rest of it. */
    private static boolean hasControl(String text) {
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (isControl(c)) {
                return true;
            }
            i += Character.charCount(c);
        }
        return false;
    }

    private static boolean isControl(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL
                || type == Character.FORMAT
                || type == Character.SURROGATE // half a pair
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }

    /** What somebody else's code threw, in one line. */
    static String shown(Throwable failure) {
        try {
            return shown(failure.toString());
        } catch (Throwable unspeakable) {
            return failure.getClass().getName();
        }
    }

    /** The stack of whoever called the library; its own frames are of no use to them. */
    static Throwable trace(String text) {
        Throwable trace = new Throwable(text);
        StackTraceElement[] frames = trace.getStackTrace();
        int first = 0;
        while (first < frames.length && isOurs(frames[first].getClassName())) {
            first++;
        }
        trace.setStackTrace(Arrays.copyOfRange(frames, first, frames.length));
        return trace;
    }

    /** Of this package by name, as its users may be in it too; of the packages below it all. */
    private static boolean isOurs(String type) {
        if (!type.startsWith(PACKAGE)) {
            return false;
        }
        String name = type.substring(PACKAGE.length());
        int nested = name.indexOf('$');
        return name.indexOf('.') >= 0 || OURS.contains(nested < 0 ? name : name.substring(0, nested));
    }

    /** Where a lease was acquired, as the end of a sentence, or how to find out. */
    static String at(@Nullable Throwable trace) {
        if (trace == null) {
            return " at a place that builder.trace(true) would show";
        }
        StackTraceElement[] frames = trace.getStackTrace();
        return frames.length == 0 ? "" : " at " + frames[0];
    }

    static String closed(String pool) {
        return pool + " is closed: nothing can be acquired from it any more";
    }

    static String reentry(String pool, Thread me, @Nullable Throwable trace) {
        return pool + ": " + of(me) + " already holds a lease, acquired" + at(trace)
                + "; close it first, or build with reentry(OPEN_NEW) or reentry(SHARE)"
                + (me instanceof ForkJoinWorkerThread
                        ? "; while a task holds a lease and waits, as for a parallel stream, its worker may run another one"
                        : "");
    }

    static String openTimedOut(String pool, Thread me, long nanos) {
        return pool + ": " + of(me) + " got no resource, as opening one was interrupted after "
                + of(Duration.ofNanos(nanos)) + " (openTimeout, or the time of the acquire); the permit is free again";
    }

    static String neverReused(String pool, int times) {
        return pool + ": " + times
                + " leases ended without done(), so their resources were closed and none was ever reused;"
                + " call done() as the last line of each scope, or use call and run, which say it by returning, or build"
                + " with reuse(UNLESS_INVALIDATED) if a resource cannot be left in the middle of anything";
    }

    static String noJmx(String pool) {
        return pool + ": JMX needs module java.management; java --add-modules java.management adds it";
    }

    /** The key of a keyed pool: the user's {@code toString}, which may do anything. */
    static String key(Object key) {
        String text;
        try {
            text = shown(key.toString());
        } catch (Exception | StackOverflowError unspeakable) {
            text = key.getClass().getName();
        }
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN - 1) + "…";
    }
}
