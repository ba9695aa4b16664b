package dev.perthread;

/**
 * What happens when a thread acquires while it already holds a lease of the same pool.
 *
 * <p>A parallel stream inside a scope runs tasks of the common pool in the calling thread, too. Such a task that acquires
 * re-enters: {@link #REJECT} refuses it, and under {@link #SHARE} it would use the very resource that the scope around it
 * is using. Do not run parallel streams, or anything that helps other tasks while it waits ({@code ForkJoinTask.join},
 * {@code CompletableFuture.join} in a worker), while a lease is held.
 */
public enum ReentryPolicy {
    /** Throws {@link ReentryException}. The default. */
    REJECT,
    /** Hands out a further resource. Each lease ends its own, in any order. */
    OPEN_NEW,
    /** Hands out the same resource again. It is released when the last of its leases closes. */
    SHARE
}
