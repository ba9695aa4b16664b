package dev.perthread;

import java.util.Arrays;

/**
 * The registries of one {@link KeyedPerThread} that have, or had, a resource or a waiter, those with a resource first:
 * where ten thousand keys are waited for, who looks for a resource looks at no more registries than there are resources.
 * Guarded by the lock of all keys, under which a copy takes no longer than that of an array.
 */
final class RegistryList<R> {

    /** Where one registry is, and what the total limit was last told of it. */
    static final class Place<R> {
        final R registry;
        private int index = -1;
        private boolean holds;
        int waiting;
        int roomsMade;
        final Turns.Turn<R> permit;
        final Turns.Turn<R> room;
        final Turns.Turn<R> lastMade;

        Place(R registry) {
            this.registry = registry;
            permit = new Turns.Turn<>(registry);
            room = new Turns.Turn<>(registry);
            lastMade = new Turns.Turn<>(registry);
        }
    }

    /** What was never larger than this is not made smaller. */
    private static final int SMALL = 64;

    private Place<R>[] all = none();
    private int size;
    private int holding; // how many have a resource
    private int most; // that there were since it was last trimmed

    @SuppressWarnings("unchecked")
    private static <R> Place<R>[] none() {
        return (Place<R>[]) new Place<?>[0];
    }

    int size() {
        return size;
    }

    boolean contains(Place<R> place) {
        return place.index >= 0;
    }

    /** It is not there yet. */
    void add(Place<R> place) {
        if (size == all.length) {
            all = Arrays.copyOf(all, Math.max(4, size + (size >> 1)));
        }
        put(place, size++);
        most = Math.max(most, size);
    }

    /** It is there, and has no resource. */
    void remove(Place<R> place) {
        swap(place.index, --size);
        place.index = -1;
        Arrays.fill(all, size, size + 1, null); // or the key's pool would stay in memory
    }

    /** Whether this one has a resource; if it has, it is there. */
    void setHolding(Place<R> place, boolean holds) {
        if (place.holds != holds) {
            place.holds = holds;
            swap(place.index, holds ? holding++ : --holding);
        }
    }

    /** Whether so few are left that the memory for the many that there were was given back. */
    boolean trim() {
        if (size >= most >> 3 || most <= SMALL) {
            return false;
        }
        most = size;
        all = Arrays.copyOf(all, Math.max(size, SMALL));
        return true;
    }

    private void swap(int one, int other) {
        Place<R> its = all[one];
        put(all[other], one);
        put(its, other);
    }

    private void put(Place<R> place, int index) {
        all[index] = place;
        place.index = index;
    }

    /** A copy. */
    Place<R>[] copy() {
        return Arrays.copyOf(all, size);
    }

    /** Those that have a resource: a copy. */
    Place<R>[] holding() {
        return Arrays.copyOf(all, holding);
    }
}
