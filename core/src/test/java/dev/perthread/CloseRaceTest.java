package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** acquire racing with close: in the end opened equals closed, and nothing is handed out after close has returned. */
class CloseRaceTest {

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void nothingIsCountedAsOpeningAndAsOpenAtOnce(ThreadKind kind) throws Exception {
        for (int round = 0; round < 150; round++) {
            PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                    .limit(1)
                    .build();
            AtomicBoolean over = new AtomicBoolean();
            CyclicBarrier start = new CyclicBarrier(4);
            kind.inParallel(4, i -> {
                start.await();
                if (i == 0) {
                    pool.close(Duration.ofMillis(1));
                    over.set(true);
                } else if (i == 1) {
                    while (!over.get()) {
                        Stats stats = pool.stats();
                        assertThat(stats.open() + stats.opening())
                                .as(stats.toString())
                                .isBetween(0, 1);
                        ThreadKind.giveWay();
                    }
                } else {
                    try {
                        while (true) {
                            pool.acquire().close();
                        }
                    } catch (IllegalStateException closed) {
                        assertThat(closed).hasMessageContaining("is closed");
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void acquireRacingWithClose(Matrix matrix) throws Exception {
        int rounds = 25;
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        for (int round = 0; round < rounds; round++) {
            PerThread<Object, RuntimeException> pool = matrix.<Object, RuntimeException>builder(
                            () -> {
                                opened.incrementAndGet();
                                return new Object();
                            },
                            resource -> closed.incrementAndGet())
                    .build();
            AtomicBoolean over = new AtomicBoolean();
            CyclicBarrier start = new CyclicBarrier(4);
            boolean force = round % 2 == 0;
            int turns = round * 2;
            matrix.kind().inParallel(4, i -> {
                start.await();
                if (i == 0) {
                    for (int turn = 0; turn < turns; turn++) {
                        Thread.onSpinWait();
                    }
                    CloseReport report = pool.close(force ? Duration.ZERO : Duration.ofSeconds(20));
                    over.set(true);
                    assertThat(force || report.forced() == 0).isTrue();
                    return;
                }
                while (true) {
                    boolean after = over.get();
                    Lease<Object> lease;
                    try {
                        lease = pool.acquire();
                    } catch (IllegalStateException e) {
                        assertThat(e).isNotInstanceOf(ReentryException.class);
                        break;
                    }
                    assertThat(after).as("acquired though close() had returned").isFalse();
                    lease.close();
                    if (matrix.limit() != Matrix.NONE) {
                        pool.release();
                    }
                    if (matrix.kind() == ThreadKind.VIRTUAL) {
                        ThreadKind.giveWay(); // the closer needs a carrier
                    }
                }
            });
            assertThat(pool.stats().open()).isZero();
            assertThat(pool.stats().opening()).isZero();
            assertThat(pool.snapshot()).isEmpty();
            assertThat(closed).hasValue(opened.get());
        }
        assertThat(Probe.opened()).isZero();
    }
}
