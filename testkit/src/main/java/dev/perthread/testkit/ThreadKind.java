package dev.perthread.testkit;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The two kinds of thread behind one name, for tests that run on both and on Java 17. {@link #VIRTUAL} exists from
 * Java 21 on.
 */
public enum ThreadKind {
    /** A thread of the operating system. */
    PLATFORM,
    /** A thread of the Java runtime. */
    VIRTUAL;

    private static final @Nullable MethodHandle START_VIRTUAL = startVirtual();

    private static @Nullable MethodHandle startVirtual() {
        try {
            return MethodHandles.lookup()
                    .findStatic(
                            Thread.class, "startVirtualThread", MethodType.methodType(Thread.class, Runnable.class));
        } catch (ReflectiveOperationException java17) {
            return null;
        }
    }

    /**
     * The kinds that this Java has; a method source for parameterized tests.
     *
     * @return one or two
     */
    public static Stream<ThreadKind> available() {
        return Stream.of(values()).filter(kind -> kind == PLATFORM || START_VIRTUAL != null);
    }

    /** Lets other threads run: a busy virtual thread keeps its carrier, and there may be fewer of those than threads. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it but how soon a test ends
    public static void giveWay() {
        Thread.yield();
    }

    /**
     * Starts a thread of this kind.
     *
     * @param task what it runs
     * @return the thread, started
     */
    public Thread start(Runnable task) {
        if (this == PLATFORM) {
            Thread thread = new Thread(task, "test-" + System.nanoTime());
            thread.start();
            return thread;
        }
        MethodHandle start = START_VIRTUAL;
        if (start == null) {
            throw new IllegalStateException("no virtual threads in Java " + Runtime.version());
        }
        try {
            return (Thread) start.invokeExact(task);
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }

    /**
     * Runs a task in a thread of this kind and waits for it, at most a minute.
     *
     * @param <V> the result
     * @param task the task
     * @return its result
     * @throws Exception what the task threw
     */
    public <V extends @Nullable Object> V call(Callable<V> task) throws Exception {
        FutureTask<V> future = new FutureTask<>(task);
        Thread thread = start(future);
        V result = get(future);
        thread.join();
        return result;
    }

    /**
     * Runs a task in many threads at once and waits for all, at most a minute each.
     *
     * @param threads how many
     * @param task takes the number of the thread, from 0
     * @throws Exception what the first failing task threw
     */
    public void inParallel(int threads, IndexedTask task) throws Exception {
        List<FutureTask<@Nullable Void>> futures = new ArrayList<>();
        List<Thread> started = new ArrayList<>();
        for (int i : IntStream.range(0, threads).toArray()) {
            FutureTask<@Nullable Void> future = new FutureTask<>(() -> {
                task.run(i);
                return null;
            });
            futures.add(future);
            started.add(start(future));
        }
        for (FutureTask<@Nullable Void> future : futures) {
            get(future);
        }
        for (Thread thread : started) {
            thread.join();
        }
    }

    private static <V extends @Nullable Object> V get(FutureTask<V> future) throws Exception {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        } catch (TimeoutException late) {
            throw new AssertionError("the task did not end within a minute", late);
        }
    }

    /** A task that knows the number of its thread. */
    @FunctionalInterface
    public interface IndexedTask {
        /**
         * Runs.
         *
         * @param index number of the thread, from 0
         * @throws Exception fails the test
         */
        void run(int index) throws Exception;
    }
}
