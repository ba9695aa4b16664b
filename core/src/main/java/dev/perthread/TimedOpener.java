package dev.perthread;

import java.time.Duration;

/**
 * An opener that can keep to a deadline.
 *
 * @param <T> what is opened
 * @param <X> what opening may throw; it reaches the caller of {@link PerThread#acquire()} as itself
 * @since 0.1
 */
@FunctionalInterface
public interface TimedOpener<T, X extends Exception> {
    /**
     * Opens a resource. Called by the thread that will own it, with no lock held; it may block.
     *
     * @param left the time that is left for it, never negative; an opener that takes longer is not interrupted, unless the
     *     pool has an {@link PerThread.Builder#openTimeout openTimeout}
     * @return the open resource, never {@code null}
     * @throws X if it cannot be opened in that time; the opener must then have left nothing open
     */
    T open(Duration left) throws X;
}
