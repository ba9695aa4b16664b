// Decides at which allocation of woven code memory runs out. Public, because that code has another class loader.
package memory;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** At most one shortage at a time; without one there is always enough. */
public final class Memory {
    private static volatile @Nullable Shortage shortage;
    private static volatile @Nullable Runnable meanwhile;

    private Memory() {}

    private record Shortage(
            int nth, boolean lasts, @Nullable Thread who, Thread spared, AtomicInteger taken, AtomicInteger refused) {}

    /**
     * From here on one allocation fails, or that one and all that follow.
     *
     * @param nth which one, from 1
     * @param lasts whether all after it fail too, until {@link #enough}
     * @param who whose allocations count; null for those of all threads but the calling one
     */
    public static void runsOut(int nth, boolean lasts, @Nullable Thread who) {
        shortage = new Shortage(nth, lasts, who, Thread.currentThread(), new AtomicInteger(), new AtomicInteger());
    }

    /**
     * What others do while the one that is to fail has been asked for and has not failed yet; once.
     *
     * @param what called by the thread that runs out of memory
     */
    public static void meanwhile(Runnable what) {
        meanwhile = what;
    }

    /** Whether the allocation came that failed. */
    public static boolean ranOut() {
        Shortage now = shortage;
        return now != null && now.refused.get() > 0;
    }

    /** Ends the shortage. */
    public static void enough() {
        shortage = null;
        meanwhile = null;
    }

    /** Before each allocation of woven code, and after those that can also fail when they have done half their work. */
    public static void take(String at) {
        int n = refused();
        if (n > 0) {
            throw new OutOfMemoryError("planted: number " + n + ", in " + at);
        }
    }

    /** Before a virtual thread is started: without memory for a longer queue, the carriers take none. */
    public static void takeTurn(String at) {
        int n = refused();
        if (n > 0) {
            throw new RejectedExecutionException("planted: number " + n + ", in " + at);
        }
    }

    /** The number of this allocation if it is to fail, or 0. */
    private static int refused() {
        Shortage now = shortage;
        if (now == null) {
            return 0;
        }
        Thread me = Thread.currentThread();
        if (now.who == null ? me == now.spared : me != now.who) {
            return 0;
        }
        int n = now.taken.incrementAndGet();
        if (n == now.nth || (now.lasts && n > now.nth)) {
            Runnable first = meanwhile;
            if (first != null) {
                meanwhile = null;
                first.run();
            }
            now.refused.incrementAndGet();
            return n;
        }
        return 0;
    }
}
