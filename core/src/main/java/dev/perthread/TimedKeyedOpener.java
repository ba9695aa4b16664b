package dev.perthread;

import java.time.Duration;

/**
 * An opener for many keys that can keep to a deadline.
 *
 * @param <K> the key
 * @param <T> what is opened
 * @param <X> what opening may throw; it reaches the caller of {@link KeyedPerThread#acquire(Object)} as itself
 * @since 0.1
 */
@FunctionalInterface
public interface TimedKeyedOpener<K, T, X extends Exception> {
    /**
     * Opens a resource. Called by the thread that will own it, with no lock held; it may block.
     *
     * @param key for which; the instance that was given to the acquire which made the key known
     * @param left the time that is left for it, as for {@link TimedOpener#open}
     * @return the open resource, never {@code null}
     * @throws X if it cannot be opened in that time; the opener must then have left nothing open
     */
    T open(K key, Duration left) throws X;
}
