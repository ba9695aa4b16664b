package dev.perthread.net.soak;

import dev.perthread.testkit.ThreadKind;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that stands still while the whole process does, be it for a collection or because others have the processor.
 * How long something took says nothing about the library while nothing at all moves. A thread that does nothing but
 * wake up finds out; what it oversleeps is not counted.
 */
final class PauseDetector {
    private static final long BEAT = 10_000_000;

    private record Beat(long at, long lost) {}

    private volatile Beat last = new Beat(System.nanoTime(), 0);
    private volatile long longest;

    PauseDetector() {
        this(ThreadKind.PLATFORM);
    }

    /** Of virtual threads: it stands still while they have no carrier, too. */
    PauseDetector(ThreadKind kind) {
        if (kind == ThreadKind.PLATFORM) {
            Server.daemon("soak-pulse", this::beat);
        } else {
            kind.start(this::beat);
        }
    }

    private void beat() {
        while (true) {
            try {
                LockSupport.parkNanos(BEAT);
                long now = System.nanoTime();
                long late = overslept(last, now);
                longest = Math.max(longest, late);
                last = new Beat(now, last.lost() + late);
            } catch (OutOfMemoryError passing) {
                // Then the next beat is later still.
            }
        }
    }

    private static long overslept(Beat beat, long now) {
        return Math.max(0, now - beat.at() - 2 * BEAT);
    }

    /** Nanoseconds, standstills left out. */
    long now() {
        while (true) {
            Beat beat = last;
            long now = System.nanoTime();
            if (beat == last) {
                return now - beat.lost() - overslept(beat, now);
            }
        }
    }

    /** Nanoseconds. */
    long lost() {
        return last.lost();
    }

    /** Nanoseconds. */
    long longest() {
        return longest;
    }
}
