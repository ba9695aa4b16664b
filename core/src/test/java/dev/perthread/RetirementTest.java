package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

/** Resources that are not reused although their pool keeps them, and pools that give out fewer than they did. */
class RetirementTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).whenIdle(whenIdle);
    }

    /** Ends a lease as its user should, in the thread that has it. */
    private static boolean done(Lease<Probe> lease) {
        lease.done();
        lease.close();
        return true;
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void aLease_mustBeDeclaredDone_orItsResourceIsClosed(IdlePolicy whenIdle) {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).listener(journal).build()) {
            try (Lease<Probe> lease = pool.acquire()) {
                lease.get().use();
            }
            assertThat(journal.take()).containsExactly("opened 1", "acquired 1", "released 1", "closed 1 NOT_DONE");
            done(pool.acquire());
            done(pool.acquire());
            assertThat(Probe.opened()).isEqualTo(2);
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void refresh_closesALeasedOne_whenItsLeaseEnds(IdlePolicy whenIdle) {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).listener(journal).build()) {
            Lease<Probe> before = pool.acquire();
            assertThat(pool.refresh()).isEqualTo(1);
            before.get().use();
            done(before);
            assertThat(journal.take()).containsExactly("opened 1", "acquired 1", "released 1", "closed 1 REFRESHED");
            done(pool.acquire());
            assertThat(Probe.opened()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLoweredLimit_closesALeasedOneAboveIt_whenItsLeaseEnds(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.LEND).limit(2).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            pool.setLimit(1);
            assertThat(Probe.closed()).isZero();
            first.call(() -> done(a));
            second.call(() -> done(b));
            assertThat(Probe.closed()).isEqualTo(1);
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void anAcquireWhileThePoolIsSuspended_waits_andIsServedWhenItResumes(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.KEEP).limit(2).build();
                Actor user = new Actor(kind)) {
            user.call(() -> done(pool.acquire()));
            assertThat(pool.suspend(Duration.ZERO).closed()).isEqualTo(1);
            assertThat(user.call(pool::tryAcquire)).isEmpty();
            FutureTask<Lease<Probe>> waiting = user.beginAndWait(pool::acquire);
            assertThat(waiting.isDone()).isFalse();
            assertThat(Probe.opened()).isEqualTo(1);
            pool.resume();
            Lease<Probe> served = Actor.get(waiting);
            user.call(() -> done(served));
            assertThat(Probe.opened()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void anAcquire_isRefusedAtOnce_whenMaxWaitingThreadsWait(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.LEND).limit(1).maxWaiting(1).build();
                Actor holding = new Actor(kind);
                Actor waiting = new Actor(kind);
                Actor refused = new Actor(kind)) {
            Lease<Probe> lease = holding.call(pool::acquire);
            FutureTask<Lease<Probe>> first = waiting.beginAndWait(pool::acquire);
            assertThatThrownBy(() -> refused.call(() -> pool.acquire(Duration.ofSeconds(1))))
                    .isInstanceOf(AcquireRefusedException.class)
                    .hasMessageContaining("1 threads wait already");
            holding.call(() -> done(lease));
            Lease<Probe> served = Actor.get(first);
            waiting.call(() -> done(served));
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void aCloserThatIsStuck_isWaitedFor_noLongerThanTheCloserTimeout(IdlePolicy whenIdle) {
        CountDownLatch stuck = new CountDownLatch(1);
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new, probe -> {
                    stuck.await();
                    probe.close();
                })
                .whenIdle(whenIdle)
                .closerTimeout(Duration.ofMillis(20))
                .build();
        done(pool.acquire());
        assertThat(pool.evictIdle()).isEqualTo(1);
        assertThat(Probe.closed()).isZero();
        List<Throwable> failures = pool.close(Duration.ZERO).failures();
        stuck.countDown();
        Actor.until(() -> pool.stats().closed() == 1);
        assertThat(failures).isEmpty(); // the resource was not the close's to close
    }
}
