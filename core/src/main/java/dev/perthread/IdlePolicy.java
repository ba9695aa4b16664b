package dev.perthread;

/** What becomes of a resource when its lease closes. Whether it may be reused at all is up to {@link ReusePolicy}. */
public enum IdlePolicy {
    /** It is closed. The default: nothing outlives its scope. */
    CLOSE,
    /** It stays open, reserved for the thread that opened it, until that thread ends. */
    KEEP,
    /** It stays open, first for the thread that used it last, but free for any thread that has none. */
    LEND
}
