package dev.perthread;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a keyed pool by key: a hash table with open addressing and linear probing. The keys are user code: their
 * {@code hashCode} and {@code equals} run in the thread that looks up, with no lock held, so one that throws or never
 * returns harms nobody but who calls with it. Under the lock entries are told apart by identity alone.
 *
 * <p>A lookup reads three lines of memory, where a map of the library reads seven: with a hundred keys they do not stay in
 * the first cache, and that is half of what a lease of a key costs.
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

    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final int SMALLEST = 16;
    private static final Object REMOVED = new Object();

    private final ReentrantLock lock; // the total limit's

    // Written under the lock and read without it. Of the cells at least a quarter stays null, so every probe ends.
    private volatile @Nullable Object[] cells = new @Nullable Object[SMALLEST];

    // Guarded by the lock.
    private int live; // entries
    private int used; // entries and REMOVED marks

    KeyTable(ReentrantLock lock) {
        this.lock = lock;
    }

    /**
     * May find one that has just been removed, and miss one that has just been added: the first has a pool that is gone, and
     * {@link #findOrAdd} looks again.
     */
    @SuppressWarnings("unchecked")
    @Nullable
    Entry<K, T, X> find(K key) {
        int hash = key.hashCode();
        @Nullable Object[] all = cells;
        int mask = all.length - 1;
        for (int i = ThreadTable.spread(hash) & mask; ; i = (i + 1) & mask) {
            // Acquire, and put by release: who finds an entry finds its pool made.
            Object there = CELL.getAcquire(all, i);
            if (there == null) {
                return null;
            }
            if (there != REMOVED) {
                Entry<K, T, X> entry = (Entry<K, T, X>) there;
                // The caller's equals, not that of others.
                if (entry.hash == hash && (entry.key == key || key.equals(entry.key))) {
                    return entry;
                }
            }
        }
    }

    Entry<K, T, X> findOrAdd(K key, Function<Entry<K, T, X>, Pool<T, X>> pool) {
        Entry<K, T, X> known = find(key);
        if (known != null) {
            return known;
        }
        Entry<K, T, X> mine = new Entry<>(key, key.hashCode(), pool);
        Set<Entry<K, T, X>> others = sameHash(mine.hash);
        for (Entry<K, T, X> other : others) {
            if (key.equals(other.key)) {
                return other; // added meanwhile
            }
        }
        for (Entry<K, T, X> rival = add(mine, others); rival != null; rival = add(mine, others)) {
            if (key.equals(rival.key)) {
                return rival;
            }
            others.add(rival);
        }
        return mine;
    }

    @SuppressWarnings("unchecked")
    private Set<Entry<K, T, X>> sameHash(int hash) {
        Set<Entry<K, T, X>> same = Collections.newSetFromMap(new IdentityHashMap<>(2));
        @Nullable Object[] all = cells;
        int mask = all.length - 1;
        int i = ThreadTable.spread(hash) & mask;
        for (Object there = CELL.getAcquire(all, i); there != null; there = CELL.getAcquire(all, i)) {
            if (there != REMOVED && ((Entry<?, ?, ?>) there).hash == hash) {
                same.add((Entry<K, T, X>) there);
            }
            i = (i + 1) & mask;
        }
        return same;
    }

    /**
     * Does nothing where there is an entry with the same hash that is not among those known to have another key, and returns
     * it: whether its key is the same the caller must ask without the lock.
     */
    @SuppressWarnings("unchecked")
    private @Nullable Entry<K, T, X> add(Entry<K, T, X> entry, Set<Entry<K, T, X>> others) {
        lock.lock();
        try {
            if (used >= cells.length - (cells.length >> 2) - 1) {
                rebuild(); // allocate before commit
            }
            @Nullable Object[] all = cells;
            int mask = all.length - 1;
            int free = -1;
            int i = ThreadTable.spread(entry.hash) & mask;
            for (; all[i] != null; i = (i + 1) & mask) {
                if (all[i] == REMOVED) {
                    free = free < 0 ? i : free;
                } else if (((Entry<?, ?, ?>) all[i]).hash == entry.hash && !others.contains(all[i])) {
                    return (Entry<K, T, X>) all[i];
                }
            }
            used += free < 0 ? 1 : 0;
            live++;
            CELL.setRelease(all, free < 0 ? i : free, entry);
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Calls nothing of the user's, and never fails. Lock held. Does nothing the second time. */
    void remove(Entry<K, T, X> entry) {
        @Nullable Object[] all = cells;
        int mask = all.length - 1;
        int i = ThreadTable.spread(entry.hash) & mask;
        while (all[i] != entry) {
            if (all[i] == null) {
                return;
            }
            i = (i + 1) & mask;
        }
        live--;
        clear(all, i);
        if (live < all.length >> 3 && all.length > SMALLEST) {
            try {
                rebuild();
            } catch (OutOfMemoryError passing) {
                // then it stays as large as it is
            }
        }
    }

    private void clear(@Nullable Object[] all, int at) {
        int mask = all.length - 1;
        if (all[(at + 1) & mask] != null) {
            CELL.setRelease(all, at, REMOVED); // others were put past this cell: a null would hide them
            return;
        }
        // No probe goes on past this cell, nor past the marks just before it.
        int i = at;
        do {
            CELL.setRelease(all, i, null);
            used--;
            i = (i - 1) & mask;
        } while (all[i] == REMOVED);
    }

    /** Copies the entries to an array of fitting size. Who is looking in the old one goes on there. */
    private void rebuild() {
        int size = SMALLEST;
        while (size < live * 2 + 2) {
            size <<= 1;
        }
        @Nullable Object[] fresh = new @Nullable Object[size];
        int mask = size - 1;
        for (Object there : cells) {
            if (there != null && there != REMOVED) {
                int i = ThreadTable.spread(((Entry<?, ?, ?>) there).hash) & mask;
                while (fresh[i] != null) {
                    i = (i + 1) & mask;
                }
                fresh[i] = there;
            }
        }
        used = live;
        cells = fresh;
    }

    @SuppressWarnings("unchecked")
    List<K> keys() {
        lock.lock();
        try {
            List<K> keys = new ArrayList<>(live);
            for (Object there : cells) {
                if (there != null && there != REMOVED) {
                    keys.add(((Entry<K, T, X>) there).key);
                }
            }
            return keys;
        } finally {
            lock.unlock();
        }
    }
}
