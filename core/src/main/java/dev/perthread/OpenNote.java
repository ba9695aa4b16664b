package dev.perthread;

import java.util.function.Supplier;

/**
 * A note on what an opener threw and others get, too, until the next try is due: of which pool, and since when. Suppressed
 * onto the failure, which reaches the callers as itself. Has no stack of its own.
 */
final class OpenNote extends Exception {
    private static final long serialVersionUID = 1L;

    /** An opener may throw one instance for all pools that there ever are. */
    private static final int MOST = 8;

    private final String pool;
    private volatile String text;

    private OpenNote(String pool, String text) {
        super(null, null, false, false);
        this.pool = pool;
        this.text = text;
    }

    @Override
    public String getMessage() {
        return pool + ": " + text;
    }

    /** Notes it on the failure. An instance that was thrown before has a note of the pool already, which then tells the latest. */
    static void put(Throwable failure, String pool, Supplier<String> text) {
        try {
            int notes = 0;
            for (Throwable known : failure.getSuppressed()) {
                if (known instanceof OpenNote note) {
                    notes++;
                    if (note.pool.equals(pool)) {
                        note.text = text.get();
                        return;
                    }
                }
            }
            if (notes < MOST) {
                failure.addSuppressed(new OpenNote(pool, text.get()));
            }
        } catch (Throwable noRoom) {
            // one note less; the failure itself is what counts
        }
    }
}
