package dev.perthread;

import org.jspecify.annotations.Nullable;

/**
 * Closing a resource failed. The cause is what the closer threw; further failures are suppressed. The resource counts as
 * closed and its thread can go on to acquire another. An {@link Error} of the closer is not wrapped: it arrives as itself.
 */
public final class ResourceCloseException extends ResourceException {
    private static final long serialVersionUID = 1L;

    ResourceCloseException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
