package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import outside.Caller;

/** What a thread gets that acquires while it holds a lease. */
class ReentryTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(ReentryPolicy reentry) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).name("db").reentry(reentry);
    }

    @Test
    void rejectNamesHolderThreadAndWhereTheFirstWasAcquired() {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(ReentryPolicy.REJECT).trace(true).build();
                Lease<Probe> first = Caller.acquireHere(pool)) {
            first.get().use();
            assertThatThrownBy(pool::acquire)
                    .isInstanceOf(ReentryException.class)
                    .hasMessageContaining("db")
                    .hasMessageContaining(Thread.currentThread().getName())
                    .hasMessageContaining("outside.Caller.acquireHere")
                    .hasMessageContaining("OPEN_NEW")
                    .satisfies(e -> assertThat(e.getCause().getStackTrace())
                            .anyMatch(frame -> frame.getClassName().equals("outside.Caller")));
            assertThat(pool.stats().acquired()).isEqualTo(1);
        }
    }

    /** It was being checked when the thread acquired, which therefore opened another. */
    @Test
    void idleResourceOfTheSameThread_isNotLeased_whileItHoldsAnother() {
        try (PerThread<Probe, RuntimeException> pool = builder(ReentryPolicy.REJECT)
                        .whenIdle(IdlePolicy.LEND)
                        .reusing()
                        .build();
                PerThread<Probe, RuntimeException> shared = builder(ReentryPolicy.SHARE)
                        .whenIdle(IdlePolicy.LEND)
                        .reusing()
                        .build()) {
            for (PerThread<Probe, RuntimeException> each : List.of(pool, shared)) {
                each.acquire().close();
                Slot<Probe> checked = each.pool.slots().get(0);
                assertThat(checked.idleToChecking()).isTrue();
                try (Lease<Probe> lease = each.acquire()) {
                    checked.checkingToIdle();
                    if (each == pool) {
                        assertThatThrownBy(each::acquire).isInstanceOf(ReentryException.class);
                    } else {
                        try (Lease<Probe> again = each.acquire()) {
                            assertThat(again.get()).isSameAs(lease.get());
                        }
                    }
                    assertThat(lease.get()).isNotSameAs(checked.resource());
                }
            }
        }
    }

    @Test
    void rejectWithoutTracingSaysHowToSeeMore() {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(ReentryPolicy.REJECT).build();
                Lease<Probe> first = pool.acquire()) {
            first.get().use();
            assertThatThrownBy(() -> pool.acquire(Duration.ZERO))
                    .isInstanceOf(ReentryException.class)
                    .hasNoCause()
                    .hasMessageContaining("trace(true)");
            assertThatThrownBy(() -> pool.run(probe -> {})).isInstanceOf(ReentryException.class);
            assertThatThrownBy(() -> pool.call(probe -> 1)).isInstanceOf(ReentryException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void rejectForgetsTheScopeOnceItIsOver(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.REJECT).whenIdle(whenIdle).reusing().build()) {
            for (int i = 0; i < 3; i++) {
                try (Lease<Probe> lease = pool.acquire()) {
                    assertThatThrownBy(pool::acquire).isInstanceOf(ReentryException.class);
                    assertThat(pool.isHeld()).isTrue();
                    lease.get().use();
                }
                assertThat(pool.isHeld()).isFalse();
            }
        }
    }

    @Test
    void openNewNestsLastInFirstOut() {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.OPEN_NEW).listener(journal).build()) {
            try (Lease<Probe> outer = pool.acquire()) {
                try (Lease<Probe> middle = pool.acquire()) {
                    try (Lease<Probe> inner = pool.acquire()) {
                        assertThat(List.of(outer.get(), middle.get(), inner.get()))
                                .doesNotHaveDuplicates()
                                .noneMatch(Probe::isClosed);
                        assertThat(pool.stats().leased()).isEqualTo(3);
                    }
                    assertThat(outer.get().isClosed() || middle.get().isClosed())
                            .isFalse();
                }
                assertThat(pool.isHeld()).isTrue();
            }
            assertThat(pool.isHeld()).isFalse();
        }
        assertThat(journal.take())
                .containsExactly(
                        "opened 1",
                        "acquired 1",
                        "opened 2",
                        "acquired 2",
                        "opened 3",
                        "acquired 3",
                        "released 3",
                        "closed 3 SCOPE_END",
                        "released 2",
                        "closed 2 SCOPE_END",
                        "released 1",
                        "closed 1 SCOPE_END");
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void openNewOutOfOrderEachLeaseEndsExactlyItsOwn(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.OPEN_NEW).whenIdle(whenIdle).reusing().build()) {
            Lease<Probe> a = pool.acquire();
            Lease<Probe> b = pool.acquire();
            Lease<Probe> c = pool.acquire();
            Probe first = a.get();
            Probe second = b.get();
            Probe third = c.get();
            b.invalidate();
            b.close();
            assertThat(second.isClosed()).isTrue();
            a.close();
            assertThat(first.isClosed()).isEqualTo(whenIdle == IdlePolicy.CLOSE);
            assertThat(third.isClosed()).isFalse();
            assertThat(c.get()).isSameAs(third);
            assertThat(pool.isHeld()).isTrue();
            Lease<Probe> again = pool.acquire();
            if (whenIdle != IdlePolicy.CLOSE) {
                assertThat(again.get()).isSameAs(first);
            }
            assertThat(again.get()).isNotSameAs(third);
            c.close();
            assertThat(pool.isHeld()).isTrue();
            again.close();
            assertThat(pool.isHeld()).isFalse();
            assertThat(pool.release()).isEqualTo(whenIdle != IdlePolicy.CLOSE);
            assertThat(Probe.opened()).isEqualTo(Probe.closed());
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void shareHandsOutTheSameAndReleasesWithTheLastInAnyOrder(IdlePolicy whenIdle) {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool = builder(ReentryPolicy.SHARE)
                .whenIdle(whenIdle)
                .reusing()
                .limit(1)
                .listener(journal)
                .build()) {
            Lease<Probe> a = pool.acquire();
            Lease<Probe> b = pool.acquire();
            Lease<Probe> c = pool.acquire();
            Probe probe = a.get();
            assertThat(b.get()).isSameAs(probe);
            assertThat(c.get()).isSameAs(probe);
            a.close();
            a.close();
            a.close();
            assertThatThrownBy(a::get).isInstanceOf(IllegalStateException.class);
            assertThat(b.get().isClosed()).isFalse();
            c.close();
            assertThat(pool.isHeld()).isTrue();
            assertThat(b.get().isClosed()).isFalse();
            assertThat(pool.stats().acquired()).isEqualTo(3);
            b.close();
            assertThat(pool.isHeld()).isFalse();
            assertThat(probe.isClosed()).isEqualTo(whenIdle == IdlePolicy.CLOSE);
        }
        assertThat(journal.take().stream().filter(line -> line.startsWith("acquired") || line.startsWith("released")))
                .containsExactly("acquired 1", "acquired 1", "acquired 1", "released 1", "released 1", "released 1");
    }

    @Test
    void shareClosesWhatAnyOfTheLeasesInvalidated() {
        try (PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.SHARE).whenIdle(IdlePolicy.KEEP).reusing().build()) {
            Lease<Probe> outer = pool.acquire();
            Lease<Probe> inner = pool.acquire();
            Probe probe = inner.get();
            inner.invalidate();
            inner.close();
            assertThat(probe.isClosed()).isFalse();
            outer.close();
            assertThat(probe.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void afterAForcedCloseNothingMoreIsToldOfASharedResource(ThreadKind kind) throws Exception {
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.SHARE).listener(journal).build();
        try (Actor user = new Actor(kind)) {
            List<Lease<Probe>> leases = user.call(() -> List.of(pool.acquire(), pool.acquire()));
            pool.close(Duration.ZERO);
            user.call(() -> {
                leases.forEach(Lease::close);
                return null;
            });
        }
        assertThat(journal.take()).containsExactly("opened 1", "acquired 1", "acquired 1", "closed 1 FORCED");
    }

    @ParameterizedTest
    @EnumSource(ReentryPolicy.class)
    void anOpenerThatAcquiresIsRefused(ReentryPolicy reentry) {
        AtomicReference<PerThread<Probe, RuntimeException>> self = new AtomicReference<>();
        AtomicInteger calls = new AtomicInteger();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(() -> {
                    assertThat(calls.incrementAndGet()).isLessThan(10);
                    self.get().acquire().close();
                    return new Probe();
                })
                .reentry(reentry)
                .name("db")
                .build();
        self.set(pool);
        assertThatThrownBy(pool::acquire)
                .isInstanceOf(ReentryException.class)
                .hasMessageContaining("db")
                .hasMessageContaining("opener");
        assertThat(calls).hasValue(1);
        assertThat(pool.isHeld()).isFalse();
        assertThat(pool.stats().open()).isZero();
        assertThat(pool.stats().opening()).isZero();
        assertThat(pool.stats().openFailures()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(ReentryPolicy.class)
    void anOpenerThatSurvivesTheRefusalStillOpens(ReentryPolicy reentry) {
        AtomicReference<PerThread<Probe, RuntimeException>> self = new AtomicReference<>();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(() -> {
                    assertThatThrownBy(self.get()::acquire).isInstanceOf(ReentryException.class);
                    assertThat(self.get().isHeld()).isFalse();
                    assertThat(self.get().release()).isFalse();
                    assertThat(self.get().evictIdle()).isZero();
                    return new Probe();
                })
                .reentry(reentry)
                .limit(1)
                .build();
        self.set(pool);
        pool.run(Probe::use);
        assertThat(pool.stats().open()).isZero();
    }

    @Test
    void anOpenerMayUseAnotherHolder() {
        PerThread<Probe, RuntimeException> inner = builder(ReentryPolicy.REJECT).build();
        PerThread<Probe, RuntimeException> outer = PerThread.<Probe, RuntimeException>builder(() -> {
                    inner.run(Probe::use);
                    return new Probe();
                })
                .build();
        outer.run(probe -> inner.run(Probe::use));
        assertThat(Probe.opened()).isEqualTo(3);
    }

    @Test
    void aThreadThatEndsInsideSeveralScopesLeaksEachOfThem() throws Exception {
        LogLines.expect("ended without closing its lease");
        PerThread<Probe, RuntimeException> pool =
                builder(ReentryPolicy.OPEN_NEW).build();
        ThreadKind.PLATFORM.call(() -> List.of(pool.acquire(), pool.acquire(), pool.acquire()));
        Actor.until(() -> pool.stats().closed() == 3);
        assertThat(pool.stats().leaked()).isEqualTo(3);
    }
}
