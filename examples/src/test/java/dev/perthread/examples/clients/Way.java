package dev.perthread.examples.clients;

/** A way to give each thread a client, with one use of it: what a trial compares. */
interface Way extends AutoCloseable {
    /** One use by the calling thread. */
    void use() throws Exception;

    /** Closes what this way can close. */
    @Override
    void close() throws Exception;
}
