package dev.perthread;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Fills in the events of Flight Recorder. Only to be touched through {@link Jfr}, which says when. An event that memory or
 * stack runs out for is one event less; the caller does not notice.
 */
final class JfrWriter {
    private JfrWriter() {}

    /** Has all events loaded and known to Flight Recorder. */
    static void prepare() {
        opening();
        closing();
        waiting();
        reclaiming();
        begin(JfrEvents.Lease::new);
        begin(JfrEvents.Leak::new);
        begin(JfrEvents.Resource::new);
        begin(JfrEvents.Statistics::new);
    }

    private static <E extends Event> @Nullable E begin(Supplier<E> kind) {
        try {
            E event = kind.get();
            event.begin();
            return event;
        } catch (Throwable unrecorded) {
            return null;
        }
    }

    private static <E extends Event> void commit(@Nullable E event, Consumer<E> fill) {
        try {
            if (event != null && event.shouldCommit()) {
                fill.accept(event);
                event.commit();
            }
        } catch (Throwable unrecorded) {
            // Not even logged: what has no memory for an event has none for a line.
        }
    }

    /** The frames of a stack, a line each; null if it was not traced. */
    private static @Nullable String lines(List<StackTraceElement> stack) {
        return stack.isEmpty()
                ? null
                : stack.stream().map(StackTraceElement::toString).collect(Collectors.joining("\n"));
    }

    private static @Nullable String lines(@Nullable Throwable trace) {
        return trace == null ? null : lines(List.of(trace.getStackTrace()));
    }

    private static long millis(@Nullable Instant instant) {
        return instant == null ? 0 : instant.toEpochMilli();
    }

    // ---- open and close ----

    static Jfr.Span opening() {
        return new Jfr.Span(begin(JfrEvents.Open::new), begin(JfrEvents.OpenFailed::new));
    }

    static void opened(Jfr.Span span, Slot<?> slot) {
        commit((JfrEvents.Open) span.done(), event -> event.of(slot));
    }

    static void openFailed(Jfr.Span span, Slot<?> slot, Throwable failure) {
        commit((JfrEvents.OpenFailed) span.failed(), event -> {
            event.of(slot);
            event.failure = failure.toString();
        });
    }

    static Jfr.Span closing() {
        return new Jfr.Span(begin(JfrEvents.Close::new), begin(JfrEvents.CloseFailed::new));
    }

    static void closed(Jfr.Span span, Slot<?> slot, CloseReason reason, @Nullable Throwable failure) {
        if (failure == null) {
            commit((JfrEvents.Close) span.done(), event -> {
                event.of(slot);
                event.reason = reason.name();
            });
        } else {
            commit((JfrEvents.CloseFailed) span.failed(), event -> {
                event.of(slot);
                event.reason = reason.name();
                event.failure = failure.toString();
            });
        }
    }

    // ---- leases ----

    static boolean recordsLeases() {
        try {
            return JfrEvents.Lease.isWanted();
        } catch (LinkageError unusable) { // for ever, because memory ran out while it was initialized
            return false;
        }
    }

    static JfrEvents.@Nullable Lease leaseBegins() {
        return begin(JfrEvents.Lease::new);
    }

    static void leaseEnds(Slot<?> slot, boolean leaked) {
        JfrEvents.Lease lease = (JfrEvents.Lease) slot.recorded;
        slot.recorded = null;
        commit(lease, event -> {
            event.of(slot);
            event.outcome = outcome(slot, leaked);
            event.uses = slot.uses();
            event.acquiredAt = lines(slot.trace);
        });
    }

    private static String outcome(Slot<?> slot, boolean leaked) {
        if (leaked) {
            return "LEAKED";
        }
        if (slot.isClaimed()) {
            return slot.reason() == CloseReason.REVOKED ? "REVOKED" : "FORCED";
        }
        return slot.invalid ? "INVALIDATED" : "RELEASED";
    }

    static <T> void leaked(Slot<T> slot) {
        commit(begin(JfrEvents.Leak::new), event -> {
            ResourceInfo info = slot.pool.info(slot, ResourceInfo.State.LEASED);
            event.of(slot);
            event.leasedSince = millis(info.leasedSince());
            event.acquiredAt = lines(info.acquiredAt());
        });
    }

    static void heldTooLong(Slot<?> slot, ResourceInfo info) {
        commit(begin(JfrEvents.HeldTooLong::new), event -> {
            event.of(slot);
            event.leasedSince = millis(info.leasedSince());
            event.acquiredAt = lines(info.acquiredAt());
        });
    }

    static JfrEvents.@Nullable Reclaim reclaiming() {
        return begin(JfrEvents.Reclaim::new);
    }

    static void reclaimed(Object reclaim, Slot<?> slot, boolean leaked) {
        commit((JfrEvents.Reclaim) reclaim, event -> {
            event.of(slot);
            event.leaked = leaked;
        });
    }

    // ---- waiting ----

    static JfrEvents.@Nullable Wait waiting() {
        return begin(JfrEvents.Wait::new);
    }

    static void waited(JfrEvents.Wait wait, PoolBase<?> pool, Waiter<?> waiter) {
        commit(wait, event -> {
            Slot<?> granted = waiter.granted;
            event.of(pool, granted == null ? 0 : granted.id, waiter.thread);
            event.served = granted != null;
        });
    }

    // ---- from time to time ----

    static void statistics(PoolBase<?> pool) {
        commit(new JfrEvents.Statistics(), event -> event.of(pool));
    }

    static void statistics(String pool, PoolIdentity identity, int limit, Stats now) {
        commit(new JfrEvents.Statistics(), event -> event.ofAllKeys(pool, identity, limit, now));
    }

    /** Of each pool, and of each pool with keys those of all its keys. */
    static void statistics(Stream<PoolBase<?>> pools) {
        Set<PoolIdentity> seen = new HashSet<>();
        pools.forEach(pool -> {
            statistics(pool);
            Stats all = seen.add(pool.identity) ? pool.statsOfAllKeys() : null;
            if (all != null) {
                statistics(pool.poolName(), pool.identity, pool.limitOfAllKeys(), all);
            }
        });
    }

    static <T> void resources(PoolBase<T> pool) {
        for (Slot<T> slot : pool.slots()) {
            commit(new JfrEvents.Resource(), event -> {
                ResourceInfo info = pool.info(slot, slot.shown());
                event.of(slot);
                event.state = info.state().name();
                event.openedAt = millis(info.openedAt());
                event.leasedSince = millis(info.leasedSince());
                event.uses = info.uses();
                event.acquiredAt = lines(info.acquiredAt());
            });
        }
    }

    static void hang(Runnable statistics, Runnable resources) {
        try {
            FlightRecorder.addPeriodicEvent(JfrEvents.Statistics.class, statistics);
            FlightRecorder.addPeriodicEvent(JfrEvents.Resource.class, resources);
        } catch (Throwable unrecorded) {
            takeOff(statistics);
            takeOff(resources);
        }
    }

    static void takeOff(Runnable hung) {
        try {
            FlightRecorder.removePeriodicEvent(hung);
        } catch (Throwable undeployed) {
            // Nothing to be done: it is the end of the reaper.
        }
    }
}
