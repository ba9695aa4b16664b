package dev.perthread;

import java.security.AccessController;
import java.security.PrivilegedAction;

/** How all threads of the library are made that are not virtual. */
final class DaemonThreads {
    private DaemonThreads() {}

    /**
     * A daemon thread that holds on to nothing of whoever happens to start it. A plain {@code new Thread} would inherit
     * the context class loader, the thread group, inheritable thread-locals and, through the access control context,
     * the class loader of every caller on the stack, and so keep an undeployed application in memory.
     */
    @SuppressWarnings("removal") // there is no other way up to Java 23 to drop the callers' protection domains
    static Thread create(String name, Runnable task) {
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
}
