// What has happened to one holder, in numbers.
package dev.perthread;

import java.util.List;

/** Guarded by the lock of the books, as is all that it counts: so the numbers of one {@link Stats} agree. */
final class Counters {
    private long opened;
    private long closedCount;
    private long pastUses; // of the resources that are gone
    private long waited;
    private long openFailures;
    private long closeFailures;
    private long timeouts;
    private long reclaimed;
    private long leaked;

    void opened() {
        opened++;
    }

    void openFailed() {
        openFailures++;
    }

    void waited(int threads) {
        waited += threads;
    }

    void timedOut() {
        timeouts++;
    }

    /** The closer has run. */
    void closed(Slot<?> slot, CloseReason reason, boolean failed) {
        closedCount++;
        closeFailures += failed ? 1 : 0;
        reclaimed += reason == CloseReason.THREAD_ENDED ? 1 : 0;
        leaked += reason == CloseReason.THREAD_ENDED && slot.state() == Slot.LEASED ? 1 : 0;
    }

    /** It is not in the books any more, opened or not. */
    void removed(Slot<?> slot) {
        pastUses += slot.uses();
    }

    Stats stats(List<? extends Slot<?>> all, int waiting) {
        int opening = 0;
        int leasedNow = 0;
        int idle = 0;
        long acquired = pastUses;
        for (Slot<?> slot : all) {
            acquired += slot.uses();
            switch (slot.shown()) {
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
                acquired,
                waited,
                openFailures,
                closeFailures,
                timeouts,
                reclaimed,
                leaked);
    }
}
