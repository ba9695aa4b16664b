package dev.perthread.net.soak;

import dev.perthread.CloseReason;
import dev.perthread.Stats;
import dev.perthread.net.soak.Subject.Peer;
import dev.perthread.testkit.ThreadKind;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The counts of the campaign, and the list of what must never be seen: a breach, which ends it. Shared by all threads
 * of the campaign.
 */
final class InvariantMonitor {
    private static final int SHOWN = 5;

    final long seed;
    final PauseDetector pauses = new PauseDetector();

    /** Of the threads in which the library runs closers: virtual ones, where there are any. */
    final PauseDetector closerPauses = new PauseDetector(
            ThreadKind.available().reduce((first, last) -> last).orElseThrow());

    private final long begin = System.nanoTime();

    final AtomicLong scopes = new AtomicLong();
    final AtomicLong answers = new AtomicLong();
    final AtomicLong brokenStreams = new AtomicLong();
    final AtomicLong timeouts = new AtomicLong();
    final AtomicLong interrupts = new AtomicLong();
    final AtomicLong interrupted = new AtomicLong();
    final AtomicLong leaksLeft = new AtomicLong();
    final AtomicLong forced = new AtomicLong();
    final AtomicLong lateClosers = new AtomicLong();
    final AtomicLong retired = new AtomicLong();
    final AtomicLong reentries = new AtomicLong();
    final AtomicLong looks = new AtomicLong();
    final AtomicLong outOfMemory = new AtomicLong();
    final AtomicLong descriptorBursts = new AtomicLong();
    final AtomicLong heapBursts = new AtomicLong();
    final AtomicLong mostFilled = new AtomicLong(); // kilobytes
    final AtomicLong worstAcquire = new AtomicLong();
    final AtomicLong worstTransfer = new AtomicLong(); // a read or a write, of a connection of ours
    final AtomicLong worstReclaim = new AtomicLong();
    final AtomicLong peakDescriptors = new AtomicLong();
    final AtomicLong peakThreads = new AtomicLong();
    final Map<CloseReason, AtomicLong> closes = new EnumMap<>(CloseReason.class);
    final Map<String, AtomicLong> exceptions = new ConcurrentHashMap<>();

    /** When each thread of the campaign ended, by its id and the pulse's clock. */
    final Map<Long, Long> deaths = new ConcurrentHashMap<>();

    /** Of the holders that are gone. */
    final Map<String, Long> past = new TreeMap<>();

    private final Queue<String> breaches = new ConcurrentLinkedQueue<>();

    InvariantMonitor(long seed) {
        this.seed = seed;
        for (CloseReason reason : CloseReason.values()) {
            closes.put(reason, new AtomicLong());
        }
    }

    /** Something that must not be: told at once, and the campaign ends. */
    void breach(String what, Throwable why) {
        breaches.add(what);
        synchronized (System.out) {
            System.out.printf("soak: BREACH after %.1f s, seed %d: %s%n", seconds(), seed, what);
            if (why != null && breaches.size() <= SHOWN) {
                why.printStackTrace(System.out);
            }
        }
    }

    void require(boolean holds, String what) {
        if (!holds) {
            breach(what, new Throwable("seen here"));
        }
    }

    boolean isBroken() {
        return !breaches.isEmpty();
    }

    int breaches() {
        return breaches.size();
    }

    double seconds() {
        return (System.nanoTime() - begin) / 1e9;
    }

    /** An exception that the faults explain. */
    void expected(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        String kind = failure.getClass().getSimpleName();
        for (String word : new String[] {
            "Too many open files",
            "refused",
            "no answer in",
            "reset",
            "Broken pipe",
            "garbage",
            "ended early",
            "on purpose",
            "closed under its user",
            "is closed",
            "read timeout",
            "Read timed out",
            "nterrupt",
            "abandoned",
            "that is no data",
            "cut off",
            "new handshake"
        }) {
            if (message.contains(word)) {
                kind += " (" + word.replace("nterrupt", "interrupted") + ")";
                break;
            }
        }
        exceptions.computeIfAbsent(kind, unseen -> new AtomicLong()).incrementAndGet();
    }

    void forget(long olderThan) {
        deaths.values().removeIf(ended -> pauses.now() - ended > olderThan);
    }

    static void max(AtomicLong worst, long value) {
        worst.accumulateAndGet(value, Math::max);
    }

    /** Once a holder, when it is closed and all has come to rest. */
    synchronized void add(Stats stats, Peer peer) {
        add("opened " + peer, stats.opened());
        add("failed to open " + peer, stats.openFailures());
        add("opened", stats.opened());
        add("closed", stats.closed());
        add("acquired", stats.acquired());
        add("waited", stats.waited());
        add("open failures", stats.openFailures());
        add("close failures", stats.closeFailures());
        add("reclaimed", stats.reclaimed());
        add("leaked", stats.leaked());
    }

    private void add(String what, long more) {
        past.merge(what, more, Long::sum);
    }

    synchronized long past(String what) {
        return past.getOrDefault(what, 0L);
    }

    static long millis(long nanos) {
        return (nanos + 999_999) / 1_000_000;
    }
}
