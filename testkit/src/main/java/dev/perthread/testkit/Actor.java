package dev.perthread.testkit;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs the tasks it is given one after another, so that tests can interleave threads exactly. It lives
 * until {@link #end}.
 */
public final class Actor implements AutoCloseable {
    private final BlockingQueue<FutureTask<?>> tasks = new LinkedBlockingQueue<>();
    private final FutureTask<@Nullable Void> last = new FutureTask<>(() -> null);
    private final Thread thread;

    /**
     * Starts one.
     *
     * @param kind of thread
     */
    public Actor(ThreadKind kind) {
        thread = kind.start(this::live);
    }

    private void live() {
        try {
            while (true) {
                FutureTask<?> task = next();
                task.run();
                if (task == last) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private FutureTask<?> next() throws InterruptedException {
        while (true) {
            try {
                return tasks.take();
            } catch (InterruptedException left) {
                // an interrupt that the last task did not use up
                if (last.isDone()) {
                    throw left;
                }
            }
        }
    }

    /**
     * Its thread.
     *
     * @return the thread
     */
    public Thread thread() {
        return thread;
    }

    /**
     * Has it do something, and does not wait for it.
     *
     * @param <V> the result
     * @param task what to do
     * @return its result, some day
     */
    public <V extends @Nullable Object> FutureTask<V> begin(Callable<V> task) {
        FutureTask<V> future = new FutureTask<>(task);
        tasks.add(future);
        return future;
    }

    /**
     * Has it do something, waits until its thread waits, and returns.
     *
     * @param <V> the result
     * @param task what to do; it waits for something
     * @return its result, some day
     */
    public <V extends @Nullable Object> FutureTask<V> beginAndWait(Callable<V> task) {
        AtomicBoolean begun = new AtomicBoolean();
        FutureTask<V> future = begin(() -> {
            begun.set(true);
            return task.call();
        });
        until(() -> {
            if (!begun.get()) {
                return false; // it may be waiting, but for the task
            }
            Thread.State state = thread.getState();
            boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
            return future.isDone() || waits;
        });
        return future;
    }

    /**
     * Has it do something and waits for the result, at most a minute.
     *
     * @param <V> the result
     * @param task what to do
     * @return its result
     * @throws Exception what the task threw
     */
    public <V extends @Nullable Object> V call(Callable<V> task) throws Exception {
        return get(begin(task));
    }

    /**
     * Waits for a result, at most a minute.
     *
     * @param <V> the result
     * @param future of {@link #begin}
     * @return the result
     * @throws Exception what the task threw
     */
    public static <V extends @Nullable Object> V get(FutureTask<V> future) throws Exception {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        } catch (TimeoutException late) {
            throw new AssertionError("the task did not end within a minute", late);
        }
    }

    /**
     * Waits for something, at most ten seconds, looking every millisecond.
     *
     * @param condition what to wait for
     */
    public static void until(Callable<Boolean> condition) {
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(Duration.ofSeconds(10))
                .until(condition);
    }

    /** Ends the thread, and returns when it is dead. */
    public void end() {
        tasks.add(last);
        try {
            thread.join(60_000);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (thread.isAlive()) {
            throw new AssertionError(thread + " did not end within a minute");
        }
    }

    @Override
    public void close() {
        end();
    }
}
