package dev.perthread;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counters of one pool, since it was built. All are read at one moment, under the lock under which resources are counted in
 * and out, so that {@code open == opened - closed} and no value is ever negative or torn. Two are softer: {@code leased} and
 * {@code idle} look at each resource in turn, so one that changes hands meanwhile counts as what it was when looked at;
 * {@code acquired} may miss a lease that another thread is acquiring at that moment.
 *
 * @param opened resources that the opener returned
 * @param closed resources whose closer has returned or thrown
 * @param open resources opened and not closed: leased, idle or being closed
 * @param leased resources in use
 * @param idle resources open and not leased
 * @param opening resources whose opener runs; they count towards the limit but not as {@code open}
 * @param waiting threads that wait at the limit
 * @param acquired leases handed out
 * @param waited leases and failures that came after waiting at the limit
 * @param openFailures openers that threw
 * @param closeFailures closers that threw; these resources count as {@code closed} too
 * @param timeouts acquires that gave up waiting
 * @param reclaimed resources closed because their thread had ended
 * @param leaked those among {@code reclaimed} whose thread had ended inside the scope
 * @param heldTooLong leases that lasted for longer than {@link PerThread.Builder#warnWhenHeldFor} says
 * @param refused acquires refused because too many threads waited already
 * @param waitNanos the time that threads have waited at the limit, in nanoseconds, of waits that are over
 * @param openNanos the time that openers have run, in nanoseconds, failed ones included
 * @param leaseNanos the time for which resources were leased, in nanoseconds, of leases that have ended; counted with
 *     {@link PerThread.Builder#timeLeases} and with a listener that wants leases, else 0
 * @param mostOpen the most resources that were open or being opened at once
 * @param closedByReason how many were closed for each reason; unmodifiable, reasons that never came are missing
 * @param lastOpenFailure what the opener threw last, as text of at most 200 characters; {@code null} if it never failed
 * @since 0.1
 */
public record Stats(
        long opened,
        long closed,
        int open,
        int leased,
        int idle,
        int opening,
        int waiting,
        long acquired,
        long waited,
        long openFailures,
        long closeFailures,
        long timeouts,
        long reclaimed,
        long leaked,
        long heldTooLong,
        long refused,
        long waitNanos,
        long openNanos,
        long leaseNanos,
        int mostOpen,
        Map<CloseReason, Long> closedByReason,
        @Nullable String lastOpenFailure) {

    /** Copies the map, so that the record cannot change. */
    public Stats {
        EnumMap<CloseReason, Long> copy = new EnumMap<>(CloseReason.class);
        copy.putAll(closedByReason);
        closedByReason = Collections.unmodifiableMap(copy);
    }
}
