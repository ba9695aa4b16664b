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
    /** {@link PerThread#evictIdle()} or {@link PerThread#evict} was called. */
    EVICTED,
    /** The thread that it belonged to has ended. */
    THREAD_ENDED,
    /** The pool was closed while it was idle, being opened, or about to become idle. */
    HOLDER_CLOSED,
    /** The pool was closed and its lease did not end within the grace: closed under its user. */
    FORCED,
    /** Its lease closed without {@link Lease#done()}, under {@link ReusePolicy#WHEN_DONE}. */
    NOT_DONE,
    /** The reset at the end of its lease failed, see {@link PerThread.Builder#reset}. */
    RESET_FAILED,
    /** {@link PerThread#refresh()} was called. */
    REFRESHED,
    /** {@link PerThread#suspend} was called. */
    SUSPENDED,
    /** {@link PerThread#revoke} took it from its owner: closed under its user. */
    REVOKED,
    /** It has had as many leases as {@link PerThread.Builder#maxUses} permits. */
    MAX_USES,
    /** More were open or idle than a lowered limit or {@link PerThread.Builder#maxIdle} permits. */
    SURPLUS,
    /** It was idle, and a thread that needed a resource of another key got its permit. */
    MADE_ROOM
}
