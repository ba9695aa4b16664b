// The one holder of an id and a class loader.
package dev.perthread.ref;

import dev.perthread.CloseReport;
import dev.perthread.PerThread;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Knows nothing of the class loader it was made for, except by what the opener refers to.
 *
 * @param <H> as for {@link Ref}
 */
final class SharedPool<H> {
    private final Ref<H> ref; // a reference as it was made first, for comparison
    private final H value;
    private final PerThread<?, ?> holder;
    private final Runnable close;
    private final Function<Duration, CloseReport> closeWithin;
    private final Class<?> anchor;
    private volatile boolean closed;

    ReferenceRegistry.@Nullable ContextLoader contextLoader; // set once, under the lock of ReferenceRegistry

    /**
     * One holder.
     *
     * @param anchor a class that lives as long as everything the holder refers to
     */
    SharedPool(
            Ref<H> ref,
            H value,
            PerThread<?, ?> holder,
            Runnable close,
            Function<Duration, CloseReport> closeWithin,
            Class<?> anchor) {
        this.ref = ref;
        this.value = value;
        this.holder = holder;
        this.close = close;
        this.closeWithin = closeWithin;
        this.anchor = anchor;
    }

    H value() {
        return value;
    }

    PerThread<?, ?> holder() {
        return holder;
    }

    Class<?> anchor() {
        return anchor;
    }

    String id() {
        return ref.id();
    }

    /** From the end of the closing on; while it closes, whoever asks for it is still refused by it. */
    boolean isClosed() {
        return closed;
    }

    void requireSame(Ref<?> other) {
        if (ref.getClass() != other.getClass() || !Arrays.equals(ref.config(), other.config())) {
            throw new IllegalStateException(
                    "two configurations under one id, \"" + other.id() + "\": the holder here has "
                            + ref.described() + "; this reference has " + other.described()
                            + "; give one of them another id, or both the same configuration");
        }
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
