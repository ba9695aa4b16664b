package dev.perthread.ref;

import dev.perthread.CloseReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Closes pools side by side, so that all of them together take as long as the slowest. One after the other, each pool with a
 * stuck closer would add its {@code closerTimeout}, and those at the end would be given no grace.
 */
final class ParallelClose {
    private final long end;
    private final List<Thread> threads = new ArrayList<>();

    private ParallelClose(long end) {
        this.end = end;
    }

    static CloseReport close(List<SharedPool<?>> pools, Duration grace) {
        long nanos = Math.min(grace.toSeconds(), 1_000_000_000L) * 1_000_000_000L + grace.toNanosPart();
        return new ParallelClose(System.nanoTime() + nanos).close(pools);
    }

    private CloseReport close(List<SharedPool<?>> pools) {
        List<FutureTask<CloseReport>> tasks = new ArrayList<>();
        List<Runnable> here = new ArrayList<>();
        for (SharedPool<?> pool : pools) {
            FutureTask<CloseReport> task =
                    new FutureTask<>(() -> pool.close(Duration.ofNanos(Math.max(0, end - System.nanoTime()))));
            tasks.add(task);
            // Its own lease is not waited for, which only the thread that holds it can say.
            if (pools.size() == 1 || pool.pool().isHeld() || !start(task, pool.id())) {
                here.add(task);
            }
        }
        here.forEach(Runnable::run);
        return await(tasks);
    }

    private boolean start(Runnable task, String id) {
        Thread thread = new Thread(null, task, "perthread-close-" + id, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null); // its pool must not keep the caller's class loader
        try {
            thread.start();
        } catch (OutOfMemoryError noThread) {
            return false;
        }
        threads.add(thread);
        return true;
    }

    /** An interrupt ends the grace of all. */
    private CloseReport await(List<FutureTask<CloseReport>> tasks) {
        int closed = 0;
        int forced = 0;
        List<Throwable> failures = new ArrayList<>();
        boolean interrupted = false;
        for (FutureTask<CloseReport> task : tasks) {
            CloseReport report = null;
            while (report == null) {
                try {
                    report = task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    threads.forEach(Thread::interrupt);
                } catch (ExecutionException e) {
                    report = new CloseReport(0, 0, List.of(e.getCause()));
                }
            }
            closed += report.closed();
            forced += report.forced();
            failures.addAll(report.failures());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return new CloseReport(closed, forced, failures);
    }
}
