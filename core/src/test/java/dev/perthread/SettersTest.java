package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What can be changed while a pool runs. */
class SettersTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).whenIdle(whenIdle);
    }

    @EachThreadKind
    void higherLimit_mustServeThoseWhoWait_atOnceAndInOrder(ThreadKind kind) throws Exception {
        for (IdlePolicy whenIdle : IdlePolicy.values()) {
            List<Actor> actors = new ArrayList<>();
            try (PerThread<Probe, RuntimeException> pool =
                    builder(whenIdle).limit(1).build()) {
                Lease<Probe> lease = pool.acquire();
                List<FutureTask<Lease<Probe>>> waiting = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    Actor actor = new Actor(kind);
                    actors.add(actor);
                    waiting.add(actor.beginAndWait(pool::acquire));
                    int queued = i + 1;
                    Actor.until(() -> pool.stats().waiting() == queued);
                }
                pool.setLimit(3);
                assertThat(pool.limit()).hasValue(3);
                Lease<Probe> first = Actor.get(waiting.get(0));
                Lease<Probe> second = Actor.get(waiting.get(1));
                assertThat(pool.stats().waiting()).isEqualTo(1);
                pool.setLimit(Integer.MAX_VALUE);
                assertThat(pool.limit()).isEmpty();
                Lease<Probe> third = Actor.get(waiting.get(2));
                actors.get(0).call(() -> end(first));
                actors.get(1).call(() -> end(second));
                actors.get(2).call(() -> end(third));
                end(lease);
            }
            actors.forEach(Actor::close);
        }
    }

    private static boolean end(Lease<Probe> lease) {
        lease.get().use();
        lease.done();
        lease.close();
        return true;
    }

    @EachThreadKind
    void lowerLimit_mustCloseIdleOnesNow_andLeasedOnesAtTheirEnd(ThreadKind kind) throws Exception {
        for (IdlePolicy whenIdle : new IdlePolicy[] {IdlePolicy.KEEP, IdlePolicy.LEND}) {
            try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
                    Actor first = new Actor(kind);
                    Actor second = new Actor(kind);
                    Actor third = new Actor(kind)) {
                Lease<Probe> one = first.call(pool::acquire);
                Lease<Probe> two = second.call(pool::acquire);
                Lease<Probe> idle = third.call(pool::acquire);
                third.call(() -> end(idle));
                int before = Probe.closed();
                pool.setLimit(1);
                assertThat(Probe.closed() - before)
                        .as("idle, under %s", whenIdle)
                        .isEqualTo(1);
                FutureTask<Boolean> waiting = third.beginAndWait(() -> pool.call(probe -> true));
                assertThat(pool.stats().leased()).isEqualTo(2);
                first.call(() -> end(one));
                second.call(() -> end(two));
                if (whenIdle == IdlePolicy.LEND) {
                    assertThat(Actor.get(waiting)).isTrue();
                } else { // the one that is left is reserved for its thread
                    assertThat(pool.evictIdle()).isEqualTo(1);
                    assertThat(Actor.get(waiting)).isTrue();
                }
                assertThat(pool.stats().open()).isEqualTo(1);
                assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.SURPLUS, 2L);
            }
        }
    }

    @Test
    void limitRaisedAgain_mustSpareWhatWasToGo() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build();
                Actor other = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> mine = pool.acquire();
            Lease<Probe> others = other.call(pool::acquire);
            pool.setLimit(1);
            pool.setLimit(2);
            end(mine);
            other.call(() -> end(others));
            assertThat(Probe.closed()).isZero();
        }
    }

    @Test
    void lowerLimit_mustNotCloseMoreThanTheSurplus_whereSomeGoAnyway() throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build();
                Actor second = new Actor(ThreadKind.PLATFORM);
                Actor third = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> a = pool.acquire();
            Lease<Probe> b = second.call(pool::acquire);
            Lease<Probe> c = third.call(pool::acquire);
            assertThat(pool.evict(info -> info.threadId() == Platform.id(third.thread())))
                    .isEqualTo(1);
            pool.setLimit(2);
            end(a);
            second.call(() -> end(b));
            third.call(() -> end(c));
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.EVICTED);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void raisedLimit_mustNotTakeBack_thatASurplusOneWasRefreshedMeanwhile(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
                Actor second = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> a = pool.acquire();
            Lease<Probe> b = second.call(pool::acquire);
            pool.setLimit(1); // one of the two is surplus
            assertThat(pool.refresh()).isEqualTo(2);
            pool.setLimit(2);
            end(a);
            second.call(() -> end(b));
            assertThat(pool.stats().closedByReason()).containsExactly(entry(CloseReason.REFRESHED, 2L));
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void idleTimeoutAndMaxAge_mustHoldForWhatIsOpenAlready(IdlePolicy whenIdle) {
        AtomicLong now = new AtomicLong(1);
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).clock(now::get).build()) {
            pool.run(Probe::use);
            pool.run(Probe::use);
            now.addAndGet(Duration.ofMinutes(1).toNanos());
            pool.setIdleTimeout(Duration.ofMinutes(10));
            pool.run(Probe::use);
            assertThat(Probe.opened()).isEqualTo(1);
            now.addAndGet(Duration.ofMinutes(11).toNanos());
            pool.run(Probe::use);
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.IDLE_TIMEOUT);
            now.addAndGet(Duration.ofMinutes(5).toNanos());
            pool.setMaxAge(Duration.ofMinutes(4));
            pool.run(Probe::use);
            assertThat(pool.stats().closedByReason()).containsEntry(CloseReason.MAX_AGE, 1L);
        }
    }

    @Test
    void idleOne_mustBeClosedByItself_afterSetIdleTimeout() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build()) {
            pool.run(Probe::use);
            pool.setIdleTimeout(Duration.ofMillis(5));
            Actor.until(() -> Probe.closed() == 1);
        }
    }

    @Test
    void setters_mustRefuse_whatTheBuilderWouldRefuse() {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.CLOSE).name("short").build()) {
            assertThatThrownBy(() -> pool.setIdleTimeout(Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("short: setIdleTimeout")
                    .hasMessageContaining("whenIdle(CLOSE)");
            assertThatThrownBy(() -> pool.setMaxAge(Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("setMaxAge");
            assertThatThrownBy(() -> pool.setLimit(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("limit must be 1 or more, but was 0");
            assertThatThrownBy(() -> pool.setAcquireTimeout(Duration.ofNanos(-1)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pool.setIdleTimeout(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pool.setMaxAge(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @EachThreadKind
    void setAcquireTimeout_mustHoldForAcquiresThatBeginLater(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.CLOSE).limit(1).build()) {
            Lease<Probe> lease = pool.acquire();
            pool.setAcquireTimeout(Duration.ZERO);
            kind.call(() -> {
                assertThatThrownBy(pool::acquire).isInstanceOf(AcquireTimeoutException.class);
                return null;
            });
            lease.close();
        }
    }
}
