package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The recipe: opened by acquire, closed by close, one a thread, entering twice refused. */
class ScopeTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @Test
    void runsOnTheJdkThatThisRunIsFor() {
        int feature = Runtime.version().feature();
        if (System.getProperty("perthread.test.jdk", "").equals("17")) {
            assertThat(feature).isEqualTo(17);
        } else {
            assertThat(feature).isGreaterThanOrEqualTo(21);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void eachThreadGetsItsOwnResourceAndItIsClosedWithTheScope(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> shared = PerThread.of(Probe::new);
        assertThat(Probe.opened()).isZero();
        CyclicBarrier inside = new CyclicBarrier(2);
        kind.inParallel(2, i -> {
            Probe mine;
            try (Lease<Probe> lease = shared.acquire()) {
                mine = lease.get();
                assertThat(mine.opener()).isSameAs(Thread.currentThread());
                inside.await();
                mine.use();
                inside.await();
            }
            assertThat(mine.isClosed()).isTrue();
        });
        assertThat(Probe.opened()).isEqualTo(2);
        assertThat(Probe.peak()).isEqualTo(2);
        assertThat(Probe.closed()).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void enteringTwiceIsRefusedAndHarmsNothing(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> shared = PerThread.of(Probe::new);
        kind.call(() -> {
            try (Lease<Probe> lease = shared.acquire()) {
                assertThatThrownBy(shared::acquire)
                        .isInstanceOf(ReentryException.class)
                        .hasMessageContaining("already holds a lease");
                lease.get().use();
            }
            try (Lease<Probe> again = shared.acquire()) {
                again.get().use();
            }
            return null;
        });
        assertThat(Probe.opened()).isEqualTo(2);
    }

    @Test
    void aFailedOpenLeavesTheThreadAbleToGoOn() throws Exception {
        boolean[] fail = {true};
        PerThread<Probe, IOException> shared = PerThread.of(() -> {
            if (fail[0]) {
                throw new IOException("no route");
            }
            return new Probe();
        });
        assertThatThrownBy(shared::acquire).isInstanceOf(IOException.class).hasMessage("no route");
        assertThat(shared.isHeld()).isFalse();
        fail[0] = false;
        shared.run(Probe::use);
        assertThat(shared.stats().openFailures()).isEqualTo(1);
    }
}
