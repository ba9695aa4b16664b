// A set of longs, because there are millions.
package model;

/** Open addressing; zero is kept apart. */
final class Longs {
    private long[] cells = new long[1 << 12];
    private int size;
    private boolean zero;

    boolean add(long value) {
        if (value == 0) {
            boolean added = !zero;
            zero = true;
            return added;
        }
        if (size > cells.length / 2) {
            long[] old = cells;
            cells = new long[old.length * 2];
            for (long there : old) {
                if (there != 0) {
                    cells[find(there)] = there;
                }
            }
        }
        int i = find(value);
        if (cells[i] == value) {
            return false;
        }
        cells[i] = value;
        size++;
        return true;
    }

    private int find(long value) {
        int mask = cells.length - 1;
        int i = (int) Heap.mix(value, 1) & mask;
        while (cells[i] != 0 && cells[i] != value) {
            i = (i + 1) & mask;
        }
        return i;
    }

    long size() {
        return size + (zero ? 1L : 0L);
    }

    void clear() {
        cells = new long[1 << 12];
        size = 0;
        zero = false;
    }
}
