package dev.perthread.examples.clients;

import java.util.Set;

/** A server of a trial. */
interface TrialServer extends AutoCloseable {
    /** On loopback; the same after a restart. */
    int port();

    /** Each connection that it has now: what a limit is for. */
    default Set<String> clients() {
        return ServerConnections.of(port());
    }

    /** Ends it and all connections to it at once. */
    void kill() throws Exception;

    /** Starts it again, and waits until it listens. */
    void start() throws Exception;

    @Override
    void close() throws Exception;
}
