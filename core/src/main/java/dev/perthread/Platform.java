// All that differs between Java 17 and 21+: this is the Java 17 half, java21/…/Threads.java the other.
package dev.perthread;

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

    /** Runs user code for the reaper, in another thread: a closer that blocks must not hold up everybody else's. */
    static void runAside(Object pool, Runnable task) {
        CloserExecutor.run(pool, task);
    }

    /** Whether such code still waits to be run. Asked by the reaper in every round. */
    static boolean tendAside() {
        return CloserExecutor.tendAll();
    }
}
