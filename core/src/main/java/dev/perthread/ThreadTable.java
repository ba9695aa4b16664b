package dev.perthread;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A hash table from threads, told apart by identity, to entries: the storage under everything. Open addressing with linear
 * probing. {@link #entryOf} takes no lock and is right only for the calling thread's own
 * entry; everything else is called under the lock of the table's user.
 *
 * <p>Why a plain read of the array is enough in {@code entryOf}: an entry is put under the calling thread's key by that
 * thread itself, so it sees its own write, either in this array or, after a rebuild by another thread, in the one that
 * the volatile {@code table} then publishes. Entries of other threads may be seen half-written; their {@code thread} is
 * then some other thread or null, and not a match.
 */
class ThreadTable<E extends ThreadTable.Entry> {

    /** Something that belongs to a thread. */
    static class Entry {
        private static final VarHandle VALUE;

        static {
            try {
                VALUE = MethodHandles.lookup().findVarHandle(Entry.class, "value", Object.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        /** The owner; null where there is none, and such an entry is not in the table. */
        final @Nullable Thread thread;

        /**
         * What the thread has here: a slot's resource, or a store's value. In this class, though each kind of entry has its
         * own rules for it: whoever only wants the value of what {@link #entryOf} returns needs no cast.
         */
        @Nullable
        Object value;

        Entry(@Nullable Thread thread) {
            this.thread = thread;
        }

        /** What the thread did before it put the value here happens-before what follows. */
        final @Nullable Object read() {
            return VALUE.getAcquire(this);
        }

        /** Exactly one caller gets what was there, however many try. */
        final @Nullable Object swap(@Nullable Object next) {
            return VALUE.getAndSet(this, next);
        }
    }

    private static final int SMALLEST = 8;
    private static final Entry REMOVED = new Entry(null);

    private volatile @Nullable Entry[] table = new @Nullable Entry[SMALLEST];
    private int live; // entries
    private int used; // entries and REMOVED marks; at least a quarter of the cells stays null, so every probe ends

    /** Fibonacci hashing: ids come in sequence, or in strides of a pool's size. */
    static int spread(long id) {
        return (int) ((id * 0x9E3779B97F4A7C15L) >>> 32);
    }

    /** The entry under this thread, which must be the calling one unless the lock is held. */
    @SuppressWarnings("unchecked")
    @Nullable
    final E entryOf(Thread thread) {
        @Nullable Entry[] cells = table;
        int mask = cells.length - 1;
        for (int i = Platform.hash(thread) & mask; ; i = (i + 1) & mask) {
            Entry entry = cells[i];
            if (entry == null) {
                return null;
            }
            if (entry.thread == thread) {
                return (E) entry;
            }
        }
    }

    /** Puts an entry under its thread, in the place of the one that is there; for that no memory is needed. Lock held. */
    final void put(E entry) {
        Thread thread = entry.thread;
        if (thread == null) {
            throw new AssertionError("an entry without a thread");
        }
        @Nullable Entry[] cells = table;
        int mask = cells.length - 1;
        int free = -1;
        for (int i = Platform.hash(thread) & mask; ; i = (i + 1) & mask) {
            Entry there = cells[i];
            if (there == null) {
                if (free < 0 && isFull()) {
                    rebuild();
                    put(entry);
                    return;
                }
                if (free < 0) {
                    free = i;
                    used++;
                }
                break;
            }
            if (there.thread == thread) {
                cells[i] = entry;
                return;
            }
            if (there == REMOVED && free < 0) {
                free = i;
            }
        }
        cells[free] = entry;
        live++;
    }

    /** After this the next {@link #put} needs no memory. Lock held. */
    final void ensureCapacity() {
        if (isFull()) {
            rebuild();
        }
    }

    private boolean isFull() {
        return used >= table.length - (table.length >> 2) - 1;
    }

    /** Takes away the entry under this thread, if there is one. Never fails. Lock held. */
    final void takeOut(Thread thread) {
        @Nullable Entry[] cells = table;
        int mask = cells.length - 1;
        for (int i = Platform.hash(thread) & mask; ; i = (i + 1) & mask) {
            Entry there = cells[i];
            if (there == null) {
                return;
            }
            if (there.thread == thread) {
                live--;
                clear(cells, i);
                if (live < cells.length >> 3 && cells.length > SMALLEST) {
                    try {
                        rebuild();
                    } catch (OutOfMemoryError passing) {
                        // then it stays as large as it is
                    }
                }
                return;
            }
        }
    }

    private void clear(@Nullable Entry[] cells, int i) {
        int mask = cells.length - 1;
        if (cells[(i + 1) & mask] != null) {
            cells[i] = REMOVED; // others were put past this cell: a null would hide them
            return;
        }
        // No probe goes on past this cell, nor past the marks just before it.
        do {
            cells[i] = null;
            used--;
            i = (i - 1) & mask;
        } while (cells[i] == REMOVED);
    }

    /** Copies the live entries to an array of fitting size. Readers of the old array still find their own in it. */
    private void rebuild() {
        int size = SMALLEST;
        while (size < live * 2 + 2) {
            size <<= 1;
        }
        @Nullable Entry[] cells = new @Nullable Entry[size];
        int mask = size - 1;
        for (Entry entry : table) {
            Thread thread = entry == null ? null : entry.thread;
            if (entry != null && thread != null) {
                int i = Platform.hash(thread) & mask;
                while (cells[i] != null) {
                    i = (i + 1) & mask;
                }
                cells[i] = entry;
            }
        }
        used = live;
        table = cells;
    }

    /** A copy of the entries, to be looked at without the lock. Lock held. */
    @SuppressWarnings("unchecked")
    final List<E> entries() {
        List<E> all = new ArrayList<>(live);
        for (Entry entry : table) {
            if (entry != null && entry != REMOVED) {
                all.add((E) entry);
            }
        }
        return all;
    }

    /** Number of entries. Lock held. */
    final int count() {
        return live;
    }

    /** Number of cells, for tests. */
    final int capacity() {
        return table.length;
    }
}
