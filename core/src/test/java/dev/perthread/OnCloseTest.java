package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OnCloseTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private final PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
            .whenIdle(IdlePolicy.KEEP)
            .name("orders")
            .build();

    @ParameterizedTest
    @MethodSource(KINDS)
    void actionRunsOnce_afterTheLastResourceIsClosed_inTheClosingThread(ThreadKind kind) throws Exception {
        List<String> ran = new ArrayList<>();
        kind.call(() -> {
            Thread closing = Thread.currentThread();
            pool.onClose(() -> ran.add(pool.stats().open() + " open, " + (Thread.currentThread() == closing)));
            pool.run(Probe::use);
            assertThat(ran).isEmpty();
            pool.close(Duration.ZERO);
            pool.close(Duration.ZERO);
            return null;
        });
        assertThat(ran).containsExactly("0 open, true");
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void actionRunsAtOnce_whenThePoolIsClosedAlready(ThreadKind kind) throws Exception {
        pool.close();
        List<String> ran = new ArrayList<>();
        kind.call(() -> {
            Thread calling = Thread.currentThread();
            pool.onClose(() -> ran.add("in the calling thread: " + (Thread.currentThread() == calling)));
            return null;
        });
        assertThat(ran).containsExactly("in the calling thread: true");
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void actionThatThrows_isLogged_andTheOthersRun(ThreadKind kind) throws Exception {
        LogLines.expect("orders: an action of onClose failed");
        List<String> ran = new ArrayList<>();
        pool.onClose(() -> {
            throw new IllegalStateException("on purpose");
        });
        pool.onClose(() -> ran.add("second"));
        assertThat(kind.<CloseReport>call(() -> pool.close(Duration.ZERO)).failures())
                .isEmpty();
        assertThat(ran).containsExactly("second");
    }
}
