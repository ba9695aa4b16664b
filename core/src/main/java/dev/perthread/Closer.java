package dev.perthread;

/**
 * Closes one resource. Called exactly once for each resource opened, with no lock held, by whichever thread ends it: its
 * owner, the thread that evicts or closes the holder, or a thread of the library when the owner has died.
 *
 * @param <T> what is closed
 */
@FunctionalInterface
public interface Closer<T> {
    /**
     * Closes a resource.
     *
     * @param resource the resource, not used by anybody else any more, except after a forced close
     * @throws Exception if closing failed; the resource counts as closed all the same and is not closed again
     */
    void close(T resource) throws Exception;
}
