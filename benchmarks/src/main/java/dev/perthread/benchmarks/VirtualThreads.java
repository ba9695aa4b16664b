package dev.perthread.benchmarks;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Starts virtual threads from code compiled for Java 17. They exist from Java 21 on. */
final class VirtualThreads {
    private static final MethodHandle START = start();

    private VirtualThreads() {}

    private static MethodHandle start() {
        try {
            return MethodHandles.lookup()
                    .findStatic(
                            Thread.class, "startVirtualThread", MethodType.methodType(Thread.class, Runnable.class));
        } catch (ReflectiveOperationException java17) {
            return null;
        }
    }

    static boolean exist() {
        return START != null;
    }

    /** Starts a thread of either kind. A platform thread gets a small stack: some parts start 10,000 of them. */
    static Thread start(boolean virtual, Runnable task) {
        if (!virtual) {
            Thread thread = new Thread(null, task, "benchmark", 256 * 1024);
            thread.setDaemon(true);
            thread.start();
            return thread;
        }
        if (START == null) {
            throw new IllegalStateException("there are no virtual threads in Java " + Runtime.version());
        }
        try {
            return (Thread) START.invokeExact(task);
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }
}
