package dev.perthread.cli.fetch;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one request ended.
 *
 * @param local this end's address; empty if there was no connection
 * @param remote the server's address; empty if there was no connection
 * @param reused whether the connection had served an earlier request
 * @param bytes all that came, header included
 * @param status the HTTP status code; 0 if there is none
 * @param ended whether the end of the stream, or of the answer, was reached
 * @param failure what went wrong, null if nothing did
 */
record Outcome(
        String thread,
        Target target,
        String local,
        String remote,
        boolean reused,
        long bytes,
        int status,
        boolean ended,
        Duration time,
        @Nullable String failure) {}
