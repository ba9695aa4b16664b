package dev.perthread;

/**
 * Opens one resource. Called by the thread that will own it, with no lock held; it may block.
 *
 * @param <T> what is opened
 * @param <X> what opening may throw; it reaches the caller of {@link PerThread#acquire()} as itself
 */
@FunctionalInterface
public interface Opener<T, X extends Exception> {
    /**
     * Opens a resource.
     *
     * @return the open resource, never {@code null}
     * @throws X if it cannot be opened; the opener must then have left nothing open
     */
    T open() throws X;
}
