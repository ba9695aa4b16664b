package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Pinned;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/**
 * Virtual threads over 64 lent resources: all complete, at most 64 open, none pinned, nothing left. A million of them with
 * {@code -Pcampaigns}, else a fifth, of which 40 bytes that stayed for each would be seen.
 */
class MillionThreadsTest {
    private static final int THREADS = Boolean.getBoolean("perthread.campaign") ? 1_000_000 : 200_000;
    private static final int LIMIT = 64;

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void overSixtyFourResources() throws Exception {
        AtomicInteger open = new AtomicInteger();
        AtomicInteger peak = new AtomicInteger();
        try (PerThread<AtomicInteger, RuntimeException> pool = PerThread.<AtomicInteger, RuntimeException>builder(
                        () -> {
                            peak.accumulateAndGet(open.incrementAndGet(), Math::max);
                            return new AtomicInteger();
                        },
                        resource -> open.decrementAndGet())
                .whenIdle(IdlePolicy.LEND)
                .reusing()
                .limit(LIMIT)
                .acquireTimeout(Duration.ofSeconds(60))
                .build()) {
            run(pool, peak);
        }
        assertThat(open).hasValue(0);
    }

    private static void run(PerThread<AtomicInteger, RuntimeException> pool, AtomicInteger peak) throws Exception {
        AtomicInteger done = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        long heapBefore = heap();
        int waitingPeak = 0;
        Semaphore atOnce = new Semaphore(20_000);
        List<String> pinned;
        long begin = System.nanoTime();
        try (Pinned recording = new Pinned()) {
            for (int i = 0; i < THREADS; i++) {
                atOnce.acquire();
                ThreadKind.VIRTUAL.start(() -> {
                    try {
                        pool.run(resource -> {
                            if (resource.incrementAndGet() != 1) {
                                failed.incrementAndGet(); // somebody else uses it
                            }
                            if (done.get() % 16 == 0) {
                                ThreadKind.giveWay(); // inside the scope, so that the others wait
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
                    waitingPeak = Math.max(waitingPeak, pool.stats().waiting());
                }
            }
            atOnce.acquire(20_000);
            pinned = recording.stacks();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        assertThat(failed).hasValue(0);
        assertThat(done).hasValue(THREADS);
        assertThat(peak.get()).isLessThanOrEqualTo(LIMIT);
        assertThat(pinned).isEmpty();
        Stats stats = pool.stats();
        assertThat(stats.acquired()).isEqualTo(THREADS);
        assertThat(stats.waiting() + stats.leased()).isZero();
        long[] heapAfter = new long[1];
        Actor.until(() -> {
            heapAfter[0] = heap();
            return heapAfter[0] - heapBefore < 8_000_000;
        });
        System.out.printf(
                "%,d virtual threads over %d lent: %.1f s (%,.0f/s), peak open %d, waited %,d, waiting seen up to %,d, pinned %d,"
                        + " heap %.1f -> %.1f MB%n",
                THREADS,
                LIMIT,
                seconds,
                THREADS / seconds,
                peak.get(),
                stats.waited(),
                waitingPeak,
                pinned.size(),
                heapBefore / 1e6,
                heapAfter[0] / 1e6);
    }

    private static long heap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
