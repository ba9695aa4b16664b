package dev.perthread.net.soak;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.management.JMException;
import javax.management.ObjectName;

/** The state of the process besides its pools: descriptors, threads, heap and log lines, before and after. */
final class Surroundings {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final long HEAP_MARGIN = 8L << 20;
    private static final Logger ROOT = Logger.getLogger(""); // held: else the collector goes with it

    final InvariantMonitor monitor;
    int descriptorsBefore;
    int descriptorsAfter;
    long heapBefore;
    long heapAfter;
    private Set<Thread> threadsBefore = Set.of();
    private long lastLook;

    Surroundings(Consumer<String> log, InvariantMonitor monitor) {
        this.monitor = monitor;
        for (Handler handler : ROOT.getHandlers()) {
            ROOT.removeHandler(handler);
        }
        ROOT.addHandler(new Handler() {
            @Override
            public void publish(LogRecord entry) {
                if (entry.getThrown() instanceof OutOfMemoryError) {
                    monitor.outOfMemory.incrementAndGet();
                } else if (entry.getLevel().intValue() >= Level.INFO.intValue()) {
                    log.accept(entry.getMessage());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
    }

    void begin() throws Exception {
        await(() -> libraryThreads().isEmpty());
        descriptorsBefore = descriptors();
        threadsBefore = threads();
        heapBefore = heap();
    }

    /** Every now and then. */
    void look() {
        if (System.nanoTime() - lastLook < 200_000_000) {
            return;
        }
        lastLook = System.nanoTime();
        try {
            InvariantMonitor.max(monitor.peakDescriptors, descriptors());
        } catch (IOException noneLeftToLook) {
            // Then there are as many as there can be, for the moment, and most of them not the library's.
        }
        InvariantMonitor.max(
                monitor.peakThreads, ManagementFactory.getThreadMXBean().getThreadCount());
    }

    void judge() throws Exception {
        await(() -> libraryThreads().isEmpty() && left().isEmpty() && descriptors() <= descriptorsBefore);
        monitor.require(libraryThreads().isEmpty(), "the library's threads are still there: " + libraryThreads());
        monitor.require(left().isEmpty(), "threads left over: " + left());
        descriptorsAfter = descriptors();
        monitor.require(
                descriptorsAfter <= descriptorsBefore,
                "descriptors: " + descriptorsBefore + " before and " + descriptorsAfter + " after");
        monitor.deaths.clear();
        Request.forgetAsked();
        heapAfter = heap();
        monitor.require(
                heapAfter <= heapBefore + HEAP_MARGIN, "heap: " + heapBefore + " before and " + heapAfter + " after");
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long late = System.nanoTime() + 10_000_000_000L;
        while (!condition.call() && System.nanoTime() < late) {
            Thread.sleep(20);
        }
    }

    static int descriptors() throws IOException {
        int count = -1; // the one that looks
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path ignored : entries) {
                count++;
            }
        }
        return count;
    }

    private static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet());
    }

    private Set<Thread> left() {
        Set<Thread> left = threads();
        left.removeAll(threadsBefore);
        left.removeIf(thread -> {
            ThreadGroup group = thread.getThreadGroup();
            String name = thread.getName();
            boolean runtimes = group == null
                    || group.getParent() == null
                    || group.getName().equals("InnocuousThreadGroup");
            return !thread.isAlive() || (runtimes && !name.startsWith("perthread")) || name.startsWith("ForkJoinPool");
        });
        return left;
    }

    /** Platform and virtual ones. */
    private static List<String> libraryThreads() throws IOException {
        List<String> found = new ArrayList<>();
        for (Thread thread : threads()) {
            if (thread.getName().startsWith("perthread")) {
                found.add(thread.getName());
            }
        }
        if (Runtime.version().feature() >= 21) {
            Path dump = Files.createTempDirectory("soak").resolve("threads.txt");
            try {
                dump(dump);
                Files.readAllLines(dump).stream()
                        .filter(line -> line.startsWith("#") && line.contains("\"perthread-"))
                        .forEach(found::add);
            } finally {
                Files.deleteIfExists(dump);
                Files.delete(dump.getParent());
            }
        }
        return found;
    }

    /** Where to see what all threads are doing, virtual ones included. */
    static String threadDump() {
        if (Runtime.version().feature() < 21) {
            return "not to be had";
        }
        try {
            Path dump = Files.createTempDirectory("soak").resolve("threads.txt");
            dump(dump);
            return "see " + dump;
        } catch (IOException none) {
            return none.toString();
        }
    }

    private static void dump(Path file) {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=HotSpotDiagnostic"),
                            "dumpThreads",
                            new Object[] {file.toString(), "TEXT_PLAIN"},
                            new String[] {"java.lang.String", "java.lang.String"});
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long heap() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(50); // references are handled by another thread
            least = Math.min(least, used());
        }
        return least;
    }

    static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
