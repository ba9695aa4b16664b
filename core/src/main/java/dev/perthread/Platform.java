package dev.perthread;

/**
 * All that differs between Java 17 and 21 or later. This is the Java 17 half; the other one is in {@code java21}.
 */
final class Platform {
    private Platform() {}

    /**
     * A hash that stays the same while the thread lives. {@code getId} can be overridden in subclasses, so its answer
     * is only trusted from {@code Thread} itself; identity decides in any case, a poor hash only costs probes.
     */
    static int hash(Thread thread) {
        return thread.getClass() == Thread.class ? ThreadTable.spread(thread.getId()) : System.identityHashCode(thread);
    }

    /** For people to read, never to tell threads apart. An overridden {@code getId} may do anything. */
    static long id(Thread thread) {
        try {
            return thread.getId();
        } catch (Throwable unknown) {
            return 0;
        }
    }

    static boolean isVirtual(Thread thread) {
        return false;
    }

    /** Whether the end of this thread can be waited for at the price of a virtual thread. */
    static boolean canWatch(Thread thread) {
        return false;
    }

    /** Calls {@code atEnd} when the thread has ended; interrupting the returned thread calls it off. */
    @SuppressWarnings("DoNotCallSuggester") // never called: canWatch() says no
    static Thread watch(Thread thread, Runnable atEnd) {
        throw new UnsupportedOperationException("needs Java 21");
    }

    /**
     * Runs a closer in a virtual thread, where those are never pinned.
     *
     * @return whether there are such threads; if not, nothing has been done
     */
    static boolean startCloser(Runnable task) {
        return false;
    }
}
