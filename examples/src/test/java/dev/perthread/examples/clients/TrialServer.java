package dev.perthread.examples.clients;

/** A server of a trial. */
interface TrialServer extends AutoCloseable {
    /** On loopback; the same after a restart. */
    int port();

    /** Ends it and all connections to it at once. */
    void kill() throws Exception;

    /** Starts it again, and waits until it listens. */
    void start() throws Exception;

    @Override
    void close() throws Exception;
}
