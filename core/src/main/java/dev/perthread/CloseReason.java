package dev.perthread;

/** Why a resource was closed. Each resource is closed for exactly one reason. */
public enum CloseReason {
    /** Its lease closed, under {@link IdlePolicy#CLOSE}. */
    SCOPE_END,
    /** Its thread called {@link PerThread#release()}. */
    RELEASED,
    /** {@link Lease#invalidate()} was called, or the body of {@code call} or {@code run} failed. */
    INVALIDATED,
    /** The {@link Check} before reuse said no, or threw. */
    CHECK_FAILED,
    /** It was idle for longer than the idle timeout. */
    IDLE_TIMEOUT,
    /** It was open for longer than the maximum age. */
    MAX_AGE,
    /** Somebody called {@link PerThread#evictIdle()}. */
    EVICTED,
    /** The thread that it belonged to has ended. */
    THREAD_ENDED,
    /** The holder was closed while it was idle, being opened, or about to become idle. */
    HOLDER_CLOSED,
    /** The holder was closed and its lease did not end within the grace: closed under its user. */
    FORCED
}
