package dev.perthread;

/**
 * Closes one resource. Called once for each resource opened, never again, with no lock held, by whichever thread ends it:
 * its owner where the owner's own scope ends it, or else a thread of the library, where it sees the context class loader of
 * its own class. Without memory for such a thread, the thread that wanted it closed calls the closer itself.
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

    /**
     * A closer that does nothing, for resources that need no closing.
     *
     * @param <T> what is closed
     * @return a closer that does nothing
     * @since 0.1
     */
    static <T> Closer<T> none() {
        return resource -> {};
    }
}
