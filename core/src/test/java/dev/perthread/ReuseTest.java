package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What is kept or lent is reused only if its user declared that the last use ended well. */
class ReuseTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).whenIdle(whenIdle);
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void leaseThatIsNotDone_mustCloseItsResource(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build()) {
            try (Lease<Probe> lease = pool.acquire()) {
                lease.get().use();
            }
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.NOT_DONE, 1L);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void leaseThatIsDone_mustLeaveItsResourceToTheNext(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build()) {
            for (int i = 0; i < 3; i++) {
                try (Lease<Probe> lease = pool.acquire()) {
                    lease.get().use();
                    lease.done();
                }
            }
            assertThat(Probe.opened()).isEqualTo(1);
        }
    }

    @EachThreadKind
    void bodyThatReturns_mustCountAsDone_andOneThatThrowsMustNot(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build()) {
            kind.call(() -> {
                pool.run(Probe::use);
                pool.run(Probe::use);
                assertThat(Probe.opened()).isEqualTo(1);
                assertThatThrownBy(() -> pool.run(probe -> {
                            throw new IllegalStateException("half way");
                        }))
                        .hasMessage("half way");
                assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
                return null;
            });
        }
    }

    @Test
    void undeclaredLease_mustBeReused_whenThePoolReusesUnlessInvalidated() {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).reuse(ReusePolicy.UNLESS_INVALIDATED).build()) {
            pool.acquire().close();
            pool.acquire().close();
            assertThat(Probe.opened()).isEqualTo(1);
            try (Lease<Probe> lease = pool.acquire()) {
                lease.invalidate();
            }
            assertThat(Probe.closed()).isEqualTo(1);
        }
    }

    @Test
    void sharedResource_mustBeClosed_unlessEveryLeaseIsDone() {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).reentry(ReentryPolicy.SHARE).build()) {
            for (boolean outer : new boolean[] {true, false}) {
                for (boolean inner : new boolean[] {true, false}) {
                    int closed = Probe.closed();
                    try (Lease<Probe> first = pool.acquire()) {
                        try (Lease<Probe> second = pool.acquire()) {
                            assertThat(second.get()).isSameAs(first.get());
                            if (inner) {
                                second.done();
                            }
                        }
                        if (outer) {
                            first.done();
                        }
                    }
                    assertThat(Probe.closed() - closed)
                            .as("outer done %s, inner done %s", outer, inner)
                            .isEqualTo(outer && inner ? 0 : 1);
                }
            }
        }
    }

    @Test
    void invalidate_mustWin_overDoneBeforeAndAfterIt() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build()) {
            try (Lease<Probe> lease = pool.acquire()) {
                lease.done();
                lease.invalidate();
            }
            try (Lease<Probe> lease = pool.acquire()) {
                lease.invalidate();
                lease.done();
            }
            assertThat(pool.stats().closedByReason()).containsOnly(java.util.Map.entry(CloseReason.INVALIDATED, 2L));
        }
    }

    @EachThreadKind
    void done_mustThrow_afterTheLeaseIsClosedOrInAnotherThread(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build()) {
            Lease<Probe> lease = pool.acquire();
            kind.call(() -> {
                assertThatThrownBy(lease::done)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("declared done by");
                return null;
            });
            lease.close();
            assertThatThrownBy(lease::done)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
            lease.close();
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.NOT_DONE, 1L);
        }
    }

    @Test
    void poolThatNeverReuses_mustSaySoOnce_afterTenUndeclaredLeases() {
        LogLines.expect("10 leases ended without done()");
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build()) {
            for (int i = 0; i < 9; i++) {
                pool.acquire().close();
            }
            assertThat(LogLines.seen()).isEmpty();
            for (int i = 0; i < 30; i++) {
                pool.acquire().close();
            }
            assertThat(LogLines.seen())
                    .singleElement()
                    .asString()
                    .contains(pool.name(), "done()", "call and run", "UNLESS_INVALIDATED");
        }
    }

    @Test
    void poolThatReusesSometimes_mustNotComplain_ofUndeclaredLeases() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build()) {
            pool.run(Probe::use);
            pool.run(Probe::use);
            for (int i = 0; i < 30; i++) {
                pool.acquire().close();
            }
        }
    }

    @Test
    void nestedLeaseOfACheck_mustNotEndTheLeaseThatIsBeingMade() {
        // With SHARE a check may acquire: it gets what is being checked, and giving that back must not give it to
        // others.
        PerThread<?, ?>[] self = new PerThread<?, ?>[1];
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                .reentry(ReentryPolicy.SHARE)
                .check(probe -> {
                    self[0].acquire().close();
                    return true;
                })
                .build()) {
            self[0] = pool;
            pool.run(Probe::use);
            try (Lease<Probe> lease = pool.acquire()) {
                assertThat(lease.get().isClosed()).isFalse();
                assertThat(pool.stats().leased()).isEqualTo(1);
                assertThat(pool.isHeld()).isTrue();
                lease.done();
            }
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @EachThreadKind
    void nestedLeaseOfAReset_mustNotEndTheLeaseTwice(ThreadKind kind) throws Exception {
        PerThread<?, ?>[] self = new PerThread<?, ?>[1];
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND)
                .reentry(ReentryPolicy.SHARE)
                .reset(probe -> {
                    self[0].acquire().close();
                    assertThat(self[0].stats().leased()).isEqualTo(1);
                })
                .build()) {
            self[0] = pool;
            kind.call(() -> {
                pool.run(Probe::use);
                return null;
            });
            assertThat(pool.stats().idle()).isEqualTo(1);
            assertThat(Probe.closed()).isZero();
        }
    }
}
