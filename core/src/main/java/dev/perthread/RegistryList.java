package dev.perthread;

import java.util.ArrayList;
import java.util.List;

/**
 * The registries of one {@link KeyedPerThread} that have a resource or a waiter, those with a resource first: where ten
 * thousand keys are waited for, who looks for a resource looks at no more registries than there are resources. Guarded by
 * the lock of all keys.
 */
final class RegistryList<R> {

    /** Where one registry is, and what the total limit keeps of it. */
    static final class Place<R> {
        final R registry;
        private int index = -1;
        private boolean holds;
        int waiting; // how many, when the total limit was last told
        final Turns.Turn<R> permit;
        final Turns.Turn<R> room;

        Place(R registry) {
            this.registry = registry;
            permit = new Turns.Turn<>(registry);
            room = new Turns.Turn<>(registry);
        }
    }

    private final ArrayList<Place<R>> all = new ArrayList<>();
    private int holding; // how many have a resource

    int size() {
        return all.size();
    }

    boolean contains(Place<R> place) {
        return place.index >= 0;
    }

    /** It is not there yet. */
    void add(Place<R> place) {
        all.add(place);
        place.index = all.size() - 1;
    }

    /** It is there, and has no resource. */
    void remove(Place<R> place) {
        swap(place.index, all.size() - 1);
        all.remove(all.size() - 1);
        place.index = -1;
    }

    /** Whether this one has a resource; if it has, it is there. */
    void setHolding(Place<R> place, boolean holds) {
        if (place.holds != holds) {
            place.holds = holds;
            swap(place.index, holds ? holding++ : --holding);
        }
    }

    private void swap(int one, int other) {
        Place<R> its = all.get(one);
        Place<R> there = all.get(other);
        all.set(one, there);
        there.index = one;
        all.set(other, its);
        its.index = other;
    }

    /** A copy. */
    List<Place<R>> copy() {
        return new ArrayList<>(all);
    }

    /** Those that have a resource: a copy. */
    List<Place<R>> holding() {
        return new ArrayList<>(all.subList(0, holding));
    }
}
