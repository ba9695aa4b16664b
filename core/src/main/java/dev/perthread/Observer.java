package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the listener, the log and Flight Recorder what happens to the resources of one pool. Called with no lock held.
 * Without a listener nothing is made, read or linked for one: many virtual threads that link a lambda at once pin each
 * other to their carriers. What a listener throws ends here: the callers are in the middle of opening or closing. But
 * memory can run out on the way to it.
 */
final class Observer<T> {
    private final PoolConfig<T, ?> config;
    private final @Nullable Listener listener;
    private final boolean leases; // whether it wants to know of each

    Observer(PoolConfig<T, ?> config) {
        this.config = config;
        this.listener = config.listener;
        this.leases = listener != null && wantsLeases(listener);
    }

    private boolean wantsLeases(Listener asked) {
        try {
            return asked.wantsLeases();
        } catch (Throwable failure) {
            failed(asked, failure);
            return true;
        }
    }

    boolean tellsLeases() {
        return leases;
    }

    void opened(Slot<T> slot, long nanos) {
        if (listener != null) {
            tell(slot, ResourceInfo.State.IDLE, (to, info) -> to.opened(info, Duration.ofNanos(nanos)));
        }
    }

    void openFailed(Throwable failure, long nanos) {
        if (listener != null) {
            tell(to -> to.openFailed(failure, Duration.ofNanos(nanos)));
        }
    }

    void acquired(Slot<T> slot) {
        if (leases) {
            tell(slot, ResourceInfo.State.LEASED, Listener::acquired);
        }
    }

    void released(Slot<T> slot) {
        if (leases) {
            tell(slot, ResourceInfo.State.LEASED, (to, info) -> to.released(info, leasedFor(slot)));
        }
    }

    void waited(long nanos) {
        if (listener != null) {
            tell(to -> to.waited(Duration.ofNanos(nanos)));
        }
    }

    void resetFailed(Slot<T> slot, Throwable failure) {
        Log.line(Level.DEBUG, () -> config.shownName + ": the reset of a resource failed, it is closed", failure);
        tell(slot, ResourceInfo.State.LEASED, (to, info) -> to.resetFailed(info, failure));
    }

    void closed(Slot<T> slot, CloseReason reason, @Nullable Throwable failure) {
        if (failure == null) {
            if (listener != null) {
                tell(slot, ResourceInfo.State.CLOSING, (to, info) -> to.closed(info, reason));
            }
            return;
        }
        // Also where nobody listens and no caller is there to be told, the failure must be findable.
        Log.line(Level.DEBUG, () -> config.shownName + ": closing a resource failed (" + reason + ")", failure);
        tell(slot, ResourceInfo.State.CLOSING, (to, info) -> to.closeFailed(info, reason, failure));
    }

    void leaked(Slot<T> slot) {
        if (config.identity.leakLogged.compareAndSet(false, true)) {
            Log.line(Level.WARNING, () -> leakLine(slot), null);
        }
        Jfr.leaked(slot);
        tell(slot, ResourceInfo.State.LEASED, Listener::leaked);
    }

    private String leakLine(Slot<T> slot) {
        return config.shownName + ": " + Messages.of(slot.thread) + " ended without closing its lease, acquired "
                + Messages.of(leasedFor(slot)) + " ago" + Messages.at(slot.trace) + "; resource " + slot.id
                + ", open since " + info(slot, ResourceInfo.State.LEASED).openedAt()
                + ", was closed now. Use try-with-resources. Further leaks of this pool are only counted.";
    }

    /**
     * By a thread of the library.
     *
     * @param info of the lease when it was noticed; it may have ended since
     * @param acquired where, if traced
     * @param stack where its owner was then
     */
    void heldTooLong(Slot<T> slot, ResourceInfo info, long nanos, @Nullable Throwable acquired, Throwable stack) {
        Log.line(
                Level.WARNING,
                () -> config.shownName + ": " + Messages.of(slot.thread) + " has held resource " + slot.id + " for "
                        + Messages.of(Duration.ofNanos(nanos)) + ", acquired" + Messages.at(acquired)
                        + "; warned after " + Messages.of(Duration.ofNanos(config.warnNanos)) + " (warnWhenHeldFor)",
                stack);
        Jfr.heldTooLong(slot, info);
        tell(to -> to.heldTooLong(info));
    }

    void cameBack(Slot<T> slot) {
        Log.line(
                Level.WARNING,
                () -> config.shownName + ": resource " + slot.id + " came back from " + Messages.of(slot.thread)
                        + " after " + Messages.of(leasedFor(slot)),
                null);
    }

    /** How long ago the present lease began; what {@link ResourceInfo#leasedSince} says of it holds here too. */
    private Duration leasedFor(Slot<T> slot) {
        return Duration.ofNanos(Math.max(0, config.clock.getAsLong() - slot.leasedAt()));
    }

    private ResourceInfo info(Slot<T> slot, ResourceInfo.State state) {
        return slot.info(state, config.clock.getAsLong(), Instant.now());
    }

    private void tell(Slot<T> slot, ResourceInfo.State state, BiConsumer<Listener, ResourceInfo> event) {
        if (listener != null) {
            boolean entered = ContextLoader.enter(listener);
            try {
                event.accept(listener, info(slot, state));
            } catch (Throwable failure) {
                failed(listener, failure);
            } finally {
                ContextLoader.leave(entered);
            }
        }
    }

    private void tell(Consumer<Listener> event) {
        if (listener == null) {
            return;
        }
        boolean entered = ContextLoader.enter(listener);
        try {
            event.accept(listener);
        } catch (Throwable failure) {
            failed(listener, failure);
        } finally {
            ContextLoader.leave(entered);
        }
    }

    private void failed(Listener listener, Throwable failure) {
        if (config.identity.listenerFailed.compareAndSet(false, true)) {
            Log.line(
                    Level.WARNING,
                    () -> config.shownName + ": its listener "
                            + listener.getClass().getName()
                            + " failed; the caller was not disturbed, further failures are not logged",
                    failure);
        }
    }
}
