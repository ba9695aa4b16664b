package dev.perthread.cli.fetch;

import java.time.Duration;
import java.util.List;

/**
 * What one run of {@code fetch} is to do.
 *
 * @param rounds how often each thread fetches each URL
 * @param tellsOutcomes whether it is told of each request how it ended, with the addresses of both ends
 * @param bounds what a request may take at most
 * @param settings how to connect
 */
record FetchPlan(
        List<Target> targets,
        int threads,
        int rounds,
        boolean virtual,
        boolean tellsOutcomes,
        Bounds bounds,
        ConnectionSettings settings) {
    /**
     * What a request may take at most.
     *
     * @param timeout the longest wait for a connection, and for the next bytes of a response
     * @param maxTime the longest time to open a connection, and for a whole response
     * @param maxBytes the longest response
     */
    record Bounds(Duration timeout, Duration maxTime, long maxBytes) {}

    long requests() {
        return (long) threads * rounds * targets.size();
    }
}
