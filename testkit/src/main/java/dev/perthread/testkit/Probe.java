package dev.perthread.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A resource that notices every abuse: closed twice, used after close, used by two threads at once. It remembers the
 * abuse even if the code under test swallows the failure; every test fails on it at its end.
 */
public final class Probe implements AutoCloseable {
    private static final Set<Probe> OPEN = ConcurrentHashMap.newKeySet();
    private static final Queue<String> COMPLAINTS = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger OPENED = new AtomicInteger();
    private static final AtomicInteger CLOSED = new AtomicInteger();
    private static final AtomicInteger PEAK = new AtomicInteger();

    private final int number = OPENED.incrementAndGet();
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
    private final AtomicInteger closings = new AtomicInteger();
    private final Thread opener = Thread.currentThread();

    /** Opens one. */
    public Probe() {
        OPEN.add(this);
        PEAK.accumulateAndGet(OPEN.size(), Math::max);
    }

    static void begin() {
        OPEN.clear();
        COMPLAINTS.clear();
        OPENED.set(0);
        CLOSED.set(0);
        PEAK.set(0);
    }

    static Set<Probe> open() {
        return Set.copyOf(OPEN);
    }

    static List<String> complaints() {
        return new ArrayList<>(COMPLAINTS);
    }

    /**
     * How many were opened in this test.
     *
     * @return zero or more
     */
    public static int opened() {
        return OPENED.get();
    }

    /**
     * How many were closed in this test.
     *
     * @return zero or more
     */
    public static int closed() {
        return CLOSED.get();
    }

    /**
     * The most that were open at once in this test.
     *
     * @return zero or more
     */
    public static int peak() {
        return PEAK.get();
    }

    /** Uses it for a moment; complains if somebody else is using it, or if it is closed. */
    public void use() {
        Thread me = Thread.currentThread();
        Thread other = user.compareAndExchange(null, me);
        if (other != null) {
            COMPLAINTS.add(this + " used by " + me + " while " + other + " uses it");
        }
        if (closings.get() != 0) {
            COMPLAINTS.add(this + " used by " + me + " after close");
        }
        user.compareAndSet(me, null);
    }

    /**
     * Uses it until {@link #end(Thread)}.
     *
     * @param me the user
     */
    public void begin(Thread me) {
        Thread other = user.compareAndExchange(null, me);
        if (other != null || closings.get() != 0) {
            COMPLAINTS.add(this + " begun by " + me + " while used by " + other + ", closed " + closings);
        }
    }

    /**
     * Ends what {@link #begin(Thread)} began.
     *
     * @param me the user
     */
    public void end(Thread me) {
        if (!user.compareAndSet(me, null)) {
            COMPLAINTS.add(this + " ended by " + me + " though used by " + user);
        }
    }

    /**
     * Whether it was closed.
     *
     * @return whether
     */
    public boolean isClosed() {
        return closings.get() > 0;
    }

    /**
     * Who opened it.
     *
     * @return the thread
     */
    public Thread opener() {
        return opener;
    }

    /**
     * Its number in this test, from 1.
     *
     * @return the number
     */
    public int number() {
        return number;
    }

    @Override
    public void close() {
        if (closings.incrementAndGet() > 1) {
            COMPLAINTS.add(this + " closed " + closings + " times, now by " + Thread.currentThread());
            return;
        }
        Thread inUse = user.get();
        if (inUse != null && inUse != Thread.currentThread()) {
            COMPLAINTS.add(this + " closed by " + Thread.currentThread() + " under its user " + inUse);
        }
        CLOSED.incrementAndGet();
        OPEN.remove(this);
    }

    @Override
    public String toString() {
        return "probe " + number;
    }
}
