package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * The calling thread already holds a lease of this pool, or is just opening its resource. Where tracing is on, the
 * cause shows where that lease was acquired.
 */
public final class ReentryException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    ReentryException(String message, @Nullable Throwable acquiredAt) {
        super(message, acquiredAt);
    }
}
