package dev.perthread;

import org.jspecify.annotations.Nullable;

/** Something went wrong in handing out or taking back a resource. An exception of the opener is never wrapped in this. */
public class ResourceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message what happened, and the likely mistake
     * @param cause the underlying failure, or {@code null}
     */
    protected ResourceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
