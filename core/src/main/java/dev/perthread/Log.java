package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The library's log lines, which must never be the reason why something goes wrong. */
final class Log {
    /**
     * Held on to, or a level that somebody set would be collected with it. Not a constant: should that fail once, for want
     * of memory, this class would be unusable for ever.
     */
    private static volatile System.@Nullable Logger logger;

    private Log() {}

    /** Needs nothing that could fail before it is caught here. */
    static void line(Level level, String text, Throwable failure) {
        boolean entered = ContextLoader.enterOwn();
        try {
            logger().log(level, text, failure);
        } catch (Throwable unheard) {
            suppress(unheard, failure);
        } finally {
            ContextLoader.leave(entered);
        }
    }

    /** A handler of the user's that throws is on its own: here a resource is half opened or half closed. */
    static void line(Level level, Supplier<String> text, @Nullable Throwable failure) {
        boolean entered = ContextLoader.enterOwn();
        try {
            logger().log(level, text, failure);
        } catch (Throwable unheard) {
            suppress(unheard, failure);
        } finally {
            ContextLoader.leave(entered);
        }
    }

    private static System.Logger logger() {
        System.Logger known = logger;
        if (known == null) {
            known = System.getLogger("dev.perthread");
            logger = known;
        }
        return known;
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
