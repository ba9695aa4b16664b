// Threads whose entries all want the same cell of a table.
package dev.perthread;

import java.util.ArrayList;
import java.util.List;

/**
 * Threads that are made one after the other have hashes that lie far apart, and Lincheck's are. So its own would never
 * meet in a cell, and what goes wrong there would never show.
 */
final class Colliding {
    private static final int CELL = 3;
    private static final int MASK = 15; // the same one also after a rebuild from 8 cells to 16

    private Colliding() {}

    /** One that does {@code task}. */
    static Thread thread(Runnable task) {
        Thread thread = new Thread(task);
        while ((Threads.hash(thread) & MASK) != CELL) {
            thread = new Thread(task);
        }
        thread.setDaemon(true);
        return thread;
    }

    static List<Thread> threads(int count) {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            threads.add(thread(() -> {}));
        }
        return threads;
    }
}
