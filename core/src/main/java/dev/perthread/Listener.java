package dev.perthread;

import java.time.Duration;

/**
 * An observer of the resources of one pool. Every method does nothing by default.
 *
 * <p>For one resource the order is: {@code opened}, then {@code acquired} and {@code released} in turn, then
 * {@code closed} or {@code closeFailed}, once and last. {@code leaked} comes before the {@code closed} of a resource
 * whose thread ended inside the scope; {@code released} is then missing, as it is after a forced close. A forced close
 * comes from another thread than the owner's and may overtake the owner's own events.
 *
 * <p>{@code closed} is called before the resource's permit is passed on and before {@code close} of the pool returns, so
 * a listener that counts never sees more open than the limit, nor anything after the end.
 *
 * <p>Called by the thread that did the thing, with no lock held: a slow listener slows that thread, and those who wait for
 * its permit. An exception of a listener changes nothing for the caller; it is logged, once per pool.
 */
public interface Listener {
    /**
     * Whether this listener wants to hear of leases: {@code acquired} and {@code released}. Asked once, when the pool
     * is built. To tell of a lease costs many times what a lease on a kept resource costs, so one that only wants to know
     * the rest says {@code false}.
     *
     * @return {@code true} by default
     */
    default boolean wantsLeases() {
        return true;
    }

    /**
     * A resource was opened.
     *
     * @param resource the new resource
     * @param took how long the opener ran
     */
    default void opened(ResourceInfo resource, Duration took) {
        opened(resource);
    }

    /**
     * A resource was opened. Called by {@link #opened(ResourceInfo, Duration)} unless that is overridden.
     *
     * @param resource the new resource
     */
    default void opened(ResourceInfo resource) {}

    /**
     * The opener threw. The same exception goes on to the caller of {@code acquire}.
     *
     * @param failure what it threw
     * @param took how long the opener ran
     */
    default void openFailed(Throwable failure, Duration took) {
        openFailed(failure);
    }

    /**
     * The opener threw. Called by {@link #openFailed(Throwable, Duration)} unless that is overridden.
     *
     * @param failure what it threw
     */
    default void openFailed(Throwable failure) {}

    /**
     * A lease began. With {@link ReentryPolicy#SHARE} each of the nested leases is reported.
     *
     * @param resource what was leased
     */
    default void acquired(ResourceInfo resource) {}

    /**
     * A lease ended. Unless another lease shares the resource, it is about to be idle or closed.
     *
     * @param resource what was leased
     * @param used for how long; where leases share the resource, since the first of them
     */
    default void released(ResourceInfo resource, Duration used) {
        released(resource);
    }

    /**
     * A lease ended. Called by {@link #released(ResourceInfo, Duration)} unless that is overridden.
     *
     * @param resource what was leased
     */
    default void released(ResourceInfo resource) {}

    /**
     * The calling thread has waited at the limit, with or without success. Comes before {@code acquired}.
     *
     * @param waited how long
     */
    default void waited(Duration waited) {}

    /**
     * A resource was closed.
     *
     * @param resource the resource as it last was
     * @param reason why
     */
    default void closed(ResourceInfo resource, CloseReason reason) {}

    /**
     * A closer threw; called instead of {@code closed}.
     *
     * @param resource the resource as it last was
     * @param reason why it was to be closed
     * @param failure what the closer threw
     */
    default void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {}

    /**
     * A thread ended inside the scope, without closing its lease. The resource is closed next.
     *
     * @param resource the resource, with its dead thread, and where it was acquired if tracing is on
     */
    default void leaked(ResourceInfo resource) {}

    /**
     * The reset at the end of a lease failed. The resource is closed next, with {@link CloseReason#RESET_FAILED}.
     *
     * @param resource the resource as it last was
     * @param failure what the reset threw
     */
    default void resetFailed(ResourceInfo resource, Throwable failure) {}

    /**
     * A lease has lasted for longer than {@link PerThread.Builder#warnWhenHeldFor} says. Told once per lease, by a thread
     * of the library.
     *
     * @param resource the resource, with its owner, and where it was acquired if tracing is on
     */
    default void heldTooLong(ResourceInfo resource) {}
}
