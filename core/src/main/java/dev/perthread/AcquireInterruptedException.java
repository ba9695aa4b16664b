package dev.perthread;

/** The thread was interrupted while it waited for a resource. Its interrupt flag is set again. */
public final class AcquireInterruptedException extends ResourceException {
    private static final long serialVersionUID = 1L;

    AcquireInterruptedException(String message) {
        super(message, null);
    }
}
