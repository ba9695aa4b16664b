package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads and log handlers that throw where nobody expects it cost no resource either. */
class HostileEnvironmentTest {

    /** Its id cannot be had. Java 17 has no other way to ask for it. */
    private static final class Nameless extends Thread {
        Nameless(Runnable task) {
            super(task, "nameless");
        }

        @Override
        @SuppressWarnings("deprecation")
        public long getId() {
            throw new IllegalStateException("getId() fails, on purpose");
        }

        static void runs(Runnable task) throws InterruptedException {
            Thread thread = new Nameless(task);
            thread.start();
            thread.join();
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void aThreadWhoseIdCannotBeHadUsesItLikeAnyOther(IdlePolicy whenIdle) throws Exception {
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reusing()
                .limit(1)
                .trace(true)
                .listener(journal)
                .build();
        Nameless.runs(() -> {
            try (Lease<Probe> lease = pool.acquire()) {
                lease.get().use();
                assertThat(pool.snapshot()).hasSize(1);
                assertThatThrownBy(pool::acquire).isInstanceOf(ReentryException.class);
            }
            pool.run(Probe::use);
        });
        try (Lease<Probe> lease = pool.acquire(Duration.ofSeconds(5))) {
            lease.get().use();
        }
        pool.close();
        assertThat(Probe.opened()).isEqualTo(Probe.closed());
        assertThat(journal.count("acquired")).isEqualTo(3);
    }

    @Test
    void itsLeakIsReclaimedLikeAnyOther() throws Exception {
        LogLines.expect("ended without closing its lease");
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .listener(journal)
                .build();
        Nameless.runs(pool::acquire);
        Actor.until(() -> pool.stats().open() == 0);
        assertThat(Probe.closed()).isEqualTo(1);
        Actor.until(() -> journal.leaks.size() == 1);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLogHandlerThatFailsWhileALeakIsReportedLosesNothing(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        LogLines.fail();
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .limit(1)
                .listener(journal)
                .build();
        kind.call(pool::acquire);
        Actor.until(() -> Probe.closed() == 1);
        pool.run(Probe::use);
        assertThat(pool.stats().leaked()).isEqualTo(1);
        assertThat(pool.stats().open()).isZero();
    }

    @Test
    void aLogHandlerThatFailsWhileAListenersFailureIsReportedLosesNothing() {
        LogLines.expect("its listener");
        LogLines.fail();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .limit(1)
                .listener(new Listener() {
                    @Override
                    public void opened(ResourceInfo resource) {
                        throw new IllegalStateException("listener");
                    }
                })
                .build();
        for (int i = 0; i < 3; i++) {
            pool.run(Probe::use);
        }
        assertThat(Probe.opened()).isEqualTo(3);
        assertThat(List.of(pool.stats().open(), pool.stats().opening())).containsOnly(0);
    }
}
