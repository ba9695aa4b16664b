package dev.perthread;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What has happened to one pool, in numbers. Guarded by the registry's lock, as is all that it counts, so that the numbers
 * of one {@link Stats} agree; but for {@code leaseNanos}, which is counted where no lock is held.
 */
final class Counters {
    private long opened; // and closed; or claimed while it was OPENING. What is open is counted from its state
    private long closedCount;
    private final Map<CloseReason, long[]> byReason =
            new EnumMap<>(CloseReason.class); // a cell for each, made beforehand
    private long pastUses; // of the resources that are gone
    private long waited;
    private long waitNanos;
    private long openNanos;
    private long openFailures;
    private long closeFailures;
    private long timeouts;
    private long refused;
    private long reclaimed;
    private long leaked;
    private long heldTooLong;
    private int mostOpen;
    private @Nullable String lastOpenFailure;
    private long failedAt; // only with lastOpenFailure
    private final LongAdder leaseNanos = new LongAdder();

    Counters() {
        for (CloseReason reason : CloseReason.values()) {
            byReason.put(reason, new long[1]);
        }
    }

    private long[] cell(CloseReason reason) {
        return Objects.requireNonNull(byReason.get(reason));
    }

    /** As {@link #add}, with the most that were present. */
    void addAll(Counters other) {
        add(other);
        mostOpen = Math.max(mostOpen, other.mostOpen);
    }

    /** Counts what another one has counted, too; but for the most that were present at once. */
    void add(Counters other) {
        opened += other.opened;
        closedCount += other.closedCount;
        for (CloseReason reason : CloseReason.values()) {
            cell(reason)[0] += other.closedFor(reason);
        }
        pastUses += other.pastUses;
        waited += other.waited;
        waitNanos += other.waitNanos;
        openNanos += other.openNanos;
        openFailures += other.openFailures;
        closeFailures += other.closeFailures;
        timeouts += other.timeouts;
        refused += other.refused;
        reclaimed += other.reclaimed;
        leaked += other.leaked;
        heldTooLong += other.heldTooLong;
        if (other.lastOpenFailure != null && (lastOpenFailure == null || other.failedAt - failedAt > 0)) {
            lastOpenFailure = other.lastOpenFailure;
            failedAt = other.failedAt;
        }
        leaseNanos.add(other.leaseNanos.sum());
    }

    void opened(long nanos) {
        opened++;
        openNanos += nanos;
    }

    void openFailed(long nanos, String failure) {
        openFailures++;
        openNanos += nanos;
        lastOpenFailure = failure;
        failedAt = System.nanoTime();
    }

    void waited(int threads) {
        waited += threads;
    }

    void waitedFor(long nanos) {
        waitNanos += nanos;
    }

    void timedOut() {
        timeouts++;
    }

    void refused() {
        refused++;
    }

    void heldTooLong() {
        heldTooLong++;
    }

    void present(int resources) {
        mostOpen = Math.max(mostOpen, resources);
    }

    int mostPresent() {
        return mostOpen;
    }

    void leasedFor(long nanos) {
        leaseNanos.add(nanos);
    }

    /** The closer has run. What was never more than OPENING was counted as opened when it was claimed. */
    void closed(Slot<?> slot, CloseReason reason, boolean failed) {
        if (slot.state() != Slot.OPENING) {
            opened(slot.openNanos);
        }
        closedCount++;
        cell(reason)[0]++;
        closeFailures += failed ? 1 : 0;
        reclaimed += reason == CloseReason.THREAD_ENDED ? 1 : 0;
        // As the listener is told: a slot that is LEASED with no lease was lost between scopes, for lack of stack.
        leaked += reason == CloseReason.THREAD_ENDED && slot.state() == Slot.LEASED && slot.leases > 0 ? 1 : 0;
    }

    long closed() {
        return closedCount;
    }

    long closedFor(CloseReason reason) {
        return cell(reason)[0];
    }

    /** It is not in the registry any more, opened or not. */
    void removed(Slot<?> slot) {
        pastUses += slot.uses();
    }

    Stats stats(List<? extends Slot<?>> all, int waiting) {
        return stats(all, waiting, mostOpen);
    }

    private void present(Slot<?> slot, int state) {
        pastUses += slot.uses();
        if (state != Slot.OPENING) {
            opened(slot.openNanos);
        }
    }

    /** Of a copy of the caller's own, to which all that is still there is added. */
    Stats stats(List<? extends Slot<?>> all, int waiting, int mostOpen) {
        int opening = 0;
        int leasedNow = 0;
        int idle = 0;
        for (Slot<?> slot : all) {
            int state = slot.state(); // once: what counts as leased counts as opened
            present(slot, state);
            switch (slot.shown(state)) {
                case OPENING -> opening++;
                case LEASED -> leasedNow++;
                case IDLE -> idle++;
                case CLOSING -> {}
            }
        }
        return new Stats(
                opened,
                closedCount,
                (int) (opened - closedCount),
                leasedNow,
                idle,
                opening,
                waiting,
                pastUses,
                waited,
                openFailures,
                closeFailures,
                timeouts,
                reclaimed,
                leaked,
                heldTooLong,
                refused,
                waitNanos,
                openNanos,
                leaseNanos.sum(),
                mostOpen,
                reasons(),
                lastOpenFailure);
    }

    private Map<CloseReason, Long> reasons() {
        Map<CloseReason, Long> counted = new EnumMap<>(CloseReason.class);
        byReason.forEach((reason, count) -> {
            if (count[0] > 0) {
                counted.put(reason, count[0]);
            }
        });
        return counted;
    }
}
