// Tells the listener, and bears what it throws.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Called with no lock held. Without a listener nothing is made or read. What a listener throws ends here: the callers are
 * in the middle of opening or closing. But memory can run out on the way to it.
 */
final class Observer<T> {
    private final Pool<T, ?> pool;
    private final @Nullable Listener listener;
    private final boolean leases; // whether it wants to know of each
    private final AtomicBoolean listenerFailed = new AtomicBoolean();
    private final AtomicBoolean leakLogged = new AtomicBoolean();

    Observer(Pool<T, ?> pool, @Nullable Listener listener) {
        this.pool = pool;
        this.listener = listener;
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

    /** The time, if anybody will want to know how long it took. */
    long begin() {
        return listener == null ? 0 : System.nanoTime();
    }

    private static Duration since(long begin) {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    void opened(Slot<T> slot, long begin) {
        tell(slot, ResourceInfo.State.IDLE, (to, info) -> to.opened(info, since(begin)));
    }

    void openFailed(Throwable failure, long begin) {
        tell(to -> to.openFailed(failure, since(begin)));
    }

    void acquired(Slot<T> slot) {
        if (leases) {
            tell(slot, ResourceInfo.State.LEASED, Listener::acquired);
        }
    }

    void released(Slot<T> slot) {
        if (leases) {
            tell(slot, ResourceInfo.State.LEASED, (to, info) -> to.released(info, pool.leasedFor(slot)));
        }
    }

    void waited(long nanos) {
        tell(to -> to.waited(Duration.ofNanos(nanos)));
    }

    void closed(Slot<T> slot, CloseReason reason, @Nullable Throwable failure) {
        if (failure == null) {
            tell(slot, ResourceInfo.State.CLOSING, (to, info) -> to.closed(info, reason));
            return;
        }
        // Also where nobody listens and no caller is there to be told, the failure must be findable.
        Log.line(Level.DEBUG, () -> pool.name() + ": closing a resource failed (" + reason + ")", failure);
        tell(slot, ResourceInfo.State.CLOSING, (to, info) -> to.closeFailed(info, reason, failure));
    }

    void leaked(Slot<T> slot) {
        if (leakLogged.compareAndSet(false, true)) {
            Log.line(Level.WARNING, () -> leakLine(slot), null);
        }
        Jfr.leaked(slot);
        tell(slot, ResourceInfo.State.LEASED, Listener::leaked);
    }

    private String leakLine(Slot<T> slot) {
        ResourceInfo info = pool.info(slot, ResourceInfo.State.LEASED);
        return pool.name() + ": " + Messages.of(slot.thread) + " ended without closing its lease, acquired "
                + Messages.of(pool.leasedFor(slot)) + " ago" + Messages.at(slot.trace) + "; resource " + info.id()
                + ", open since " + info.openedAt()
                + ", was closed now. Use try-with-resources. Further leaks of this holder are only counted.";
    }

    private void tell(Slot<T> slot, ResourceInfo.State state, BiConsumer<Listener, ResourceInfo> event) {
        if (listener != null) {
            boolean entered = ContextLoader.enter(listener);
            try {
                event.accept(listener, pool.info(slot, state));
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
        if (listenerFailed.compareAndSet(false, true)) {
            Log.line(
                    Level.WARNING,
                    () -> pool.name() + ": its listener "
                            + listener.getClass().getName()
                            + " failed; the caller was not disturbed, further failures are not logged",
                    failure);
        }
    }
}
