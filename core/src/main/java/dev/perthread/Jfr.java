package dev.perthread;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * The door to Flight Recorder: shut where there is no module jdk.jfr, and until somebody starts a recording.
 *
 * <p>Behind it are {@link JfrWriter} and {@link JfrEvents}. They must not even be loaded while the door is shut: without the
 * module that fails, and without a recording it makes Flight Recorder start itself, which takes a second. So nothing here
 * may need to know more of an event's class than its name: the verifier loads what it has to compare, and the compiler
 * what a signature names, in the thread that happens to call. So an event is an {@code Object} here.
 *
 * <p>Called with no lock held. Nothing here throws, but for lack of memory; and around a closer, and where a lease begins by
 * the fast path, not even then, for a closer must be called, and a permit be given back.
 */
final class Jfr {
    private static final long PATIENCE = 10_000_000_000L;
    private static final boolean PRESENT = isPresent();
    private static final AtomicBoolean LOADING = new AtomicBoolean();
    private static final CountDownLatch LOADED = new CountDownLatch(1);
    private static volatile boolean loaded; // as LOADED, for less; not if the library was undeployed meanwhile

    private Jfr() {}

    private static boolean isPresent() {
        try {
            FlightRecorder.isInitialized();
            return true;
        } catch (LinkageError absent) {
            return false; // no such module, or none that this one was told to read
        }
    }

    /** Whether a recording was ever started in this process, for the price of reading a volatile field or two. */
    static boolean on() {
        return PRESENT && FlightRecorder.isInitialized() && (loaded || load());
    }

    /**
     * Loads what is behind the door, once, and in a thread of its own: a virtual thread that loads a class, or waits for
     * one, pins its carrier. This one parks. Not for ever: the caller may hold what the loading of classes needs.
     */
    private static boolean load() {
        try {
            if (LOADING.compareAndSet(false, true)) {
                DaemonThreads.create("perthread-jfr", Jfr::loadAll).start();
            }
            return LOADED.await(PATIENCE, TimeUnit.NANOSECONDS) && loaded;
        } catch (InterruptedException wanted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (OutOfMemoryError noThread) {
            LOADING.set(false);
            return false;
        }
    }

    private static void loadAll() {
        try {
            JfrWriter.prepare();
            loaded = true;
        } catch (OutOfMemoryError passing) {
            loaded = true; // the rest is loaded where it is used
        } catch (LinkageError undeployed) {
            // The door stays shut.
        } finally {
            LOADED.countDown();
        }
    }

    /** Something that has begun and will be one of two events, or none: (Open, OpenFailed), (Close, CloseFailed). */
    record Span(@Nullable Object done, @Nullable Object failed) {}

    static @Nullable Span opening() {
        return on() ? JfrWriter.opening() : null;
    }

    static void opened(@Nullable Span span, Slot<?> slot) {
        if (span != null) {
            JfrWriter.opened(span, slot);
        }
    }

    static void openFailed(@Nullable Span span, Slot<?> slot, Throwable failure) {
        if (span != null) {
            JfrWriter.openFailed(span, slot, failure);
        }
    }

    static @Nullable Span closing() {
        try {
            return on() ? JfrWriter.closing() : null;
        } catch (Throwable unrecorded) {
            return null;
        }
    }

    static void closed(@Nullable Span span, Slot<?> slot, CloseReason reason, @Nullable Throwable failure) {
        if (span != null) {
            try {
                JfrWriter.closed(span, slot, reason, failure);
            } catch (Throwable unrecorded) {
                // one event less
            }
        }
    }

    /** Whether leases are recorded now. Asked on the shortest way through acquire. */
    static boolean recordsLeases() {
        try {
            return on() && JfrWriter.recordsLeases();
        } catch (Throwable unrecorded) { // the caller has just taken a resource, and would keep it for ever
            return false;
        }
    }

    /** A lease has begun. It is remembered in its slot, by which the release knows that there is something to tell. */
    static void leaseBegins(Slot<?> slot) {
        if (recordsLeases()) {
            slot.recorded = JfrWriter.leaseBegins();
        }
    }

    /** By the owner. A lease that began before the recording is not told. */
    static void leaseEnds(Slot<?> slot) {
        if (slot.recorded != null) {
            JfrWriter.leaseEnds(slot, false);
        }
    }

    /** By whoever found the owner dead. */
    static void leaked(Slot<?> slot) {
        if (on()) {
            JfrWriter.leaked(slot);
            JfrWriter.leaseEnds(slot, true);
        }
    }

    /** By a thread of the library. */
    static void heldTooLong(Slot<?> slot, ResourceInfo info) {
        if (on()) {
            JfrWriter.heldTooLong(slot, info);
        }
    }

    /** Begun; also a lambda that captures an event makes the JVM load its class, recording or not. */
    static @Nullable Object reclaiming() {
        return on() ? JfrWriter.reclaiming() : null;
    }

    static void reclaimed(@Nullable Object reclaim, Slot<?> slot, boolean leaked) {
        if (reclaim != null) {
            JfrWriter.reclaimed(reclaim, slot, leaked);
        }
    }

    static @Nullable Object waiting() {
        return on() ? JfrWriter.waiting() : null;
    }

    static void waited(@Nullable Object wait, PoolBase<?> pool, Waiter<?> waiter) {
        if (wait != null) {
            JfrWriter.waited((JfrEvents.Wait) wait, pool, waiter);
        }
    }

    static void statistics(PoolBase<?> pool) {
        if (on()) {
            JfrWriter.statistics(pool);
        }
    }

    /** Of all keys together. */
    static void statistics(String pool, PoolIdentity identity, int limit, Stats now) {
        if (on()) {
            JfrWriter.statistics(pool, identity, limit, now);
        }
    }

    /**
     * What Flight Recorder calls from time to time. It holds on to what it calls, and so to our class loader: the reaper
     * hangs it up when it finds a recording, and takes it off when nothing is open any more. Used by the reaper's thread.
     */
    static final class Periodic {
        private final Runnable statistics;
        private final Runnable resources;
        private boolean hung;

        Periodic(Supplier<? extends Stream<PoolBase<?>>> pools) {
            statistics = () -> JfrWriter.statistics(pools.get());
            resources = () -> pools.get().forEach(JfrWriter::resources);
        }

        void hang() {
            if (!hung && on()) {
                hung = true; // first: who is not allowed to should not try in every round
                JfrWriter.hang(statistics, resources);
            }
        }

        void takeOff() {
            if (hung) {
                hung = false;
                try {
                    JfrWriter.takeOff(statistics);
                    JfrWriter.takeOff(resources);
                } catch (Throwable undeployed) {
                    // Before the writer could be loaded; so nothing hangs.
                }
            }
        }
    }
}
