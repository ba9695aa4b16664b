package dev.perthread;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The pause between tries to open while opening keeps failing: what is due, and what to throw until then. */
final class OpenBackoff {
    private final long first;
    private final long most;

    /** Null while opening succeeds. Replaced as a whole, so that one thread at a time wins the next try. */
    private final AtomicReference<@Nullable Outage> outage = new AtomicReference<>();

    private record Outage(Throwable failure, long since, long last, long due, long delay) {}

    OpenBackoff(long first, long most) {
        this.first = first;
        this.most = most;
    }

    /** What to throw instead of a try, or null for who is to try. */
    @Nullable
    Throwable refusal(long now) {
        Outage known = outage.get();
        if (known == null) {
            return null;
        }
        if (now - known.due < 0) {
            return known.failure;
        }
        // One tries; the others are refused for as long as another delay, or until it has succeeded.
        Outage next = new Outage(known.failure, known.since, known.last, now + known.delay, known.delay);
        return outage.compareAndSet(known, next) ? null : known.failure;
    }

    /**
     * @param begun when the opener was called
     */
    void failed(Throwable failure, long begun, long now, String pool) {
        Outage known = outage.get();
        if (known != null && begun - known.last < 0) {
            return; // of the same wave: a hundred threads that fail together are not a hundred failures in a row
        }
        long delay = known == null ? first : Math.min(most, Math.max(first, known.delay * 2));
        long since = known == null ? now : known.since;
        Outage next = new Outage(failure, since, now, now + delay, delay);
        if (outage.compareAndSet(known, next)) {
            OpenNote.put(
                    failure,
                    pool,
                    () -> "opening has failed since " + Instant.now().minusNanos(Math.max(0, now - since))
                            + "; until the next try, which is due within " + Messages.of(Duration.ofNanos(delay))
                            + ", acquires fail with this exception (openBackoff)");
        }
    }

    /** Whether there is an outage to remember: until as much time again has passed as lies between two tries. */
    boolean isPending(long now) {
        Outage known = outage.get();
        return known != null && now - known.due < known.delay;
    }

    void succeeded() {
        if (outage.get() != null) {
            outage.set(null);
        }
    }
}
