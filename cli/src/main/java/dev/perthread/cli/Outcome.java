// How one request ended.
package dev.perthread.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * @param local this end's address; empty if there was no connection
 * @param remote the server's address; empty if there was no connection
 * @param bytes all that came, header included
 * @param status the HTTP status code; 0 if there is none
 * @param ended whether the end of the stream was reached
 * @param failure what went wrong, null if nothing did
 */
record Outcome(
        String thread,
        Target target,
        String local,
        String remote,
        long bytes,
        int status,
        boolean ended,
        Duration time,
        @Nullable String failure) {}
