package dev.perthread;

/**
 * Tells whether a resource that was kept is still usable. Asked by the acquiring thread before each reuse, with no lock
 * held, never for a resource just opened.
 *
 * <p>A read with a short timeout is no such look: where the thread is held up before it comes to read, some Java versions
 * report that the time is over though bytes are there. Ask without waiting.
 *
 * @param <T> what is checked
 */
@FunctionalInterface
public interface Check<T> {
    /**
     * Checks a resource.
     *
     * @param resource an open resource that no other thread uses
     * @return {@code true} to hand it out, {@code false} to have it closed and another one opened in its place
     * @throws Exception counts as {@code false}, and is logged at DEBUG
     */
    boolean isUsable(T resource) throws Exception;
}
