package dev.perthread;

/**
 * Opens a resource for a key. Called by the thread that acquires, with no lock held.
 *
 * @param <K> the key
 * @param <T> the resource
 * @param <X> what opening may throw
 * @since 0.1
 */
@FunctionalInterface
public interface KeyedOpener<K, T, X extends Exception> {
    /**
     * Opens a resource.
     *
     * @param key for which; the instance that was given to the acquire which made the key known
     * @return a new resource, never {@code null}
     * @throws X if it cannot be opened; reaches the caller of {@code acquire} as itself
     */
    T open(K key) throws X;
}
