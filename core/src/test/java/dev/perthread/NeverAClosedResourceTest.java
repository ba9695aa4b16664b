package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 3: no call returns a resource that was closed; a stale lease throws; a second close does nothing. */
class NeverAClosedResourceTest {

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void aStaleLeaseThrowsAndClosesNothing(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build()) {
            matrix.kind().call(() -> {
                Lease<Probe> old = pool.acquire();
                old.close();
                old.close();
                assertThatThrownBy(old::get).isInstanceOf(IllegalStateException.class);
                try (Lease<Probe> now = pool.acquire()) {
                    old.close();
                    assertThatThrownBy(old::get).isInstanceOf(IllegalStateException.class);
                    assertThatThrownBy(old::invalidate).isInstanceOf(IllegalStateException.class);
                    assertThat(pool.isHeld()).isTrue();
                    assertThat(now.get().isClosed()).isFalse();
                }
                assertThat(pool.isHeld()).isFalse();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource("dev.perthread.Matrix#keeping")
    void evictingWhileOthersAcquireNeverHandsOutAClosedOne(Matrix matrix) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build()) {
            AtomicBoolean stop = new AtomicBoolean();
            matrix.kind().inParallel(4, i -> {
                for (int round = 0; round < 300 && !stop.get(); round++) {
                    if (i == 0) {
                        pool.evictIdle();
                        pool.snapshot();
                    } else {
                        pool.run(Probe::use);
                        if (matrix.limit() != Matrix.NONE) {
                            pool.release();
                        }
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("dev.perthread.Matrix#keeping")
    void nothingIsHandedOutOnceCloseHasReturnedEvenIfItWasJustBeingChecked(Matrix matrix) throws Exception {
        CountDownLatch checking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        PerThread<Object, RuntimeException> pool = matrix.<Object, RuntimeException>builder(Object::new, Closer.none())
                .check(resource -> {
                    checking.countDown();
                    goOn.await();
                    return true;
                })
                .build();
        try (Actor user = new Actor(matrix.kind())) {
            user.call(() -> pool.call(resource -> resource));
            FutureTask<Lease<Object>> acquiring = user.begin(pool::acquire);
            checking.await();
            pool.close(Duration.ZERO);
            goOn.countDown();
            assertThatThrownBy(() -> Actor.get(acquiring))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            assertThat(user.call(pool::isHeld)).isFalse();
        }
        assertThat(pool.stats().open()).isZero();
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void whatIsOpenedWhileTheHolderClosesIsClosedAndNotHandedOut(Matrix matrix) throws Exception {
        CountDownLatch opening = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, InterruptedException> pool = matrix.<Probe, InterruptedException>builder(() -> {
                    opening.countDown();
                    goOn.await();
                    return new Probe();
                })
                .listener(journal)
                .build();
        try (Actor user = new Actor(matrix.kind())) {
            FutureTask<Lease<Probe>> acquiring = user.begin(pool::acquire);
            opening.await();
            assertThat(pool.close(Duration.ZERO)).isEqualTo(new CloseReport(0, 0, java.util.List.of()));
            goOn.countDown();
            assertThatThrownBy(() -> Actor.get(acquiring)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(journal.take()).containsExactly("opened 1", "closed 1 HOLDER_CLOSED");
        assertThat(pool.stats().acquired()).isZero();
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void aLeaseClosedByForceThrowsAndItsCloseDoesNothing(Matrix matrix) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                matrix.<Probe, RuntimeException>builder(Probe::new).build();
        try (Actor user = new Actor(matrix.kind())) {
            Lease<Probe> lease = user.call(pool::acquire);
            pool.close(Duration.ZERO);
            user.call(() -> {
                assertThatThrownBy(lease::get).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(lease::invalidate).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(pool::acquire).isInstanceOf(IllegalStateException.class);
                lease.close();
                lease.close();
                return null;
            });
        }
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(pool.stats().closed()).isEqualTo(1);
        assertThat(pool.snapshot()).isEmpty();
    }
}
