package dev.perthread.spring.boot;

import dev.perthread.AcquireTimeoutException;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells which pools cannot open resources. A pool is suspected if an opener has failed since the last look, or was found
 * down by it; then this look opens one itself. So a failure that passed is forgiven, and an application that nobody sends
 * requests to any more, because it was down, comes up again.
 */
final class OpeningHealth {
    private static final int LONGEST_FAILURE = 200;
    private static final Duration LONGEST_PROBE = Duration.ofSeconds(5);

    private final PoolBeans pools;
    private final boolean probes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Object, Openings> openings = new WeakHashMap<>(); // guarded by lock

    OpeningHealth(PoolBeans pools, boolean probes) {
        this.pools = pools;
        this.probes = probes;
    }

    /**
     * The state of a pool.
     *
     * @param downSince when it was first found down, {@code null} if it is up
     * @param failure why the last opening failed, {@code null} if it is up
     */
    record State(@Nullable Instant downSince, @Nullable String failure) {
        static final State UP = new State(null, null);

        boolean isDown() {
            return downSince != null;
        }

        /** For people and monitors. */
        Map<String, Object> details() {
            return downSince == null || failure == null
                    ? Map.of("status", "UP")
                    : Map.of("status", "DOWN", "since", downSince, "failure", failure);
        }
    }

    /** What the last look found. */
    private static final class Openings {
        final ReentrantLock lock = new ReentrantLock(); // an opener may take its time; nobody opens two at once here
        long opened;
        long failed;
        State state = State.UP;
    }

    /** By bean name. May take as long as opening takes, where a pool is suspected. */
    Map<String, State> look() {
        Map<String, State> states = new TreeMap<>();
        pools.all().forEach(pool -> states.put(pool.name(), look(pool)));
        return states;
    }

    private State look(PoolBean pool) {
        Openings known;
        lock.lock();
        try {
            known = openings.computeIfAbsent(pool.pool(), unknown -> new Openings());
        } finally {
            lock.unlock();
        }
        known.lock.lock();
        try {
            known.state = judge(pool, known);
            return known.state;
        } finally {
            known.lock.unlock();
        }
    }

    private State judge(PoolBean pool, Openings known) {
        var stats = pool.stats();
        boolean failed = stats.openFailures() > known.failed;
        boolean opened = stats.opened() > known.opened;
        State before = known.state;
        State now = before;
        PerThread<?, ?> probed = probes ? pool.plain() : null; // with many keys it is not known which to ask for
        if (probed != null && (failed || before.isDown())) {
            now = probe(probed, before);
        } else if (opened) {
            now = State.UP;
        } else if (failed) {
            now = down(before, "an opener failed");
        }
        stats = pool.stats(); // the probe's own are not news to the next look
        known.failed = stats.openFailures();
        known.opened = stats.opened();
        return now;
    }

    private static State probe(PerThread<?, ?> pool, State before) {
        if (isAllInUse(pool)) { // nothing could be learnt, and whoever looks would wait for it
            return before;
        }
        try (Lease<?> lease = pool.acquire(LONGEST_PROBE)) {
            lease.done(); // what it opened is as good as any
        } catch (AcquireTimeoutException late) {
            return isAllInUse(pool) ? before : down(before, shown(late));
        } catch (Exception failure) {
            return down(before, shown(failure));
        }
        pool.release(); // with KEEP this thread would have one of its own now, for a look in a while
        return State.UP;
    }

    private static boolean isAllInUse(PerThread<?, ?> pool) {
        return pool.stats().leased() >= pool.limit().orElse(Integer.MAX_VALUE);
    }

    private static State down(State before, String failure) {
        Instant since = before.downSince();
        return new State(since == null ? Instant.now() : since, failure);
    }

    /** On one line, whatever a peer or a library has put into it. */
    private static String shown(Throwable failure) {
        StringBuilder shown = new StringBuilder();
        String text = String.valueOf(failure);
        for (int i = 0; i < text.length() && shown.length() < LONGEST_FAILURE; i++) {
            char c = text.charAt(i);
            shown.append(Character.isISOControl(c) ? String.format("\\u%04x", (int) c) : c);
        }
        return shown.toString();
    }
}
