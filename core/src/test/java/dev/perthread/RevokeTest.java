package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A lease is taken from its living owner. */
class RevokeTest {

    static Stream<Matrix> settings() {
        return Matrix.all().filter(matrix -> matrix.limit() == 1 && matrix.reentry() != ReentryPolicy.OPEN_NEW);
    }

    private static PerThread<Probe, RuntimeException> pool(Matrix matrix) {
        return matrix.<Probe, RuntimeException>builder(Probe::new).build();
    }

    @ParameterizedTest
    @MethodSource("settings")
    void loser_mustBeToldWhoDidIt_andCloseQuietly_andAcquireAgain(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool(matrix);
                Actor owner = new Actor(matrix.kind())) {
            Lease<Probe> lease = owner.call(pool::acquire);
            Probe probe = owner.call(lease::get);
            long id = pool.snapshot().get(0).id();
            assertThat(pool.revoke(id)).isTrue();
            assertThat(probe.isClosed()).isTrue();
            assertThat(pool.stats().open()).isZero();
            assertThat(pool.stats().closedByReason()).containsOnlyKeys(CloseReason.REVOKED);
            String me = Messages.of(Thread.currentThread());
            owner.call(() -> {
                assertThat(pool.isHeld()).isFalse();
                assertThatThrownBy(lease::get)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("revoked by " + me)
                        .hasMessageContaining(Messages.of(owner.thread()));
                assertThatThrownBy(lease::done).hasMessageContaining("revoked by " + me);
                assertThatThrownBy(lease::invalidate).hasMessageContaining("revoked by " + me);
                return null;
            });
            // Without closing its lease, even: that is the way out for a thread which has lost it.
            Lease<Probe> next = owner.call(pool::acquire);
            owner.call(() -> {
                lease.close();
                lease.close();
                assertThat(pool.isHeld()).isTrue();
                assertThat(next.get().isClosed()).isFalse();
                next.done();
                next.close();
                return null;
            });
            assertThat(Probe.opened()).isEqualTo(2);
            assertThat(pool.revoke(id)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void permit_mustGoToWhoWaits(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool(matrix);
                Actor owner = new Actor(matrix.kind());
                Actor other = new Actor(matrix.kind())) {
            Lease<Probe> lease = owner.call(pool::acquire);
            FutureTask<Integer> waiting = other.beginAndWait(() -> pool.call(Probe::number));
            Actor.until(() -> pool.stats().waiting() == 1);
            pool.revoke(pool.snapshot().get(0).id());
            assertThat(Actor.get(waiting)).isEqualTo(2);
            owner.call(() -> {
                lease.close();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void bodyOfCall_mustEndQuietly_whenItsLeaseWasRevoked(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = pool(matrix);
                Actor owner = new Actor(matrix.kind())) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            FutureTask<Integer> body = owner.begin(() -> pool.call(probe -> {
                begun.countDown();
                go.await();
                return probe.number();
            }));
            begun.await();
            assertThat(pool.revoke(pool.snapshot().get(0).id())).isTrue();
            go.countDown();
            assertThat(Actor.get(body)).isEqualTo(1);
            assertThat(owner.<Integer>call(() -> pool.call(Probe::number))).isEqualTo(2);
            assertThat(pool.stats().opened()).isEqualTo(2);
        }
    }

    @Test
    void revoke_mustAnswerFalse_forWhatIsIdleOrUnknown() {
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .build()) {
            assertThat(pool.revoke(1)).isFalse();
            pool.run(Probe::use);
            assertThat(pool.revoke(pool.snapshot().get(0).id())).isFalse();
            assertThat(pool.revoke(-1)).isFalse();
            assertThat(Probe.closed()).isZero();
        }
    }

    @Test
    void owner_mayRevokeItsOwnLease() {
        try (PerThread<Probe, RuntimeException> pool = PerThread.of(Probe::new)) {
            Lease<Probe> lease = pool.acquire();
            assertThat(pool.revoke(pool.snapshot().get(0).id())).isTrue();
            assertThatThrownBy(lease::get).hasMessageContaining("revoked");
            lease.close();
            pool.run(Probe::use);
            assertThat(ThreadKind.PLATFORM).isNotNull();
        }
    }
}
