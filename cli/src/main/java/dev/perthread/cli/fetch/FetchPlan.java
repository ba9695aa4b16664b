package dev.perthread.cli.fetch;

import java.time.Duration;
import java.util.List;

/**
 * What one run of {@code fetch} is to do.
 *
 * @param rounds how often each thread fetches each URL
 * @param timeout the longest wait for a connection, and for the next bytes of an answer
 * @param maxBytes the longest answer
 * @param settings how to connect
 */
record FetchPlan(
        List<Target> targets,
        int threads,
        int rounds,
        boolean virtual,
        Duration timeout,
        long maxBytes,
        ConnectionSettings settings) {
    long requests() {
        return (long) threads * rounds * targets.size();
    }
}
