// What one run of fetch is to do.
package dev.perthread.cli;

import java.time.Duration;
import java.util.List;

/**
 * @param rounds how often each thread fetches each URL
 * @param timeout the longest wait for a connection, and for the next bytes of an answer
 * @param maxBytes the longest answer
 * @param route how to connect
 */
record Plan(
        List<Target> targets, int threads, int rounds, boolean virtual, Duration timeout, long maxBytes, Route route) {
    long requests() {
        return (long) threads * rounds * targets.size();
    }
}
