// Tells the listener, and bears what it throws.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Called with no lock held. Without a listener nothing is made or read. */
final class Events<T> {
    private static final System.Logger LOG = System.getLogger("dev.perthread");

    private final Holder<T, ?> holder;
    private final @Nullable Listener listener;
    private final AtomicBoolean listenerFailed = new AtomicBoolean();
    private final AtomicBoolean leakLogged = new AtomicBoolean();

    Events(Holder<T, ?> holder, @Nullable Listener listener) {
        this.holder = holder;
        this.listener = listener;
    }

    void opened(Slot<T> slot) {
        if (listener != null) {
            ResourceInfo info = holder.info(slot, ResourceInfo.State.IDLE);
            tell(to -> to.opened(info));
        }
    }

    void openFailed(Throwable failure) {
        tell(to -> to.openFailed(failure));
    }

    void acquired(Slot<T> slot) {
        if (listener != null) {
            ResourceInfo info = holder.info(slot, ResourceInfo.State.LEASED);
            tell(to -> to.acquired(info));
        }
    }

    void released(Slot<T> slot) {
        if (listener != null) {
            ResourceInfo info = holder.info(slot, ResourceInfo.State.LEASED);
            tell(to -> to.released(info));
        }
    }

    void waited(long nanos) {
        tell(to -> to.waited(Duration.ofNanos(nanos)));
    }

    void closed(Slot<T> slot, CloseReason reason, @Nullable Throwable failure) {
        if (failure != null) {
            // Also where nobody listens and no caller is there to be told, the failure must be findable.
            LOG.log(Level.DEBUG, () -> holder.name() + ": closing a resource failed (" + reason + ")", failure);
        }
        if (listener != null) {
            ResourceInfo info = holder.info(slot, ResourceInfo.State.CLOSING);
            tell(failure == null ? to -> to.closed(info, reason) : to -> to.closeFailed(info, reason, failure));
        }
    }

    void leaked(Slot<T> slot) {
        ResourceInfo info = holder.info(slot, ResourceInfo.State.LEASED);
        if (leakLogged.compareAndSet(false, true)) {
            LOG.log(
                    Level.WARNING,
                    () -> holder.name() + ": " + Messages.of(slot.thread) + " ended without closing its lease, acquired"
                            + Messages.at(slot.trace) + "; resource " + info.id() + ", open since " + info.openedAt()
                            + ", was closed now. Use try-with-resources. Further leaks of this holder are only counted.");
        }
        tell(to -> to.leaked(info));
    }

    private void tell(Consumer<Listener> event) {
        if (listener == null) {
            return;
        }
        try {
            event.accept(listener);
        } catch (Throwable failure) {
            if (listenerFailed.compareAndSet(false, true)) {
                LOG.log(
                        Level.WARNING,
                        holder.name() + ": its listener " + listener.getClass().getName()
                                + " failed; the caller was not disturbed, further failures are not logged",
                        failure);
            }
        }
    }
}
