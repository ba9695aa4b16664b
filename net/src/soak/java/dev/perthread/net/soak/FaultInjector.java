package dev.perthread.net.soak;

import java.io.FileInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The faults inside this process: no descriptors, no memory, interrupts, and bystanders that look and evict. Each
 * method is the body of one thread and ends when the campaign does.
 */
final class FaultInjector {
    private static final boolean NONE = System.getProperty("soak.memory", "").equals("none");

    private final Soak soak;
    private final InvariantMonitor monitor;

    FaultInjector(Soak soak) {
        this.soak = soak;
        this.monitor = soak.monitor;
    }

    /** Uses up descriptors or memory for a moment, every few seconds. */
    void exhaust(SplittableRandom random) throws InterruptedException {
        while (soak.goOn(Duration.ofMillis(random.nextInt(1000, 5000)))) {
            if (random.nextBoolean()) {
                descriptors(random);
            } else {
                heap(random);
            }
        }
    }

    private void descriptors(SplittableRandom random) throws InterruptedException {
        List<FileInputStream> all = new ArrayList<>();
        try {
            while (true) {
                all.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException none) {
            monitor.descriptorBursts.incrementAndGet();
            soak.goOn(Duration.ofMillis(random.nextInt(50, 500)));
        }
        for (FileInputStream one : all) {
            close(one);
        }
    }

    private static void close(FileInputStream one) {
        try {
            one.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Leaves some megabytes; with {@code -Dsoak.memory=none} so few that they run out in any line of anybody's. */
    private void heap(SplittableRandom random) throws InterruptedException {
        long leave = (NONE ? random.nextInt(1, 8) : random.nextInt(12, 24)) * 1024L * 1024;
        List<byte[]> all = new ArrayList<>();
        try {
            Runtime runtime = Runtime.getRuntime();
            for (int failed = 0; failed < 3; ) {
                if (runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory() > leave) {
                    all.add(new byte[64 * 1024]);
                } else { // much of it may be garbage
                    failed++;
                    System.gc();
                }
            }
            monitor.heapBursts.incrementAndGet();
            soak.goOn(Duration.ofMillis(random.nextInt(50, 500)));
            InvariantMonitor.max(
                    monitor.mostFilled, all.size() * 64L); // read after the pause, so that it is there until then
        } catch (OutOfMemoryError full) {
            all.clear();
            monitor.heapBursts.incrementAndGet();
            monitor.outOfMemory.incrementAndGet();
        }
    }

    void interrupt(SplittableRandom random) throws InterruptedException {
        while (soak.goOn(Duration.ofMillis(random.nextInt(1, 40)))) {
            soak.anyWorker(random).interrupt();
        }
    }

    void stand(SplittableRandom random) throws InterruptedException {
        while (soak.goOn(Duration.ofMillis(random.nextInt(1, 30)))) {
            Subject subject = soak.any(random);
            try {
                switch (random.nextInt(6)) {
                    case 0 -> subject.holder().evictIdle();
                    case 1 -> subject.holder().reap();
                    case 2 -> monitor.require(!subject.holder().isHeld(), subject.shape + ": held by a bystander");
                    case 3 -> monitor.require(subject.holder().toString().contains(subject.shape.name()), "toString");
                    default -> subject.look();
                }
            } catch (OutOfMemoryError passing) {
                monitor.outOfMemory.incrementAndGet();
            }
        }
    }

    void renew(SplittableRandom random) throws InterruptedException {
        while (soak.goOn(Duration.ofMillis(random.nextInt(200, 3000)))) {
            try {
                soak.retire(soak.any(random), Duration.ofMillis(random.nextBoolean() ? 0 : random.nextInt(1, 1500)));
            } catch (OutOfMemoryError passing) {
                monitor.outOfMemory.incrementAndGet();
            }
        }
    }
}
