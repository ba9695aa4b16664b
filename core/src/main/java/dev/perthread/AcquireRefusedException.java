package dev.perthread;

/**
 * As many threads wait at the limit as {@link PerThread.Builder#maxWaiting} permits, and a further acquire was refused.
 *
 * @since 0.1
 */
public final class AcquireRefusedException extends ResourceException {
    private static final long serialVersionUID = 1L;

    AcquireRefusedException(String message) {
        super(message, null);
    }
}
