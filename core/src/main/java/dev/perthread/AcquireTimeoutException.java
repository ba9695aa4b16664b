package dev.perthread;

/** The limit was reached and no resource became free in time. */
public final class AcquireTimeoutException extends ResourceException {
    private static final long serialVersionUID = 1L;

    AcquireTimeoutException(String message) {
        super(message, null);
    }
}
