package dev.perthread;

import java.util.function.Supplier;

/**
 * A note on what an opener threw and others get, too, until the next try is due: of which pool, and since when. Suppressed
 * onto the failure, which reaches the callers as itself. Has no stack of its own.
 */
final class OpenNote extends Exception {
    private static final long serialVersionUID = 1L;

    private OpenNote(String message) {
        super(message, null, false, false);
    }

    /** Adds a note, unless the failure has one already: an opener may throw the same instance again. */
    static void addTo(Throwable failure, Supplier<String> text) {
        try {
            for (Throwable known : failure.getSuppressed()) {
                if (known instanceof OpenNote) {
                    return;
                }
            }
            failure.addSuppressed(new OpenNote(text.get()));
        } catch (Throwable noRoom) {
            // one note less; the failure itself is what counts
        }
    }
}
