package dev.perthread;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Interrupts a thread whose opener or check takes too long. An interrupt never strikes after {@link #end}, and the flag that
 * it sets is cleared there.
 */
final class OpenTimer implements Runnable {
    private static final int RUNNING = 0;
    private static final int ENDED = 1;
    private static final int FIRING = 2;
    private static final int FIRED = 3;

    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final Thread target = Thread.currentThread();
    private final AtomicInteger state = new AtomicInteger(RUNNING);
    private final ScheduledFuture<?> scheduled;

    @SuppressWarnings(
            "this-escape") // the timer sees it only after the constructor, or at the earliest at its last line
    private OpenTimer(long nanos) {
        this.scheduled = TIMER.schedule(this, nanos, TimeUnit.NANOSECONDS);
    }

    /** One daemon thread, which ends when nothing is timed. */
    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer =
                new ScheduledThreadPoolExecutor(1, task -> DaemonThreads.create("perthread-open-timer", task));
        timer.setKeepAliveTime(1, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    static OpenTimer start(long nanos) {
        return new OpenTimer(nanos);
    }

    @Override
    public void run() {
        if (state.compareAndSet(RUNNING, FIRING)) {
            target.interrupt();
            state.set(FIRED);
            LockSupport.unpark(target);
        }
    }

    /** By the timed thread, when the opener or check has returned. Whether it was interrupted. */
    boolean end() {
        if (state.compareAndSet(RUNNING, ENDED)) {
            scheduled.cancel(false);
            return false;
        }
        if (state.get() == ENDED) {
            return false;
        }
        while (state.get() == FIRING) { // the interrupt is on its way: it must not strike later
            LockSupport.parkNanos(this, 10_000);
            Thread.interrupted(); // or parking would return at once
        }
        Thread.interrupted();
        return true;
    }
}
