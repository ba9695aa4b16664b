package dev.perthread.benchmarks;

import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ThreadStore;
import dev.perthread.benchmarks.Peers.Resource;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.commons.pool2.impl.GenericObjectPool;

/**
 * Heap bytes per idle entry (beside the resource), per thread that never used the pool, and per thread that used it
 * and ended. The figure is the difference of the used heap, after full collections by the serial collector, before and
 * after all idle threads have used it once. The resource is one shared object, so it does not count. {@code
 * idleThreads=N passing=N out=FILE}.
 */
public final class MemoryBenchmark {
    private static final Resource SHARED = new Resource();
    private static final String WATCHERS = ".*(VirtualThread|StackChunk|Continuation|perthread\\.(Reaper|Platform)).*";

    private static int settleMillis;

    private MemoryBenchmark() {}

    /** Measures all. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(measure(arguments));
    }

    static Map<String, Double> measure(Arguments arguments) throws Exception {
        settleMillis = arguments.number("settle", 1200);
        Map<String, Double> figures = new LinkedHashMap<>();
        int size = arguments.number("idleThreads", 2000);
        // First: after many threads have ended, what the JVM keeps goes up and down by some hundred kilobytes.
        passing(figures, arguments.number("passing", 100_000));
        double fixed;
        try (IdleThreads nobody = new IdleThreads(0, false)) {
            once(nobody); // classes
            fixed = unused(nobody);
        }
        try (IdleThreads idleThreads = new IdleThreads(size, false)) {
            figures.put("memory/keep/unused", Math.max(0, unused(idleThreads) - fixed) / size);
            owners(figures, idleThreads);
        }
        pools(figures, size);
        return figures;
    }

    private static PerThread<Resource, RuntimeException> holder(IdlePolicy idle) {
        return PerThread.<Resource, RuntimeException>builder(() -> SHARED, Closer.none())
                .whenIdle(idle)
                .build();
    }

    /** The median of three: what the JVM does meanwhile, once, is some kilobytes. */
    private static double unused(IdleThreads idleThreads) throws Exception {
        return Sample.median(new double[] {once(idleThreads), once(idleThreads), once(idleThreads)});
    }

    /** What a holder takes that one thread uses, while all of the idle threads live and do not. */
    private static double once(IdleThreads idleThreads) throws Exception {
        settle();
        Heap before = Heap.now();
        PerThread<Resource, RuntimeException> holder = holder(IdlePolicy.KEEP);
        holder.run(resource -> {});
        Heap after = Heap.now();
        holder.close();
        idleThreads.size(); // they live until here
        return after.bytes - before.bytes;
    }

    private static void owners(Map<String, Double> figures, IdleThreads idleThreads) throws Exception {
        for (IdlePolicy idle : List.of(IdlePolicy.KEEP, IdlePolicy.LEND)) {
            try (PerThread<Resource, RuntimeException> warm = holder(idle)) {
                atOnce(idleThreads, warm); // classes, and what the threads allocate for themselves
            }
            PerThread<Resource, RuntimeException> holder = holder(idle);
            settle();
            Heap unused = Heap.now();
            atOnce(idleThreads, holder);
            Heap used = Heap.now();
            String name = "memory/" + idle.name().toLowerCase(Locale.ROOT) + "/";
            double all = (used.bytes - unused.bytes) / (double) idleThreads.size();
            double watchers = (used.watchers - unused.watchers) / (double) idleThreads.size();
            figures.put(name + "entry", all - watchers);
            figures.put(name + "watcher", watchers);
            holder.close();
        }
        ThreadStore<Resource> store = ThreadStore.create();
        figures.put("memory/threadStore/entry", perOwner(idleThreads, () -> store.set(SHARED)));
        store.close();
        ThreadLocal<Resource> local = new ThreadLocal<>();
        figures.put("memory/threadLocal/entry", perOwner(idleThreads, () -> local.set(SHARED)));
        local.get();
        ConcurrentHashMap<Thread, Resource> map = new ConcurrentHashMap<>();
        figures.put(
                "memory/concurrentHashMap/entry", perOwner(idleThreads, () -> map.put(Thread.currentThread(), SHARED)));
        map.clear();
    }

