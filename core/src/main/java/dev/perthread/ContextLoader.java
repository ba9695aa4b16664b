package dev.perthread;

/**
 * The context class loader that user code sees in threads of the library: that of its own class, on every Java version.
 *
 * <p>The library's threads have none, since they must not keep an application's class loader in memory. A thread that has
 * one is a thread of the user, and keeps it. Code that looks up resources or services by the context class loader, as
 * many drivers do, would otherwise find nothing, or the wrong ones, when it is called for a thread that has ended.
 *
 * <p>Used around the call, in place of a wrapper that takes a lambda, because there may be no memory left to make one:
 *
 * <pre>
 * boolean entered = ContextLoader.enter(closer);
 * try {
 *     closer.close(resource);
 * } finally {
 *     ContextLoader.leave(entered);
 * }
 * </pre>
 */
final class ContextLoader {
    private ContextLoader() {}

    /**
     * Sets the context class loader of the calling thread to that of the code that it is about to run, if it has none.
     * Never throws: what is to run then may have been claimed, and nobody else would run it.
     *
     * @param userCode the closer, listener, check or callback; for a lambda the loader is that of the class it is in
     * @return whether it was set, for {@link #leave}
     */
    static boolean enter(Object userCode) {
        return enterWith(userCode.getClass());
    }

    /**
     * The same for code that may be the library's own stand-in, such as the default closer: then the loader is that of
     * the code that the user gave to the same pool.
     */
    static boolean enter(Object userCode, Object otherwise) {
        if (!isMissing()) { // first: a thread of the user's, as nearly always
            return false;
        }
        boolean ours = userCode.getClass().getClassLoader() == ContextLoader.class.getClassLoader();
        return enter(ours ? otherwise : userCode);
    }

    private static boolean isMissing() {
        try {
            return Thread.currentThread().getContextClassLoader() == null;
        } catch (Throwable refused) { // as in enterWith
            return false;
        }
    }

    /** The same for log handlers, whose class is not known: log managers tell applications apart by this loader. */
    static boolean enterOwn() {
        return enterWith(ContextLoader.class);
    }

    private static boolean enterWith(Class<?> type) {
        try {
            Thread me = Thread.currentThread();
            if (me.getContextClassLoader() != null) {
                return false;
            }
            me.setContextClassLoader(type.getClassLoader());
            return true;
        } catch (Throwable refused) { // by a security manager, or there is no stack left
            return false;
        }
    }

    /** Takes away what {@link #enter} has set, or what the user code has put in its place. */
    static void leave(boolean entered) {
        if (entered) {
            clear();
        }
    }

    /** Leaves the calling thread without a context class loader, as a thread of the library. Never throws. */
    static void clear() {
        try {
            Thread.currentThread().setContextClassLoader(null);
        } catch (Throwable refused) {
            // The thread ends soon, and the loader is free then.
        }
    }
}
