package dev.perthread.net.soak;

import dev.perthread.net.soak.Subject.Peer;
import java.time.Duration;
import java.util.TreeMap;

/** The lines for people: one per minute, and the table at the end. */
final class Report {
    private Report() {}

    static void progress(InvariantMonitor monitor, Surroundings surroundings) {
        System.out.printf(
                "soak: %3.0f min, %d scopes, %d opened, %d forced, %d holders closed, %d timeouts, %d interrupts, "
                        + "%d threads most, %d descriptors most, heap %d MB, worst acquire %d ms, out of memory %d%n",
                monitor.seconds() / 60,
                monitor.scopes.get(),
                monitor.past("opened"),
                monitor.forced.get(),
                monitor.retired.get(),
                monitor.timeouts.get(),
                monitor.interrupts.get(),
                monitor.peakThreads.get(),
                monitor.peakDescriptors.get(),
                Surroundings.used() >> 20,
                InvariantMonitor.millis(monitor.worstAcquire.get()),
                monitor.outOfMemory.get());
    }

    static void print(
            InvariantMonitor monitor, Duration length, String faults, String[] sides, Surroundings surroundings) {
        row("minutes", length.toMillis() / 60_000.0);
        row("seed", monitor.seed);
        row("JDK", Runtime.version());
        row("scopes ended well", monitor.scopes);
        row("answers, each its own", monitor.answers);
        row("reads of broken streams, refused", monitor.brokenStreams);
        row("leases", monitor.past("acquired") + ", " + monitor.past("waited") + " after waiting");
        row("opened", monitor.past("opened") + ", " + monitor.past("open failures") + " failed");
        row("closed", monitor.past("closed") + ", " + monitor.past("close failures") + " closers threw");
        row("closed, where a listener was told", monitor.closes);
        row("faults between", faults);
        row(
                "faults inside",
                monitor.descriptorBursts + " times no descriptors, " + monitor.heapBursts + " times hardly any heap ("
                        + (monitor.mostFilled.get() >> 10)
                        + " MB filled at most), "
                        + monitor.outOfMemory + " OutOfMemoryErrors");
        row("exceptions", new TreeMap<>(monitor.exceptions));
        row("timeouts at the limit", monitor.timeouts);
        row(
                "interrupts",
                monitor.interrupts + " found after a call, " + monitor.interrupted + " ended a wait at the limit");
        row("re-entered or refused", monitor.reentries);
        row("leaked", monitor.leaksLeft + " left, " + monitor.past("leaked") + " reclaimed, the others forced");
        row("reclaimed from dead threads", monitor.past("reclaimed"));
        row("forced", monitor.forced);
        row("holders closed and made anew", monitor.retired);
        row("looks at numbers", monitor.looks);
        for (Peer peer : Peer.values()) {
            row(
                    "opened, " + peer,
                    monitor.past("opened " + peer) + ", " + monitor.past("failed to open " + peer) + " failed");
        }
        row("server, direct", side(sides, 0));
        row("server, TLS 1.3", side(sides, 6));
        row("server, TLS 1.2", side(sides, 12));
        row("server, behind proxies", side(sides, 18));
        row(
                "descriptors",
                surroundings.descriptorsBefore + " before, " + monitor.peakDescriptors + " most, "
                        + surroundings.descriptorsAfter + " after");
        row("platform threads, most", monitor.peakThreads);
        row(
                "heap after collection",
                (surroundings.heapBefore >> 10) + " kB before, " + (surroundings.heapAfter >> 10) + " kB after");
        row(
                "standstills, left out below",
                InvariantMonitor.millis(monitor.pauses.lost()) + " ms, the longest "
                        + InvariantMonitor.millis(monitor.pauses.longest()) + " ms");
        row("closers late in a standstill", monitor.lateClosers);
        row("worst acquire", InvariantMonitor.millis(monitor.worstAcquire.get()) + " ms");
        row("worst read or write", InvariantMonitor.millis(monitor.worstTransfer.get()) + " ms");
        row("worst reclaim", InvariantMonitor.millis(monitor.worstReclaim.get()) + " ms");
        row("breaches", monitor.breaches());
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
