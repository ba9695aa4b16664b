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
    private final LongAdder leaseNanos = new LongAdder();
    private final @Nullable Counters ofAll; // of all keys: counts the same, so that nobody has to add up ten thousand

    Counters(@Nullable Counters ofAll) {
        this.ofAll = ofAll;
        for (CloseReason reason : CloseReason.values()) {
            byReason.put(reason, new long[1]);
        }
    }

    private long[] cell(CloseReason reason) {
        return Objects.requireNonNull(byReason.get(reason));
    }

    /** What has been counted until now; what is counted in it counts there alone. */
    Counters copy() {
        Counters copy = new Counters(null);
        copy.opened = opened;
        copy.closedCount = closedCount;
        for (CloseReason reason : CloseReason.values()) {
            copy.cell(reason)[0] = closedFor(reason);
        }
        copy.pastUses = pastUses;
        copy.waited = waited;
        copy.waitNanos = waitNanos;
        copy.openNanos = openNanos;
        copy.openFailures = openFailures;
        copy.closeFailures = closeFailures;
        copy.timeouts = timeouts;
        copy.refused = refused;
        copy.reclaimed = reclaimed;
        copy.leaked = leaked;
        copy.heldTooLong = heldTooLong;
        copy.mostOpen = mostOpen;
        copy.lastOpenFailure = lastOpenFailure;
        copy.leaseNanos.add(leaseNanos.sum());
        return copy;
    }

    void opened(long nanos) {
        opened++;
        openNanos += nanos;
        if (ofAll != null) {
            ofAll.opened(nanos);
        }
    }

    void openFailed(long nanos, String failure) {
        openFailures++;
        openNanos += nanos;
        lastOpenFailure = failure;
        if (ofAll != null) {
            ofAll.openFailed(nanos, failure);
        }
    }

    void waited(int threads) {
        waited += threads;
        if (ofAll != null) {
            ofAll.waited(threads);
        }
    }

    void waitedFor(long nanos) {
        waitNanos += nanos;
        if (ofAll != null) {
            ofAll.waitedFor(nanos);
        }
    }

    void timedOut() {
        timeouts++;
        if (ofAll != null) {
            ofAll.timedOut();
        }
    }

    void refused() {
        refused++;
        if (ofAll != null) {
            ofAll.refused();
        }
    }

    void heldTooLong() {
        heldTooLong++;
        if (ofAll != null) {
            ofAll.heldTooLong();
        }
    }

    void present(int resources) {
        mostOpen = Math.max(mostOpen, resources);
    }

    void leasedFor(long nanos) {
        leaseNanos.add(nanos);
        if (ofAll != null) {
            ofAll.leasedFor(nanos);
        }
    }

    /** The closer has run. What was never more than OPENING was counted as opened when it was claimed. */
    void closed(Slot<?> slot, CloseReason reason, boolean failed) {
        int state = slot.state(); // once, or the numbers of a key and of all keys would differ
        // As the listener is told: a slot that is LEASED with no lease was lost between scopes, for lack of stack.
        boolean wasLeaked = reason == CloseReason.THREAD_ENDED && state == Slot.LEASED && slot.leases > 0;
        if (state != Slot.OPENING) {
            opened(slot.openNanos);
        }
        closed(reason, failed, wasLeaked);
    }

    private void closed(CloseReason reason, boolean failed, boolean wasLeaked) {
        closedCount++;
        cell(reason)[0]++;
        closeFailures += failed ? 1 : 0;
        reclaimed += reason == CloseReason.THREAD_ENDED ? 1 : 0;
        leaked += wasLeaked ? 1 : 0;
        if (ofAll != null) {
            ofAll.closed(reason, failed, wasLeaked);
        }
    }

    long closed() {
        return closedCount;
    }

    long closedFor(CloseReason reason) {
        return cell(reason)[0];
    }

    /** It is not in the registry any more, opened or not. */
    void removed(Slot<?> slot) {
        removed(slot.uses());
    }

    private void removed(long uses) {
        pastUses += uses;
        if (ofAll != null) {
            ofAll.removed(uses);
        }
    }

    private void present(Slot<?> slot, int state) {
        pastUses += slot.uses();
        if (state != Slot.OPENING) {
            opened(slot.openNanos);
        }
    }

    /** Of a copy of the caller's own, to which all that is still there is added. */
    Stats stats(List<? extends Slot<?>> all, int waiting) {
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
