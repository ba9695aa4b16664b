package dev.perthread.cli.fetch;

import dev.perthread.cli.console.CommandFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * The main job: many threads, one shared object for all connections, a socket of its own for each thread. Used
 * once: start, await, close. Any thread may stop it at any time.
 */
final class FetchRun implements AutoCloseable {
    private final FetchPlan plan;
    private final FetchConnections shared;
    private final OpenCount open;
    private final LongAdder bytes = new LongAdder();
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder repeated = new LongAdder();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch working;
    private volatile boolean stopping;
    private volatile long began;
    private volatile long ended;

    /**
     * Opens nothing yet.
     *
     * @throws IllegalArgumentException if a host, or a file for TLS, is not what it should be
     */
    FetchRun(FetchPlan plan) {
        this.plan = plan;
        this.working = new CountDownLatch(plan.threads());
        this.open = new OpenCount(plan.settings().reuses());
        this.shared = FetchConnections.of(plan, open);
    }

    /**
     * Starts all threads, and lets them go together. The consumer is called by the thread that made the request, outside
     * of its scope.
     *
     * @throws CommandFailure if the system does not give so many threads; none has done anything then
     */
    void start(Consumer<Outcome> tell) throws CommandFailure {
        List<Thread> threads = new ArrayList<>(plan.threads());
        try {
            for (int number = 1; number <= plan.threads(); number++) {
                Thread thread = thread("fetch-" + number, tell);
                thread.start();
                threads.add(thread);
            }
        } catch (OutOfMemoryError e) {
            stopping = true;
            gate.countDown();
            throw new CommandFailure("only " + threads.size() + " of " + plan.threads()
                    + " threads could be started; give fewer --threads, or --virtual");
        }
        began = System.nanoTime();
        gate.countDown();
    }

    private Thread thread(String name, Consumer<Outcome> tell) {
        Runnable work = () -> work(name, tell);
        if (plan.virtual()) {
            return VirtualThreads.unstarted(name, work);
        }
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void work(String name, Consumer<Outcome> tell) {
        try {
            ReadBuffers buffers = new ReadBuffers();
            gate.await();
            for (int round = 0; round < plan.rounds(); round++) {
                for (Target target : plan.targets()) {
                    if (stopping) {
                        return;
                    }
                    fetch(name, target, buffers, tell);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does; and then it is to end
        } finally {
            ended = System.nanoTime();
            working.countDown();
        }
    }

    private void fetch(String thread, Target target, ReadBuffers buffers, Consumer<Outcome> tell) {
        long start = System.nanoTime();
        Attempt attempt = attempt(target, buffers);
        while (attempt.cameTooLate() && !stopping) {
            repeated.increment();
            attempt = attempt(target, buffers);
        }
        Duration time = Duration.ofNanos(System.nanoTime() - start);
        if (stopping && !attempt.ended()) {
            return; // cut off by stop(), which is not the request's failure
        }
        (attempt.failed() ? failed : succeeded).increment();
        tell.accept(attempt.outcome(thread, time));
    }

    private Attempt attempt(Target target, ReadBuffers buffers) {
        Attempt attempt = new Attempt(plan, target, open, bytes, buffers);
        attempt.run(shared);
        return attempt;
    }

    /** Waits until all threads have ended; false if that took longer. */
    boolean await(Duration longest) throws InterruptedException {
        return working.await(longest.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Closes every connection at once, under its user; the threads end as soon as they notice. */
    void stop() {
        stopping = true;
        gate.countDown();
        shared.close();
    }

    @Override
    public void close() {
        stop();
    }

    long planned() {
        return plan.requests();
    }

    long finished() {
        return succeeded.sum() + failed.sum();
    }

    long bytes() {
        return bytes.sum();
    }

    int openNow() {
        return open.now();
    }

    /** What was done so far; to be called before {@link #close}, which is not an interruption. */
    Summary summary() {
        long until = working.getCount() == 0 ? ended : System.nanoTime();
        return new Summary(
                plan.threads(),
                plan.requests(),
                succeeded.sum(),
                failed.sum(),
                open.unfit() + repeated.sum(),
                repeated.sum(),
                plan.settings().whenIdle(),
                shared.opened(),
                open.most(),
                bytes(),
                Duration.ofNanos(began == 0 ? 0 : until - began),
                stopping);
    }
}
