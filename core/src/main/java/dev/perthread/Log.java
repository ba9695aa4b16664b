// The library's log lines, which must never be the reason why something goes wrong.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

final class Log {
    private static final System.Logger LOGGER = System.getLogger("dev.perthread");

    private Log() {}

    /** A handler of the user's that throws is on its own: here a resource is half opened or half closed. */
    static void line(Level level, Supplier<String> text, @Nullable Throwable failure) {
        try {
            LOGGER.log(level, text, failure);
        } catch (Throwable unheard) {
            suppress(unheard, failure);
        }
    }

    private static void suppress(Throwable unheard, @Nullable Throwable failure) {
        try {
            if (failure != null && failure != unheard) {
                failure.addSuppressed(unheard);
            }
        } catch (OutOfMemoryError noRoom) {
            // one suppressed failure less
        }
    }
}
