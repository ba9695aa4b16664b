package dev.perthread;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Keys in the order in which those arrived who are to be served: a binary heap, in which each key knows its place, so that a
 * change costs the logarithm of how many keys are waited for. A scan would be under the lock of all keys, which guards this.
 */
final class Turns<R> {

    /** The turn of one key. */
    static final class Turn<R> {
        final R registry;
        private boolean queued;
        private long arrival;
        private int place;

        Turn(R registry) {
            this.registry = registry;
        }
    }

    private final ArrayList<Turn<R>> heap = new ArrayList<>();

    /** After this {@link #set} needs no memory for so many keys. */
    void ensureCapacity(int keys) {
        heap.ensureCapacity(keys);
    }

    /** Whose turn it is, or null. */
    @Nullable
    R first() {
        return heap.isEmpty() ? null : heap.get(0).registry;
    }

    /** Somebody has to be served for this key, who arrived as that number. */
    void set(Turn<R> turn, long arrival) {
        if (turn.queued && turn.arrival == arrival) {
            return;
        }
        turn.arrival = arrival;
        if (!turn.queued) {
            turn.queued = true;
            turn.place = heap.size();
            heap.add(turn);
        }
        sift(turn);
    }

    /** Nobody has to be served for this key. */
    void clear(Turn<R> turn) {
        if (turn.queued) {
            turn.queued = false;
            Turn<R> last = heap.remove(heap.size() - 1);
            if (last != turn) {
                put(last, turn.place);
                sift(last);
            }
        }
    }

    private void sift(Turn<R> turn) {
        while (turn.place > 0 && turn.arrival < heap.get((turn.place - 1) >> 1).arrival) {
            swap(turn, heap.get((turn.place - 1) >> 1));
        }
        for (int child = 2 * turn.place + 1; child < heap.size(); child = 2 * turn.place + 1) {
            Turn<R> below = heap.get(child);
            if (child + 1 < heap.size() && heap.get(child + 1).arrival < below.arrival) {
                below = heap.get(child + 1);
            }
            if (turn.arrival < below.arrival) {
                return;
            }
            swap(turn, below);
        }
    }

    private void swap(Turn<R> one, Turn<R> other) {
        int place = one.place;
        put(one, other.place);
        put(other, place);
    }

    private void put(Turn<R> turn, int place) {
        turn.place = place;
        heap.set(place, turn);
    }
}
