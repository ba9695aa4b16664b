package dev.perthread;

/**
 * What {@link PerThread#run} does with a resource.
 *
 * @param <T> the resource
 * @param <Y> what the action may throw; it reaches the caller as itself
 */
@FunctionalInterface
public interface Action<T, Y extends Exception> {
    /**
     * Uses the resource.
     *
     * @param resource the calling thread's resource, valid until this method returns
     * @throws Y as the action pleases
     */
    void run(T resource) throws Y;
}
