package dev.perthread;

import java.util.List;

/**
 * What one call of {@link PerThread#close(java.time.Duration)} did.
 *
 * @param closed resources that were closed while this call ran, by this thread or by their owners, the forced ones
 *     included
 * @param forced those that were closed under their user after the grace
 * @param failures what their closers threw, in the order in which it happened
 */
public record CloseReport(int closed, int forced, List<Throwable> failures) {
    /** Copies the list, so that the record cannot change. */
    public CloseReport {
        failures = List.copyOf(failures);
    }
}
