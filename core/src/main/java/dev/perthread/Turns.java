package dev.perthread;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keys in the order of a number that each puts forward, as that of the thread which waits longest for it: a binary heap, in
 * which each key knows its place, so that a change costs the logarithm of how many keys are waited for. A scan would be
 * under the lock of all keys, which guards this.
 *
 * <p>An array of its own, as {@link #set} must not need memory: a list that was told to grow need not have grown.
 */
final class Turns<R> {

    /** The turn of one key. */
    static final class Turn<R> {
        final R registry;
        private boolean queued;
        private long order;
        private int place;

        Turn(R registry) {
            this.registry = registry;
        }
    }

    private Turn<R>[] heap = none();
    private int size;

    @SuppressWarnings("unchecked")
    private static <R> Turn<R>[] none() {
        return (Turn<R>[]) new Turn<?>[0];
    }

    /** After this {@link #set} needs no memory for so many keys. */
    void ensureCapacity(int keys) {
        if (heap.length < keys) {
            heap = Arrays.copyOf(heap, Math.max(keys, heap.length + (heap.length >> 1)));
        }
    }

    /** Gives back what more than so many keys would need, or than there are. */
    void trim(int keys) {
        heap = Arrays.copyOf(heap, Math.max(size, keys));
    }

    /** Whose turn it is, the one with the least number; null if there is none. */
    @Nullable
    R first() {
        return size == 0 ? null : heap[0].registry;
    }

    /** This key has a turn, by that number. */
    void set(Turn<R> turn, long order) {
        if (!turn.queued) {
            turn.queued = true;
            turn.order = order;
            put(turn, size++);
            sift(turn);
        } else if (turn.order != order) {
            turn.order = order;
            sift(turn);
        }
    }

    /** This key has none. */
    void clear(Turn<R> turn) {
        if (turn.queued) {
            turn.queued = false;
            Turn<R> last = heap[--size];
            Arrays.fill(heap, size, size + 1, null); // or the key's pool would stay in memory
            if (last != turn) {
                put(last, turn.place);
                sift(last);
            }
        }
    }

    private void sift(Turn<R> turn) {
        while (turn.place > 0 && turn.order < heap[(turn.place - 1) >> 1].order) {
            swap(turn, heap[(turn.place - 1) >> 1]);
        }
        for (int child = 2 * turn.place + 1; child < size; child = 2 * turn.place + 1) {
            Turn<R> below = heap[child];
            if (child + 1 < size && heap[child + 1].order < below.order) {
                below = heap[child + 1];
            }
            if (turn.order < below.order) {
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
        heap[place] = turn;
    }
}
