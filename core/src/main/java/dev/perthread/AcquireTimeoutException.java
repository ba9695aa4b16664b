package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * An acquire got no resource in time: none became free at the limit, or checking or opening one took too long.
 *
 * @since 0.1
 */
public final class AcquireTimeoutException extends ResourceException {
    private static final long serialVersionUID = 1L;

    AcquireTimeoutException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
