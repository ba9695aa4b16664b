// All that differs between Java 17 and 21+: this is the Java 17 half, java21/…/Threads.java the other.
package dev.perthread;

import java.security.AccessController;
import java.security.PrivilegedAction;

final class Threads {
    private Threads() {}

    /**
     * A hash that stays the same while the thread lives. {@code getId} can be overridden in subclasses, so its answer
     * is only trusted from {@code Thread} itself; identity decides in any case, a poor hash only costs probes.
     */
    static int hash(Thread thread) {
        return thread.getClass() == Thread.class ? spread(thread.getId()) : System.identityHashCode(thread);
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
    static void runAside(Object holder, Runnable task) {
        Aside.run(holder, task);
    }

    /** Whether such code still waits to be run. Asked by the reaper in every round. */
    static boolean tendAside() {
        return Aside.tendAll();
    }

    /** Whether owners can be watched at all. */
    static boolean watches() {
        return false;
    }

    /**
     * A daemon thread that holds on to nothing of whoever happens to start it. A plain {@code new Thread} would inherit
     * the context class loader, the thread group, inheritable thread-locals and, through the access control context,
     * the class loader of every caller on the stack, and so keep an undeployed application in memory.
     */
    @SuppressWarnings("removal") // there is no other way on 17 to 23 to drop the callers' protection domains
    static Thread daemon(String name, Runnable task) {
        return AccessController.doPrivileged((PrivilegedAction<Thread>) () -> {
            ThreadGroup root = Thread.currentThread().getThreadGroup();
            for (ThreadGroup parent = root == null ? null : root.getParent(); parent != null; ) {
                root = parent;
                parent = root.getParent();
            }
            Thread thread = new Thread(root, task, name, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(null);
            return thread;
        });
    }

    private static int spread(long id) {
        // Fibonacci hashing: ids come in sequence, or in strides of a pool's size.
        return (int) ((id * 0x9E3779B97F4A7C15L) >>> 32);
    }
}
