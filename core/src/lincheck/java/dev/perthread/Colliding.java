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

    static List<Thread> threads(int count) {
        List<Thread> threads = new ArrayList<>();
        while (threads.size() < count) {
            Thread thread = new Thread();
            if ((Platform.hash(thread) & MASK) == CELL) {
                threads.add(thread);
            }
        }
        return threads;
    }
}
