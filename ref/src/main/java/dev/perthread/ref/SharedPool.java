package dev.perthread.ref;

import dev.perthread.CloseReport;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The one pool of an id and a class loader. It knows nothing of that class loader, except by what the opener refers to; so
 * it keeps the configuration of the reference that made it, and not the reference, which may refer to a serial filter of
 * the user.
 *
 * @param <H> as for {@link Ref}
 */
final class SharedPool<H> {
    private final Class<?> kind;
    private final String id;
    private final byte[] config;
    private final String description;
    private final H value;
    private final AnyPool pool;
    private final Runnable close;
    private final Function<Duration, CloseReport> closeWithin;
    private final Class<?> anchor;
    private volatile boolean closed;

    ReferenceRegistry.@Nullable ContextLoader contextLoader; // set once, under the lock of ReferenceRegistry

    /**
     * A pool for a reference and all of its copies.
     *
     * @param description the configuration in words, without secrets
     * @param anchor a class that lives as long as everything the pool refers to
     */
    SharedPool(
            Ref<H> ref,
            String description,
            H value,
            AnyPool pool,
            Runnable close,
            Function<Duration, CloseReport> closeWithin,
            Class<?> anchor) {
        this.kind = ref.getClass();
        this.id = ref.id();
        this.config = ref.config();
        this.description = description;
        this.value = value;
        this.pool = pool;
        this.close = close;
        this.closeWithin = closeWithin;
        this.anchor = anchor;
    }

    H value() {
        return value;
    }

    AnyPool pool() {
        return pool;
    }

    Class<?> anchor() {
        return anchor;
    }

    String id() {
        return id;
    }

    /** True once closing has ended; while it closes, an acquire is still refused by the pool itself. */
    boolean isClosed() {
        return closed;
    }

    /** Not to be called with a lock held: describing the other reference may run code of the user. */
    <O> SharedPool<O> requireSame(Ref<O> other, ClassLoader loader) {
        if (kind != other.getClass() || !Arrays.equals(config, other.config())) {
            throw new IllegalStateException("two configurations under one id, \"" + id + "\": the pool here has "
                    + description + " (" + Messages.fingerprint(config) + "); this reference has "
                    + other.describe(loader) + " (" + Messages.fingerprint(other.config())
                    + "); give one of them another id, or both the same configuration");
        }
        @SuppressWarnings("unchecked") // the same class of reference and the same configuration
        SharedPool<O> same = (SharedPool<O>) this;
        return same;
    }

    void close() {
        try {
            close.run();
        } finally {
            forget();
        }
    }

    CloseReport close(Duration grace) {
        try {
            return closeWithin.apply(grace);
        } finally {
            forget();
        }
    }

    private void forget() {
        closed = true;
        ReferenceRegistry.forget(this);
    }
}
