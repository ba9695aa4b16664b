package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** {@code evict(predicate)} and {@code refresh}. */
class EvictTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).whenIdle(whenIdle);
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void evict_mustCloseIdleOnesNow_andLeasedOnesAtTheEndOfTheirLease(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> leased = pool.acquire();
            Lease<Probe> untouched = other.call(pool::acquire);
            long spared = pool.snapshot().stream()
                    .filter(info -> info.threadId() == Platform.id(other.thread()))
                    .findFirst()
                    .orElseThrow()
                    .id();
            assertThat(pool.evict(info -> info.id() != spared)).isEqualTo(1);
            assertThat(leased.get().isClosed()).isFalse();
            leased.get().use();
            leased.done();
            leased.close();
            assertThat(Probe.closed()).isEqualTo(1);
            other.call(() -> {
                untouched.done();
                untouched.close();
                return null;
            });
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(pool.evict(info -> info.state() == ResourceInfo.State.IDLE))
                    .isEqualTo(1);
            assertThat(Probe.closed()).isEqualTo(2);
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.EVICTED, 2L);
            assertThat(pool.evict(info -> true)).isZero();
        }
    }

    @EachThreadKind
    void refresh_mustReplaceWhatIsBeingOpened_atTheEndOfItsLease(ThreadKind kind) throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        try (PerThread<Probe, InterruptedException> pool = PerThread.<Probe, InterruptedException>builder(() -> {
                            asked.incrementAndGet();
                            go.await();
                            return new Probe();
                        })
                        .whenIdle(IdlePolicy.KEEP)
                        .build();
                Actor actor = new Actor(kind)) {
            FutureTask<Integer> opening = actor.beginAndWait(() -> pool.call(Probe::number));
            Actor.until(() -> asked.get() == 1);
            assertThat(pool.refresh()).isEqualTo(1);
            go.countDown();
            assertThat(Actor.get(opening)).isEqualTo(1);
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.REFRESHED);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void predicateThatThrows_mustReachTheCaller_andEvictNothing(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build()) {
            pool.run(Probe::use);
            assertThatThrownBy(() -> pool.evict(info -> {
                        throw new IllegalStateException("which?");
                    }))
                    .hasMessage("which?");
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void sharedLease_mustGetWhatItsOuterLeaseHas_afterARefresh(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).reentry(ReentryPolicy.SHARE).build()) {
            try (Lease<Probe> outer = pool.acquire()) {
                pool.refresh();
                try (Lease<Probe> inner = pool.acquire()) {
                    assertThat(inner.get()).isSameAs(outer.get());
                    inner.done();
                }
                assertThat(outer.get().isClosed()).isFalse();
                outer.done();
            }
            assertThat(Probe.closed()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.MethodSource("dev.perthread.Matrix#keeping")
    void noAcquireThatBeginsAfterARefresh_mustGetAnOldResource(Matrix matrix) throws Exception {
        if (matrix.reentry() != ReentryPolicy.REJECT) {
            return;
        }
        int threads = matrix.kind() == ThreadKind.VIRTUAL ? 64 : 16;
        AtomicInteger credentials = new AtomicInteger();
        record Session(int with, Probe probe) implements AutoCloseable {
            @Override
            public void close() {
                probe.close();
            }
        }
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger stale = new AtomicInteger();
        try (PerThread<Session, RuntimeException> pool = PerThread.<Session, RuntimeException>builder(
                        () -> new Session(credentials.get(), new Probe()))
                .whenIdle(matrix.whenIdle())
                .limit(matrix.whenIdle() == IdlePolicy.KEEP ? threads + 1 : Math.min(matrix.limit(), 8))
                .build()) {
            AtomicInteger valid = new AtomicInteger(); // raised when refresh has returned
            matrix.kind().inParallel(threads + 1, index -> {
                if (index == 0) {
                    for (int i = 1; i <= 30; i++) {
                        credentials.set(i);
                        pool.refresh();
                        valid.set(i);
                        ThreadKind.giveWay();
                    }
                    over.set(true);
                    return;
                }
                while (!over.get()) {
                    int least = valid.get();
                    pool.run(session -> {
                        session.probe().use();
                        if (session.with() < least) {
                            stale.incrementAndGet();
                        }
                    });
                    // Not a yield: virtual threads that only yield to each other keep the carriers from the one that
                    // refreshes.
                    LockSupport.parkNanos(10_000);
                }
            });
            assertThat(stale).hasValue(0);
        }
    }
}