    /** All have one at the same time, or they would lend each other the same few. */
    private static void atOnce(IdleThreads idleThreads, PerThread<Resource, RuntimeException> holder) throws Exception {
        CountDownLatch all = new CountDownLatch(idleThreads.size());
        idleThreads.all(() -> holder.run(resource -> {
            all.countDown();
            try {
                all.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
        idleThreads.all(() -> {}); // so that no stack refers to the holder
    }

    private static double perOwner(IdleThreads idleThreads, Runnable use) throws Exception {
        settle();
        Heap before = Heap.now();
        idleThreads.all(use);
        Heap after = Heap.now();
        return (after.bytes - after.watchers - before.bytes + before.watchers) / (double) idleThreads.size();
    }

    private static void pools(Map<String, Double> figures, int size) throws Exception {
        Heap before = Heap.now();
        StormpotPool stormpot = Peers.stormpot(size, false);
        figures.put("memory/stormpot/entry", (Heap.now().bytes - before.bytes) / (double) size);
        stormpot.close();
        before = Heap.now();
        GenericObjectPool<Resource> commons = Peers.commonsPool(size, false);
        figures.put("memory/commonsPool/entry", (Heap.now().bytes - before.bytes) / (double) size);
        commons.close();
    }

    /**
     * Threads that use a holder once and end; virtual ones where there are any. As many have ended before that did nothing:
     * what the JVM keeps for threads that come and go is not ours.
     */
    private static void passing(Map<String, Double> figures, int count) throws Exception {
        figures.put("memory/passing/leftWithout", left(count, () -> {}));
        try (PerThread<Resource, RuntimeException> holder = holder(IdlePolicy.KEEP)) {
            pass(1000, () -> holder.run(resource -> {})); // classes
            holder.reap();
            figures.put("memory/passing/left", left(count, () -> holder.run(resource -> {})));
            figures.put("memory/passing/open", (double) holder.stats().open());
        }
        figures.put("memory/passing/threads", (double) count);
    }

    /** Bytes, for each of so many threads. */
    private static double left(int count, Runnable task) throws Exception {
        pass(count, task);
        settle();
        Heap before = Heap.now();
        pass(count, task);
        long left = 0;
        for (int i = 0; i == 0 || (i < 4 && left > 0); i++) {
            settle(); // what dead threads left is closed within a second, and the library's own thread ends after that
            left = Math.max(0, Heap.now().bytes - before.bytes);
        }
        return left / (double) count;
    }

    private static void pass(int count, Runnable task) throws InterruptedException {
        int atOnce = 500;
        for (int done = 0; done < count; done += atOnce) {
            int some = Math.min(atOnce, count - done);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < some; i++) {
                threads.add(VirtualThreads.start(VirtualThreads.exist(), task));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    /** Until the watchers of a closed holder's owners have ended; the library looks once a second when nothing happens. */
    private static void settle() throws InterruptedException {
        Thread.sleep(settleMillis);
    }

    private record Heap(long bytes, long watchers) {

        /** Once nothing changes any more: the library starts its watchers a little later. */
        static Heap now() throws JMException, InterruptedException {
            Heap last = once();
            for (int i = 0; i < (settleMillis < 200 ? 0 : 20); i++) {
                Thread.sleep(200);
                Heap again = once();
                if (Math.abs(again.bytes - last.bytes) < 1024 && again.watchers == last.watchers) {
                    return again;
                }
                last = again;
            }
            return last;
        }

        private static Heap once() throws JMException {
            System.gc();
            long bytes =
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
            long watchers = histogram
                    .lines()
                    .map(line -> line.trim().split("\\s+"))
                    .filter(words -> words.length >= 4 && words[3].matches(WATCHERS))
                    .mapToLong(words -> Long.parseLong(words[2]))
                    .sum();
            return new Heap(bytes, watchers);
        }
    }
}
