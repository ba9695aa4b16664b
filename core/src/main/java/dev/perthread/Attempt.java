package dev.perthread;

import org.jspecify.annotations.Nullable;

/** One acquire: who, for how long, and what has become of it so far. */
final class Attempt {
    /** The timeout of who does not want to wait at all, not even for what is just being closed. */
    static final long NO_WAIT = -1;

    final Thread me;
    final long timeout; // NO_WAIT, or at least 0
    private long begin; // not before begun
    private boolean begun;
    boolean admitted; // asked the registry: what it gets may be a slot that somebody else has used last
    boolean interrupted; // by the openTimeout
    long openNanos;
    long found; // when the resource was opened, or found to be good

    Attempt(Thread me, long timeout) {
        this.me = me;
        this.timeout = timeout;
    }

    /**
     * The time now, in nanoseconds. The first look at the clock is when this attempt begins: it comes before whatever may
     * take its time, a wait or code of the user's, and what needs neither is not made to pay for it.
     */
    long now() {
        long now = System.nanoTime();
        if (!begun) {
            begun = true;
            begin = now;
        }
        return now;
    }

    /** For how long it has lasted, in nanoseconds. */
    long elapsed() {
        long now = now();
        return now - begin;
    }

    boolean waits() {
        return timeout != NO_WAIT;
    }

    /**
     * @param now what {@link #now} returned
     */
    long left(long now, long withoutWaiting) {
        return Math.max(0, waits() ? timeout - (now - begin) : withoutWaiting);
    }

    /** Whether the time is over; never without one. */
    boolean isLate() {
        return timeout > 0 && timeout - elapsed() <= 0;
    }

    /** Only with an openTimeout does anybody interrupt: when that is over, or the time of this acquire. */
    @Nullable
    OpenTimer timer(long openNanos) {
        if (openNanos == 0) {
            return null;
        }
        return OpenTimer.start(timeout > 0 ? Math.min(openNanos, left(now(), 0)) : openNanos);
    }

    /** What an acquire gets whose key's entry is gone: it must look the key up again. Never seen by a user. */
    static final class KeyGoneException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final long left; // of the timeout

        KeyGoneException(Attempt attempt) {
            super(null, null, false, false);
            this.left = attempt.waits() ? attempt.left(attempt.now(), 0) : NO_WAIT;
        }
    }

    /** What an acquire that does not want to wait gets; never seen by a user. */
    static final class MustWaitException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        MustWaitException() {
            super(null, null, false, false);
        }
    }
}
