// The lines for people: one a minute, and the table at the end.
package dev.perthread.net.soak;

import java.time.Duration;
import java.util.TreeMap;

final class Report {
    private Report() {}

    static void progress(Tally tally, Surroundings surroundings) {
        System.out.printf(
                "soak: %3.0f min, %d scopes, %d opened, %d forced, %d holders closed, %d timeouts, %d interrupts, "
                        + "%d threads most, %d descriptors most, heap %d MB, worst acquire %d ms, out of memory %d%n",
                tally.seconds() / 60,
                tally.scopes.get(),
                tally.past("opened"),
                tally.forced.get(),
                tally.retired.get(),
                tally.timeouts.get(),
                tally.interrupts.get(),
                tally.peakThreads.get(),
                tally.peakDescriptors.get(),
                Surroundings.used() >> 20,
                Tally.millis(tally.worstAcquire.get()),
                tally.outOfMemory.get());
    }

    static void print(Tally tally, Duration length, String faults, String[] sides, Surroundings surroundings) {
        row("minutes", length.toMillis() / 60_000.0);
        row("seed", tally.seed);
        row("JDK", Runtime.version());
        row("scopes ended well", tally.scopes);
        row("answers, each its own", tally.answers);
        row("leases", tally.past("acquired") + ", " + tally.past("waited") + " after waiting");
        row("opened", tally.past("opened") + ", " + tally.past("open failures") + " failed");
        row("closed", tally.past("closed") + ", " + tally.past("close failures") + " closers threw");
        row("closed, where a listener was told", tally.closes);
        row("faults between", faults);
        row(
                "faults inside",
                tally.descriptorBursts + " times no descriptors, " + tally.heapBursts + " times hardly any heap ("
                        + (tally.mostFilled.get() >> 10)
                        + " MB filled at most), "
                        + tally.outOfMemory + " OutOfMemoryErrors");
        row("exceptions", new TreeMap<>(tally.exceptions));
        row("timeouts at the limit", tally.timeouts);
        row(
                "interrupts",
                tally.interrupts + " found after a call, " + tally.interrupted + " ended a wait at the limit");
        row("re-entered or refused", tally.reentries);
        row("leaked", tally.leaksLeft + " left, " + tally.past("leaked") + " reclaimed, the others forced");
        row("reclaimed from dead threads", tally.past("reclaimed"));
        row("forced", tally.forced);
        row("holders closed and made anew", tally.retired);
        row("looks at numbers", tally.looks);
        row("server, direct", side(sides, 0));
        row("server, behind proxies", side(sides, 6));
        row(
                "descriptors",
                surroundings.descriptorsBefore + " before, " + tally.peakDescriptors + " most, "
                        + surroundings.descriptorsAfter + " after");
        row("platform threads, most", tally.peakThreads);
        row(
                "heap after collection",
                (surroundings.heapBefore >> 10) + " kB before, " + (surroundings.heapAfter >> 10) + " kB after");
        row(
                "standstills, left out below",
                Tally.millis(tally.pulse.lost()) + " ms, the longest " + Tally.millis(tally.pulse.longest()) + " ms");
        row("worst acquire", Tally.millis(tally.worstAcquire.get()) + " ms");
        row("worst reclaim", Tally.millis(tally.worstReclaim.get()) + " ms");
        row("breaches", tally.breaches());
    }

    private static String side(String[] sides, int from) {
        return "accepted " + sides[from] + ", ended " + sides[from + 1] + ", broken " + sides[from + 2]
                + ", closed there " + sides[from + 3] + ", open " + sides[from + 4] + ", most at once "
                + sides[from + 5];
    }

    private static void row(String what, Object value) {
        System.out.printf("soak | %-34s | %s%n", what, value);
    }
}
