package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import java.time.Duration;

/**
 * What a fetch run has done, all requests together.
 *
 * @param planned requests that were to be made
 * @param succeeded requests that got a whole answer
 * @param failed requests that did not
 * @param replaced kept connections that the server had ended by their next use, or said something unasked on
 * @param repeated those of them that only the request itself found out; it was sent again on a new one
 * @param reuse what becomes of a connection after a request
 * @param connections connections opened
 * @param mostOpen the most of them open at the same time
 * @param bytes all that came, those of failed requests included
 * @param interrupted whether it was stopped before its end
 */
record Summary(
        int threads,
        long planned,
        long succeeded,
        long failed,
        long replaced,
        long repeated,
        IdlePolicy reuse,
        long connections,
        int mostOpen,
        long bytes,
        Duration time,
        boolean interrupted) {}
