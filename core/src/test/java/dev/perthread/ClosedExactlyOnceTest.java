package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 1: every resource opened is closed exactly once, for one reason, and never under its user. */
class ClosedExactlyOnceTest {
    private static final RandomOperations.Extras EXTRAS = new RandomOperations.Extras(true, true, true, false);

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void whateverManyThreadsDoAtOnce(Matrix matrix) throws Exception {
        RecordingListener journal = new RecordingListener();
        RandomOperations storm = new RandomOperations(matrix, EXTRAS, 7, journal, false);
        assertThat(storm.run(4, 150)).isEmpty();
        Actor.until(() -> journal.count("close") == storm.opened.get()); // told after it was counted
        Map<Long, List<String>> events = journal.byResource();
        assertThat(events).hasSize(storm.opened.get());
        events.forEach((id, lines) -> {
            assertThat(lines.get(0)).as("resource %s: %s", id, lines).isEqualTo("opened");
            assertThat(lines.stream().filter(line -> line.startsWith("close")))
                    .as("resource %s: %s", id, lines)
                    .hasSize(1);
            assertThat(lines.get(lines.size() - 1)).as("last: %s", lines).startsWith("close");
        });
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void alsoWhenTheHolderClosesInTheMidstOfIt(Matrix matrix) throws Exception {
        assertThat(new RandomOperations(matrix, EXTRAS, 11, null, true).run(4, 150))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void underItsUserOnlyByForceAndThenForThatReason(Matrix matrix) throws Exception {
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = matrix.<Probe, RuntimeException>builder(Probe::new)
                .listener(journal)
                .build();
        try (Actor user = new Actor(matrix.kind())) {
            Lease<Probe> lease = user.call(pool::acquire);
            assertThat(pool.evictIdle()).isZero();
            assertThat(pool.reap()).isZero();
            assertThat(user.call(pool::release)).isFalse();
            assertThat(Probe.closed()).isZero();
            CloseReport report = pool.close(Duration.ZERO);
            assertThat(report.closed()).isEqualTo(1);
            assertThat(report.forced()).isEqualTo(1);
            user.call(() -> {
                lease.close();
                return null;
            });
        }
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(journal.take()).containsExactly("opened 1", "acquired 1", "closed 1 FORCED");
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void alsoWhenItsThreadEndsInsideTheScope(Matrix matrix) throws Exception {
        LogLines.expect("ended without closing its lease");
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = matrix.<Probe, RuntimeException>builder(Probe::new)
                .listener(journal)
                .build();
        matrix.kind().call(() -> {
            for (int i = 0; i < matrix.depth(); i++) {
                pool.acquire();
            }
            return null;
        });
        Actor.until(() -> pool.stats().open() == 0 && Probe.closed() == Probe.opened());
        pool.close();
        int opens = matrix.reentry() == ReentryPolicy.OPEN_NEW ? matrix.depth() : 1;
        assertThat(Probe.opened()).isEqualTo(opens);
        Actor.until(() -> journal.leaks.size() == opens);
        assertThat(pool.stats().leaked()).isEqualTo(opens);
        assertThat(pool.stats().reclaimed()).isEqualTo(opens);
    }
}
