package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.ThreadKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** 1,000,000 virtual threads over 64 lent resources: all complete, at most 64 open, none pinned, nothing left. */
class MillionThreadsTest {
    private static final int THREADS = 1_000_000;
    private static final int LIMIT = 64;

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void overSixtyFourResources() throws Exception {
        AtomicInteger open = new AtomicInteger();
        AtomicInteger peak = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        PerThread<AtomicInteger, RuntimeException> holder = PerThread.<AtomicInteger, RuntimeException>builder(() -> {
                    peak.accumulateAndGet(open.incrementAndGet(), Math::max);
                    return new AtomicInteger();
                })
                .closer(resource -> open.decrementAndGet())
                .whenIdle(IdlePolicy.LEND)
                .limit(LIMIT)
                .acquireTimeout(Duration.ofSeconds(60))
                .build();
        long heapBefore = heap();
        AtomicInteger waitingPeak = new AtomicInteger();
        Semaphore atOnce = new Semaphore(20_000);
        Path file = Files.createTempFile("perthread", ".jfr");
        long pinned;
        long begin = System.nanoTime();
        try (Recording recording = new Recording()) {
            recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO).withStackTrace();
            recording.start();
            for (int i = 0; i < THREADS; i++) {
                atOnce.acquire();
                ThreadKind.VIRTUAL.start(() -> {
                    try {
                        holder.run(resource -> {
                            if (resource.incrementAndGet() != 1) {
                                failed.incrementAndGet(); // somebody else uses it
                            }
                            if (done.get() % 16 == 0) {
                                Thread.yield(); // inside the scope, so that the others wait
                            }
                            resource.decrementAndGet();
                        });
                        done.incrementAndGet();
                    } catch (Throwable failure) {
                        failed.incrementAndGet();
                        throw failure;
                    } finally {
                        atOnce.release();
                    }
                });
                if (i % 20_000 == 0) {
                    waitingPeak.accumulateAndGet(holder.stats().waiting(), Math::max);
                }
            }
            atOnce.acquire(20_000);
            recording.stop();
            recording.dump(file);
            List<RecordedEvent> events = RecordingFile.readAllEvents(file);
            pinned = events.stream().filter(MillionThreadsTest::isOurs).count();
            System.out.printf("pinned: %d events, %d of them in the library%n", events.size(), pinned);
        } finally {
            Files.delete(file);
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        assertThat(failed).hasValue(0);
        assertThat(done).hasValue(THREADS);
        assertThat(peak.get()).isLessThanOrEqualTo(LIMIT);
        assertThat(pinned).isZero();
        Stats stats = holder.stats();
        assertThat(stats.acquired()).isEqualTo(THREADS);
        assertThat(stats.waiting() + stats.leased()).isZero();
        long[] heapAfter = new long[1];
        Actor.until(() -> {
            heapAfter[0] = heap();
            return heapAfter[0] - heapBefore < 8_000_000;
        });
        System.out.printf(
                "%,d virtual threads over %d lent: %.1f s (%,.0f/s), peak open %d, waited %,d, waiting seen up to %,d,"
                        + " heap %.1f -> %.1f MB%n",
                THREADS,
                LIMIT,
                seconds,
                THREADS / seconds,
                peak.get(),
                stats.waited(),
                waitingPeak.get(),
                heapBefore / 1e6,
                heapAfter[0] / 1e6);
        holder.close();
        assertThat(open).hasValue(0);
    }

    private static boolean isOurs(RecordedEvent event) {
        return event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream()
                        .map(RecordedFrame::getMethod)
                        .anyMatch(method -> method.getType().getName().startsWith("dev.perthread.")
                                && !method.getType().getName().contains("Test"));
    }

    private static long heap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
