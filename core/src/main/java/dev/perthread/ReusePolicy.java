package dev.perthread;

/**
 * When a kept or lent resource may be used again after its lease has ended.
 *
 * @since 0.1
 */
public enum ReusePolicy {
    /**
     * Only if its user said that the last use ended well: {@link PerThread#call call} and {@link PerThread#run run} say so by
     * returning normally, a lease by {@link Lease#done()}. Otherwise the resource may be in the middle of something, such as
     * an answer that was read in part, and is closed. The default.
     */
    WHEN_DONE,
    /**
     * Always, unless {@link Lease#invalidate()} was called or the body of {@code call} or {@code run} failed. For resources
     * that cannot be left in the middle of anything, or whose check or reset would notice.
     */
    UNLESS_INVALIDATED
}
