package dev.perthread.benchmarks;

import dev.perthread.benchmarks.Peers.Contender;
import dev.perthread.benchmarks.Peers.Subject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A run of one contender with more threads than resources: its throughput, the length of each wait, and each thread's
 * share.
 *
 * <p>All threads start together and run through the warm-up into the measured time. A wait lasts from just before the
 * acquire to just after it. A wait that is not over when the measured time ends counts for as long as it has lasted by
 * then: otherwise a thread that is never served would count as one that never waited.
 */
final class ContendedRun {
    private static final long LONGEST = TimeUnit.MINUTES.toNanos(10);

    private final Contender contender;
    private final int threads;
    private final int resources;
    private final long workNanos;
    private final boolean virtual;

    private volatile boolean measuring;
    private volatile long end = Long.MAX_VALUE; // in nanoTime; set once the measured time is over

    ContendedRun(Contender contender, int threads, int resources, long workNanos, boolean virtual) {
        this.contender = contender;
        this.threads = threads;
        this.resources = resources;
        this.workNanos = workNanos;
        this.virtual = virtual;
    }

    private final class Worker implements Runnable {
        final Subject subject;
        final Histogram waits;
        final CountDownLatch start;
        final AtomicReference<Throwable> failure;
        long uses;
        long worked; // nanoseconds

        Worker(Subject subject, Histogram waits, CountDownLatch start, AtomicReference<Throwable> failure) {
            this.subject = subject;
            this.waits = waits;
            this.start = start;
            this.failure = failure;
        }

        @Override
        public void run() {
            try {
                start.await();
                while (cycle()) {
                    // until the end
                }
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        }

        private boolean cycle() throws Exception {
            long asked = System.nanoTime();
            Object taken = subject.take();
            long got = System.nanoTime();
            boolean counts = measuring;
            long last = end;
            try {
                if (last != Long.MAX_VALUE) {
                    if (asked < last) {
                        waits.recordValue(Math.max(0, Math.min(got, last) - asked));
                    }
                    return false;
                }
                if (workNanos > 0) {
                    work();
                }
            } finally {
                subject.give(taken);
            }
            if (counts) {
                uses++;
                worked += workNanos > 0 ? System.nanoTime() - got : 0;
                waits.recordValue(got - asked);
            }
            return true;
        }

        private void work() {
            long until = System.nanoTime() + workNanos;
            for (long left = workNanos; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }

    Map<String, Double> run(long warmUpMillis, long measuredMillis) throws Exception {
        Subject subject = contender.open(resources, virtual);
        CountDownLatch start = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        // 10,000 histograms would fill the memory; where there are so many threads the work is long enough to share
        // one.
        Histogram shared = virtual ? new ConcurrentHistogram(LONGEST, 3) : null;
        List<Worker> workers = new ArrayList<>();
        List<Thread> started = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Worker worker = new Worker(subject, shared == null ? new Histogram(LONGEST, 3) : shared, start, failure);
            workers.add(worker);
            started.add(VirtualThreads.start(virtual, worker));
        }
        start.countDown();
        Thread.sleep(warmUpMillis);
        long from = System.nanoTime();
        measuring = true;
        Thread.sleep(measuredMillis);
        measuring = false;
        long to = System.nanoTime();
        end = to;
        for (Thread thread : started) {
            thread.join();
        }
        subject.close();
        if (failure.get() != null) {
            throw new IllegalStateException(contender + " failed", failure.get());
        }
        Histogram waits = new Histogram(LONGEST, 3);
        if (shared == null) {
            workers.forEach(worker -> waits.add(worker.waits));
        } else {
            waits.add(shared);
        }
        return figures(workers, waits, (to - from) / 1e9);
    }

    private Map<String, Double> figures(List<Worker> workers, Histogram waits, double seconds) {
        long[] uses = workers.stream().mapToLong(worker -> worker.uses).toArray();
        long all = 0;
        double squares = 0;
        long fewest = Long.MAX_VALUE;
        for (long each : uses) {
            all += each;
            squares += (double) each * each;
            fewest = Math.min(fewest, each);
        }
        String cell = (virtual ? "virtual/" : "contended/") + threads + "x" + resources + "/" + workNanos / 1_000_000
                + "ms/" + contender + "/";
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put(cell + "ops", all / seconds);
        figures.put(cell + "p50", waits.getValueAtPercentile(50) / 1e6);
        figures.put(cell + "p99", waits.getValueAtPercentile(99) / 1e6);
        figures.put(cell + "p999", waits.getValueAtPercentile(99.9) / 1e6);
        figures.put(cell + "max", waits.getMaxValue() / 1e6);
        figures.put(cell + "least", all == 0 ? 0 : fewest * (double) threads / all);
        figures.put(cell + "jain", squares == 0 ? 0 : (double) all * all / (threads * squares));
        if (workNanos > 0) {
            long worked = workers.stream().mapToLong(worker -> worker.worked).sum();
            double work = all == 0 ? 0 : worked / 1e6 / all;
            figures.put(cell + "work", work);
            figures.put(cell + "ideal", threads / (double) resources * work);
        }
        return figures;
    }

    static Map<String, Double> run(boolean virtual, Arguments args) throws Exception {
        return new ContendedRun(
                        Contender.valueOf(args.text("peer", "PER_THREAD")),
                        args.number("threads", 64),
                        args.number("resources", 8),
                        args.number("work", 0) * 1_000_000L,
                        virtual)
                .run(args.number("warmup", 1000), args.number("measure", 2000));
    }
}
