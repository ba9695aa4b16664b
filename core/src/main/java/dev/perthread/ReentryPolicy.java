package dev.perthread;

/** What {@link PerThread#acquire()} does in a thread that already holds a lease of the same holder. */
public enum ReentryPolicy {
    /** Throws {@link ReentryException}. The default. */
    REJECT,
    /** Hands out a further resource. Each lease ends its own, in any order. */
    OPEN_NEW,
    /** Hands out the same resource again. It is released when the last of its leases closes. */
    SHARE
}
