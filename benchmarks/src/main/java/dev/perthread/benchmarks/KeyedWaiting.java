package dev.perthread.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import dev.perthread.benchmarks.Peers.Resource;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * What it costs that many threads wait at the limit for all keys, each for a key of its own:
 * {@code java -cp benchmarks.jar dev.perthread.benchmarks.KeyedWaiting threads=10000 limit=100 rest=MILLIS out=FILE}.
 * Microseconds for each to begin to wait, the share of a processor while all wait, and microseconds for each to be served
 * once the resources are given back. Virtual threads where there are any.
 */
final class KeyedWaiting {
    private KeyedWaiting() {}

    /** Runs it, and prints the figures. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(measure(arguments));
    }

    /** With both policies under which a resource need not wait for its thread. */
    static Map<String, Double> measure(Arguments arguments) throws InterruptedException {
        Map<String, Double> figures = new LinkedHashMap<>();
        int threads = arguments.number("threads", 10_000);
        int limit = arguments.number("limit", 100);
        for (IdlePolicy policy : List.of(IdlePolicy.CLOSE, IdlePolicy.LEND)) {
            run(policy, 100, limit, 1); // compiled, and nothing is linked for the first time
            double[] run = run(policy, threads, limit, arguments.number("rest", 4_000));
            String name = "keyed waiting/" + policy + "/" + threads + "/";
            figures.put(name + "begin, us", run[0]);
            figures.put(name + "at rest, processors", run[1]);
            figures.put(name + "be served, us", run[2]);
        }
        return figures;
    }

    private static double[] run(IdlePolicy policy, int threads, int limit, int rest) throws InterruptedException {
        try (KeyedPerThread<Integer, Resource, RuntimeException> pool =
                KeyedPerThread.<Integer, Resource, RuntimeException>builder(key -> new Resource(), Closer.none())
                        .whenIdle(policy)
                        .limit(limit)
                        .build()) {
            List<Lease<Resource>> held = new ArrayList<>();
            for (int i = 1; i <= limit; i++) {
                held.add(pool.acquire(-i));
            }
            CountDownLatch served = new CountDownLatch(threads);
            long begin = System.nanoTime();
            for (int i = 0; i < threads; i++) {
                int key = i;
                VirtualThreads.start(VirtualThreads.exist(), () -> {
                    pool.run(key, resource -> {});
                    served.countDown();
                });
            }
            while (pool.stats().waiting() < threads) {
                Thread.sleep(1);
            }
            long waiting = System.nanoTime();
            double processors = whileAtRest(rest);
            long freed = System.nanoTime();
            for (Lease<Resource> lease : held) {
                lease.done();
                lease.close();
            }
            served.await();
            return new double[] {
                (waiting - begin) / 1e3 / threads, processors, (System.nanoTime() - freed) / 1e3 / threads
            };
        }
    }

    private static double whileAtRest(int millis) throws InterruptedException {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long begin = System.nanoTime();
        long before = system.getProcessCpuTime();
        Thread.sleep(millis);
        return (double) (system.getProcessCpuTime() - before) / (System.nanoTime() - begin);
    }
}
