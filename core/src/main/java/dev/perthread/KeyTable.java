package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a keyed pool by key. The keys are user code: their {@code hashCode} and {@code equals} run in the thread
 * that looks up, with no lock held, so one that throws or never returns harms nobody but who calls with it. The map below is
 * therefore from hash codes to immutable chains, which are compared by identity alone.
 */
final class KeyTable<K, T, X extends Exception> {

    /** A key, and what there is for it. */
    static final class Entry<K, T, X extends Exception> {
        final K key;
        private final int hash;
        final Pool<T, X> pool;

        Entry(K key, int hash, Function<Entry<K, T, X>, Pool<T, X>> pool) {
            this.key = key;
            this.hash = hash;
            this.pool = pool.apply(this);
        }
    }

    private record Chain<K, T, X extends Exception>(
            Entry<K, T, X> entry, @Nullable Chain<K, T, X> next) {
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other; // nothing of the user's
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    private final ConcurrentHashMap<Integer, Chain<K, T, X>> chains = new ConcurrentHashMap<>();

    @Nullable
    Entry<K, T, X> find(K key) {
        return find(key, chains.get(key.hashCode()));
    }

    private @Nullable Entry<K, T, X> find(K key, @Nullable Chain<K, T, X> first) {
        for (Chain<K, T, X> chain = first; chain != null; chain = chain.next) {
            if (chain.entry.key == key || key.equals(chain.entry.key)) { // the caller's equals, not that of others
                return chain.entry;
            }
        }
        return null;
    }

    Entry<K, T, X> findOrAdd(K key, Function<Entry<K, T, X>, Pool<T, X>> pool) {
        int hash = key.hashCode();
        Entry<K, T, X> added = null;
        while (true) {
            Chain<K, T, X> first = chains.get(hash);
            Entry<K, T, X> found = find(key, first);
            if (found != null) {
                return found;
            }
            added = added == null ? new Entry<>(key, hash, pool) : added;
            Chain<K, T, X> longer = new Chain<>(added, first);
            if (first == null ? chains.putIfAbsent(hash, longer) == null : chains.replace(hash, first, longer)) {
                return added;
            }
        }
    }

    /** Calls nothing of the user's. */
    void remove(Entry<K, T, X> entry) {
        while (true) {
            Chain<K, T, X> first = chains.get(entry.hash);
            Chain<K, T, X> without = without(entry, first);
            if (first == null || first == without) {
                return;
            }
            if (without == null ? chains.remove(entry.hash, first) : chains.replace(entry.hash, first, without)) {
                return;
            }
        }
    }

    /** The same chain if it is not in it. */
    private static <K, T, X extends Exception> @Nullable Chain<K, T, X> without(
            Entry<K, T, X> entry, @Nullable Chain<K, T, X> first) {
        boolean there = false;
        Chain<K, T, X> without = null;
        for (Chain<K, T, X> chain = first; chain != null; chain = chain.next) {
            if (chain.entry == entry) {
                there = true;
            } else {
                without = new Chain<>(chain.entry, without);
            }
        }
        return there ? without : first;
    }

    List<K> keys() {
        List<K> keys = new ArrayList<>();
        for (Chain<K, T, X> first : chains.values()) {
            for (Chain<K, T, X> chain = first; chain != null; chain = chain.next) {
                keys.add(chain.entry.key);
            }
        }
        return keys;
    }
}
