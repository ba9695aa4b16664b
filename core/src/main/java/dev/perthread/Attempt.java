package dev.perthread;

import org.jspecify.annotations.Nullable;

/** One acquire: who, for how long, and what has become of it so far. */
final class Attempt {
    /** The timeout of who does not want to wait at all, not even for what is just being closed. */
    static final long NO_WAIT = -1;

    final Thread me;
    final long timeout; // NO_WAIT, or at least 0
    final long begin;
    boolean admitted; // holds a slot that somebody else may have used last
    boolean interrupted; // by the openTimeout
    long openNanos;
    long found; // when the resource was opened, or found to be good

    Attempt(Thread me, long timeout) {
        this.me = me;
        this.timeout = timeout;
        this.begin = System.nanoTime();
    }

    boolean waits() {
        return timeout != NO_WAIT;
    }

    long left(long now, long withoutWaiting) {
        return Math.max(0, waits() ? timeout - (now - begin) : withoutWaiting);
    }

    /** Whether the time is over; never without one. */
    boolean isLate() {
        return timeout > 0 && timeout - (System.nanoTime() - begin) <= 0;
    }

    /** Only with an openTimeout does anybody interrupt: when that is over, or the time of this acquire. */
    @Nullable
    OpenTimer timer(long openNanos) {
        if (openNanos == 0) {
            return null;
        }
        return OpenTimer.start(timeout > 0 ? Math.min(openNanos, left(System.nanoTime(), 0)) : openNanos);
    }

    /** What an acquire gets whose key's entry is gone: it must look the key up again. Never seen by a user. */
    static final class KeyGoneException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final long left; // of the timeout

        KeyGoneException(Attempt attempt) {
            super(null, null, false, false);
            this.left = attempt.waits() ? attempt.left(System.nanoTime(), 0) : NO_WAIT;
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
