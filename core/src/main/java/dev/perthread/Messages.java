// The words of exceptions and refusals: which holder, which thread, the numbers, the likely mistake.
package dev.perthread;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

final class Messages {
    /** Between the caller of acquire and the place where the stack is taken. */
    private static final Set<String> OURS = Set.of(
            "dev.perthread.Messages",
            "dev.perthread.Pool",
            "dev.perthread.PerThread",
            "dev.perthread.net.LazyConnection");

    private Messages() {}

    /** A thread by name and id; virtual threads usually have no name. */
    static String of(@Nullable Thread thread) {
        if (thread == null) {
            return "no thread";
        }
        String kind = Platform.isVirtual(thread) ? "virtual thread " : "thread ";
        String name = thread.getName();
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

    /** An option's value, or a refusal that says what is allowed. */
    static long nanos(String what, Duration given, long least) {
        long nanos = saturatedNanos(given);
        if (nanos < least) {
            throw new IllegalArgumentException(
                    what + " is " + given + "; " + (least == 0 ? "zero or more" : "more than zero") + " is allowed");
        }
        return nanos;
    }

    /** The stack of whoever called the library; its own frames are of no use to them. */
    static Throwable trace(String text) {
        Throwable trace = new Throwable(text);
        StackTraceElement[] frames = trace.getStackTrace();
        int first = 0;
        while (first < frames.length && OURS.contains(frames[first].getClassName())) {
            first++;
        }
        trace.setStackTrace(Arrays.copyOfRange(frames, first, frames.length));
        return trace;
    }

    /** Where a lease was acquired, as the end of a sentence, or how to find out. */
    static String at(@Nullable Throwable trace) {
        if (trace == null) {
            return " (builder.trace(true) shows where)";
        }
        StackTraceElement[] frames = trace.getStackTrace();
        return frames.length == 0 ? "" : " at " + frames[0];
    }

    static String closed(String pool) {
        return pool + " is closed: nothing can be acquired from it any more";
    }

    /** What came of a wait at the limit, and what may be in the way. */
    static <T> String atTheLimit(
            PerThread.Builder<T, ?> options, SlotRegistry<T> slots, Thread me, String what, Duration waited) {
        Stats now = slots.stats();
        long mine = slots.slotsOf(me).stream()
                .filter(slot -> slot.state() == Slot.LEASED && !slot.isClaimed())
                .count();
        String hint = "";
        if (mine > 0) {
            hint = "; this thread holds " + mine + " of them itself, so it may be waiting for its own";
        } else if (options.whenIdle == IdlePolicy.KEEP && now.idle() > 0) {
            hint = "; the idle ones are reserved for their threads, whenIdle(LEND) or an idleTimeout would free them";
        } else if (now.leased() > 0) {
            hint = "; the leases are held for long, or some are never closed: "
                    + (options.trace ? someLeases(slots) : "builder.trace(true) shows where they were acquired");
        }
        return options.name + ": " + of(me) + " " + what + ", after " + of(waited) + " (limit " + options.limit
                + ", leased " + now.leased() + ", idle " + now.idle() + ", opening " + now.opening() + ", waiting "
                + now.waiting() + ")" + hint;
    }

    private static <T> String someLeases(SlotRegistry<T> slots) {
        List<String> shown = new ArrayList<>();
        for (Slot<T> slot : slots.all()) {
            Throwable trace = slot.trace;
            if (trace != null && slot.state() == Slot.LEASED && shown.size() < 3) {
                shown.add(of(slot.thread) + at(trace));
            }
        }
        return String.join(", ", shown);
    }
}
