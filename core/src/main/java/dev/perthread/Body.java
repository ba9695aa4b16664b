package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * What {@link PerThread#call} does with a resource.
 *
 * @param <T> the resource
 * @param <R> the result, which may be {@code null}
 * @param <Y> what the body may throw; it reaches the caller as itself
 */
@FunctionalInterface
public interface Body<T, R extends @Nullable Object, Y extends Exception> {
    /**
     * Uses the resource.
     *
     * @param resource the calling thread's resource, valid until this method returns
     * @return the result
     * @throws Y as the body pleases
     */
    R call(T resource) throws Y;
}
