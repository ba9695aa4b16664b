package dev.perthread.examples.clients;

import dev.perthread.testkit.ThreadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Many threads use a client; in the middle of it the server is killed and started again. Every thread lives through all
 * of it: its uses before, while the server goes and comes back, and after.
 */
final class RestartTrial {
    private static final int MOST_USES_BEFORE_THE_KILL = 200;

    /** What was used a moment before the kill is reused without a check for 100 ms, as the programs' checkAfterIdle says. */
    private static final long LONGER_THAN_UNCHECKED = 150_000_000;

    private final ThreadKind kind;
    private final int threads;
    private final TrialServer server;
    private final Way way;
    private final Queue<Throwable> before = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> meanwhile = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> after = new ConcurrentLinkedQueue<>();
    private final AtomicInteger usesMeanwhile = new AtomicInteger();
    private volatile boolean serverIsBack;

    private RestartTrial(ThreadKind kind, int threads, TrialServer server, Way way) {
        this.kind = kind;
        this.threads = threads;
        this.server = server;
        this.way = way;
    }

    /** What came of it. {@code failures} are those before the restart, during it and after it. */
    record Outcome(
            int threads,
            int mostConnections,
            List<Throwable> before,
            List<Throwable> meanwhile,
            List<Throwable> after,
            long millis) {

        List<Throwable> failures() {
            List<Throwable> all = new ArrayList<>(before);
            all.addAll(meanwhile);
            all.addAll(after);
            return all;
        }

        int uses() {
            return threads * usesPerThread(threads);
        }
    }

    private static int usesPerThread(int threads) {
        return Math.max(1, 80 / threads);
    }

    /** Runs it, and closes the way. */
    static Outcome run(ThreadKind kind, int threads, TrialServer server, Way way) throws Exception {
        return new RestartTrial(kind, threads, server, way).run();
    }

    /** No restart: each thread uses a client once and ends; the way is closed. How many connections the server has then. */
    static int leftBehind(ThreadKind kind, int threads, TrialServer server, Way way) throws Exception {
        kind.inParallel(threads, i -> {
            try {
                way.use();
            } catch (Exception refused) {
                // counted by the other trial
            }
        });
        way.close();
        return left(server);
    }

    /** How many connections the server has, once what is being closed has had a moment to end there, too. */
    static int left(TrialServer server) {
        for (int tries = 0; tries < 200 && !server.clients().isEmpty(); tries++) {
            LockSupport.parkNanos(5_000_000);
        }
        return server.clients().size();
    }

    private Outcome run() throws Exception {
        long begun = System.nanoTime();
        CountDownLatch ready = new CountDownLatch(threads);
        CountDownLatch load = new CountDownLatch(1);
        CountDownLatch restarted = new CountDownLatch(threads);
        CountDownLatch rest = new CountDownLatch(1);
        List<Thread> started = new ArrayList<>();
        int most;
        try (ServerConnections connections = new ServerConnections(server)) {
            for (int i = 0; i < threads; i++) {
                started.add(kind.start(() -> {
                    use(before);
                    ready.countDown();
                    await(load);
                    useUntilTheServerIsBack();
                    restarted.countDown();
                    await(rest);
                    use(after);
                }));
            }
            await(ready);
            connections.readAtRest();
            load.countDown();
            restart();
            await(restarted);
            connections.readAtRest();
            LockSupport.parkNanos(LONGER_THAN_UNCHECKED);
            rest.countDown();
            for (Thread thread : started) {
                thread.join(60_000);
            }
            most = connections.most();
        }
        way.close();
        return new Outcome(
                threads,
                most,
                List.copyOf(before),
                List.copyOf(meanwhile),
                List.copyOf(after),
                (System.nanoTime() - begun) / 1_000_000);
    }

    private void restart() throws Exception {
        while (usesMeanwhile.get() < Math.min(threads, MOST_USES_BEFORE_THE_KILL)) {
            LockSupport.parkNanos(1_000_000);
        }
        try {
            server.kill();
            server.start();
        } finally {
            serverIsBack = true; // or the threads would go on for ever
        }
    }

    private void use(Queue<Throwable> failures) {
        for (int i = 0; i < usesPerThread(threads); i++) {
            useOnce(failures);
        }
    }

    private void useUntilTheServerIsBack() {
        do {
            useOnce(meanwhile);
            usesMeanwhile.incrementAndGet();
            LockSupport.parkNanos(20_000_000); // a thousand threads that try more often only heat the machine
        } while (!serverIsBack);
    }

    private void useOnce(Queue<Throwable> failures) {
        try {
            way.use();
        } catch (Throwable failure) {
            failures.add(failure);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("the other threads did not get there within a minute");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
