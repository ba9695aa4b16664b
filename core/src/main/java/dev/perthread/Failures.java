package dev.perthread;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What becomes of what a closer threw: suppressed onto another failure, or thrown. Nothing is swallowed. */
final class Failures {
    private Failures() {}

    static void restoreInterrupt(Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
    }

    static void suppress(@Nullable Throwable failure, Throwable primary) {
        if (failure != null && failure != primary) {
            primary.addSuppressed(failure);
        }
    }

    /** Throws it, if there is one; the pool's name is for the message. */
    static void rethrow(String pool, @Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof ResourceCloseException stuck) {
            throw stuck;
        }
        if (failure != null) {
            throw new ResourceCloseException(pool + ": closing a resource failed: " + Messages.shown(failure), failure);
        }
    }

    /** Throws the first, with the others suppressed onto it. */
    static void rethrowAll(String pool, List<Throwable> failures) {
        if (!failures.isEmpty()) {
            Throwable first = failures.get(0);
            failures.subList(1, failures.size()).forEach(other -> suppress(other, first));
            rethrow(pool, first);
        }
    }
}
