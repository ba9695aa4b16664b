package lib;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * A record of the class loaders that jobs have had, weakly referenced. It is on the task manager's class path and in
 * no job's jar, so every job sees the same one.
 */
public final class Loaders {
    private static final Map<String, Queue<WeakReference<ClassLoader>>> SEEN = new ConcurrentHashMap<>();

    private Loaders() {}

    public static void note(String word, ClassLoader loader) {
        SEEN.computeIfAbsent(word, any -> new ConcurrentLinkedQueue<>()).add(new WeakReference<>(loader));
    }

    /** Waits for the garbage collector, within bounds. */
    public static String left(String word) {
        Queue<WeakReference<ClassLoader>> seen = SEEN.getOrDefault(word, new ConcurrentLinkedQueue<>());
        long end = System.nanoTime() + 20_000_000_000L;
        long left;
        do {
            System.gc();
            LockSupport.parkNanos(200_000_000); // the collector stops everybody, and others have work to do
            left = seen.stream().filter(weak -> weak.get() != null).count();
        } while (left > 0 && System.nanoTime() < end);
        return left + " of " + (seen.isEmpty() ? "none" : "some");
    }
}
