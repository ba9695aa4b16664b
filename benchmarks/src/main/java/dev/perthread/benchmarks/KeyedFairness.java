package dev.perthread.benchmarks;

import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import dev.perthread.ReusePolicy;
import dev.perthread.benchmarks.Peers.Resource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * How long threads wait for the cold keys of a pool while most threads want one hot key, and how long without those:
 * {@code java -cp benchmarks.jar dev.perthread.benchmarks.KeyedFairness threads=1000 keys=100 hot=900 limit=64
 * limitPerKey=4 work=1 warmup=MILLIS measure=MILLIS runs=N out=FILE}. {@code hot} of the threads use the hot key, the others
 * a random other one each time. Virtual threads; the work is a pause of {@code work} milliseconds.
 */
final class KeyedFairness {
    private static final int HOT = 0;

    private final int keys;
    private final long workNanos;
    private final KeyedPerThread<Integer, Resource, RuntimeException> pool;
    private volatile boolean measuring;
    private volatile boolean over;

    private KeyedFairness(int keys, int limit, int limitPerKey, long workNanos) {
        this.keys = keys;
        this.workNanos = workNanos;
        this.pool = KeyedPerThread.<Integer, Resource, RuntimeException>builder(key -> new Resource(), Closer.none())
                .whenIdle(IdlePolicy.LEND)
                .reuse(ReusePolicy.UNLESS_INVALIDATED)
                .acquireTimeout(Duration.ofMinutes(2))
                .limit(limit)
                .limitPerKey(limitPerKey)
                .build();
    }

    /** Runs it, and prints the figures. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(measure(arguments));
    }

    /** By turns with and without the hot key; of all runs the median of each figure. */
    static Map<String, Double> measure(Arguments arguments) throws InterruptedException {
        int hot = arguments.number("hot", 900);
        int cold = arguments.number("threads", 1_000) - hot;
        List<double[]> with = new ArrayList<>();
        List<double[]> without = new ArrayList<>();
        for (int i = 0; i < arguments.number("runs", 5); i++) {
            without.add(run(arguments, 0, cold));
            with.add(run(arguments, hot, cold));
        }
        Map<String, Double> figures = new LinkedHashMap<>();
        List<String> names = List.of("uses", "median, ms", "99.9 %, ms", "longest, ms");
        for (int i = 0; i < names.size(); i++) {
            double alone = median(without, i);
            double crowded = median(with, i);
            figures.put("keyed/cold alone/" + names.get(i), alone);
            figures.put("keyed/cold with a hot key/" + names.get(i), crowded);
            figures.put("keyed/ratio/" + names.get(i), crowded / alone);
        }
        return figures;
    }

    private static double median(List<double[]> runs, int figure) {
        return runs.stream().mapToDouble(run -> run[figure]).sorted().toArray()[runs.size() / 2];
    }

    private static double[] run(Arguments arguments, int hot, int cold) throws InterruptedException {
        KeyedFairness run = new KeyedFairness(
                arguments.number("keys", 100),
                arguments.number("limit", 64),
                arguments.number("limitPerKey", 4),
                arguments.number("work", 1) * 1_000_000L);
        return run.run(hot, cold, arguments.number("warmup", 3_000), arguments.number("measure", 10_000));
    }

    /** Returns how many uses the cold keys had, and in milliseconds the median, the 99.9 % and the longest wait for them. */
    private double[] run(int hot, int cold, int warmup, int measure) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch ended = new CountDownLatch(hot + cold);
        Queue<long[]> waits = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < hot + cold; i++) {
            int number = i;
            VirtualThreads.start(VirtualThreads.exist(), () -> {
                try {
                    long[] mine = use(number, number < hot);
                    waits.add(number < hot ? new long[0] : mine);
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                } finally {
                    ended.countDown();
                }
            });
        }
        Thread.sleep(warmup);
        measuring = true;
        Thread.sleep(measure);
        measuring = false;
        over = true;
        ended.await();
        pool.close();
        if (failure.get() != null) {
            throw new IllegalStateException("a thread failed", failure.get());
        }
        long[] all = waits.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        return new double[] {all.length, at(all, 0.5), at(all, 0.999), at(all, 1)};
    }

    private static double at(long[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * share)] / 1e6;
    }

    private long[] use(int seed, boolean hot) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] waits = new long[1_024];
        int count = 0;
        while (!over) {
            Integer key = hot ? HOT : 1 + random.nextInt(keys - 1);
            boolean counts = measuring;
            long begin = System.nanoTime();
            Lease<Resource> lease = pool.acquire(key);
            long wait = System.nanoTime() - begin;
            LockSupport.parkNanos(workNanos);
            lease.close();
            if (counts) {
                if (count == waits.length) {
                    waits = Arrays.copyOf(waits, 2 * count);
                }
                waits[count++] = wait;
            }
        }
        return Arrays.copyOf(waits, count);
    }
}
