package dev.perthread.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.HdrHistogram.ConcurrentHistogram;

/**
 * The delay from a thread's death to the closer of what it kept, and the cost of watching 10,000 idle owners. {@code
 * owners=N deaths=N virtual=true|false idle=MILLIS out=FILE}.
 */
public final class ReclaimBenchmark {

    /** Knows when its thread did its last. */
    private static final class Kept {
        volatile long left;
    }

    private ReclaimBenchmark() {}

    /** Measures both. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(measure(arguments));
        System.exit(0); // they are asleep, and need not be woken
    }

    static Map<String, Double> measure(Arguments arguments) throws Exception {
        boolean virtual = Boolean.parseBoolean(arguments.text("virtual", "false"));
        int deaths = arguments.number("deaths", 200);
        int idle = arguments.number("idle", 5000);
        ConcurrentHistogram times = new ConcurrentHistogram(3);
        CountDownLatch closed = new CountDownLatch(deaths);
        Map<String, Double> figures = new LinkedHashMap<>();
        String name = "reclaim/" + (virtual ? "virtual" : "platform") + "/";
        IdleThreads idleThreads = new IdleThreads(arguments.number("owners", 10_000), virtual);
        ThreadLocal<Kept> own = new ThreadLocal<>();
        try (PerThread<Kept, RuntimeException> holder = PerThread.<Kept, RuntimeException>builder(
                        Kept::new, Closer.none())
                .whenIdle(IdlePolicy.KEEP)
                .reuse(ReusePolicy.UNLESS_INVALIDATED)
                .closer(kept -> {
                    long left = kept.left;
                    if (left != 0) {
                        times.recordValue(Math.max(0, System.nanoTime() - left));
                        closed.countDown();
                    }
                })
                .build()) {
            double without = cpuShare(idle);
            idleThreads.all(() -> holder.run(own::set));
            Thread.sleep(idle); // until all are watched, and the rounds are compiled
            double with = cpuShare(idle);
            for (int i = 0; i < deaths; i++) {
                idleThreads.endOne(i * (idleThreads.size() / deaths), () -> own.get().left = System.nanoTime());
                Thread.sleep(ThreadLocalRandom.current().nextInt(5, 25)); // at no particular point of a round
            }
            closed.await();
            figures.put(name + "owners", (double) idleThreads.size());
            figures.put(name + "median", times.getValueAtPercentile(50) / 1e6);
            figures.put(name + "p99", times.getValueAtPercentile(99) / 1e6);
            figures.put(name + "max", times.getMaxValue() / 1e6);
            figures.put(name + "cpu", Math.max(0, with - without));
            figures.put(name + "cpuWithout", without);
        }
        return figures;
    }

    /** Per cent of one core that this process used. */
    private static double cpuShare(int millis) throws InterruptedException {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        System.gc();
        Thread.sleep(500);
        long cpu = system.getProcessCpuTime();
        long wall = System.nanoTime();
        Thread.sleep(millis);
        return 100.0 * (system.getProcessCpuTime() - cpu) / (System.nanoTime() - wall);
    }
}
