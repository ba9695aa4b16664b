// The Java 21 half of Threads: final thread ids and virtual threads.
package dev.perthread;

import java.util.concurrent.RejectedExecutionException;

final class Platform {
    /** Up to Java 23 a virtual thread that joins a platform thread pins its carrier (JEP 491 ended that). */
    private static final boolean JOIN_NEVER_PINS = Runtime.version().feature() >= 24;

    private Platform() {}

    static int hash(Thread thread) {
        return ThreadTable.spread(thread.threadId());
    }

    static long id(Thread thread) {
        return thread.threadId();
    }

    static boolean isVirtual(Thread thread) {
        return thread.isVirtual();
    }

    static boolean canWatch(Thread thread) {
        return JOIN_NEVER_PINS || thread.isVirtual();
    }

    static Thread watch(Thread thread, Runnable atEnd) {
        return Thread.ofVirtual()
                .name("perthread-watch")
                .inheritInheritableThreadLocals(false)
                .start(() -> {
                    try {
                        thread.join();
                    } catch (InterruptedException | OutOfMemoryError calledOff) {
                        return; // without memory: the rounds find the owner, though later
                    }
                    atEnd.run();
                });
    }

    /** A closer that blocks must not keep the reaper from everybody else's resources. */
    static void runAside(Object pool, Runnable task) {
        try {
            Thread.ofVirtual()
                    .name("perthread-closer")
                    .inheritInheritableThreadLocals(false)
                    .start(() -> {
                        ContextLoader.clear();
                        CloserExecutor.bear(task);
                    });
        } catch (OutOfMemoryError | RejectedExecutionException noThread) {
            // It has been claimed: nobody else will ever do it, unless that thread was started all the same.
            CloserExecutor.bear(task);
        }
    }

    static boolean tendAside() {
        return false;
    }
}
