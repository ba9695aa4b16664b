package dev.perthread;

/** The Java 21 half of {@code Platform}: final thread ids, and virtual threads. */
final class Platform {
    /**
     * Up to Java 23 a virtual thread that blocks in a synchronized method pins its carrier (JEP 491 ended that). So does
     * one that joins a platform thread, and a closer may be any code.
     */
    private static final boolean NEVER_PINS = Runtime.version().feature() >= 24;

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
        return NEVER_PINS || thread.isVirtual();
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

    static boolean startCloser(Runnable task) {
        if (!NEVER_PINS) {
            return false;
        }
        Thread.ofVirtual()
                .name("perthread-closer")
                .inheritInheritableThreadLocals(false)
                .start(() -> {
                    ContextLoader.clear();
                    CloserExecutor.runLogged(task);
                });
        return true;
    }
}
