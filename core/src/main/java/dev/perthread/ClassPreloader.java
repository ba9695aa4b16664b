package dev.perthread;

import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Initializes classes before the first virtual thread needs them: one that has to load or initialize a class, or waits for
 * one that does, pins its carrier.
 */
final class ClassPreloader {
    static final List<Class<?>> OURS = List.of(
            Slot.class,
            Lease.class,
            Waiter.class,
            Reaper.class,
            Platform.class,
            Jfr.class,
            Log.class,
            CloserExecutor.class,
            CloserThreads.class,
            ContextLoader.class,
            StackProbe.class,
            ResourceInfo.class,
            ResourceInfo.State.class,
            CloseReason.class);

    private ClassPreloader() {}

    /** All that a pool needs. */
    static void initialize() {
        try {
            for (Class<?> type : OURS) {
                MethodHandles.lookup().ensureInitialized(type);
            }
        } catch (IllegalAccessException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
        initializeWaiting();
    }

    /**
     * The JDK's own classes behind locks and latches. They are private there, and initialized by the first thread of the
     * process that has to wait for either; when many virtual threads are the first at once, all but one pin.
     */
    private static void initializeWaiting() {
        boolean interrupted = Thread.interrupted(); // with the flag set it would end before it has done its work
        try {
            new CountDownLatch(1).await(1, TimeUnit.NANOSECONDS);
        } catch (InterruptedException wanted) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
