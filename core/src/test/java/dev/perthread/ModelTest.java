package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.ThreadKind;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** 200,000 random operations by 16 threads never leave what the contract allows. Repeat with -Dperthread.seed=… */
class ModelTest {
    private static final List<IdlePolicy> IDLE = List.of(IdlePolicy.values());
    private static final List<ReentryPolicy> REENTRY = List.of(ReentryPolicy.values());
    private static final int THREADS = 16;
    private static final int EACH = 125;
    private static final int ROUNDS = 100;

    @Test
    void randomOperationsStayWithinTheContract() throws Exception {
        long seed = Long.getLong("perthread.seed", System.nanoTime());
        Random random = new Random(seed);
        long operations = 0;
        long opens = 0;
        long closes = 0;
        int peak = 0;
        int peakLimited = 0;
        List<ThreadKind> kinds = ThreadKind.available().toList();
        for (int round = 0; round < ROUNDS; round++) {
            Matrix matrix = new Matrix(
                    IDLE.get(random.nextInt(3)),
                    REENTRY.get(random.nextInt(3)),
                    new int[] {Matrix.NONE, 1, 3, 8}[random.nextInt(4)],
                    kinds.get(random.nextInt(kinds.size())));
            RecordingListener journal = random.nextBoolean() ? new RecordingListener() : null;
            RandomOperations storm = new RandomOperations(
                    matrix, RandomOperations.Extras.random(random), random.nextLong(), journal, random.nextInt(4) == 0);
            assertThat(storm.run(THREADS, EACH)).as("-Dperthread.seed=" + seed).isEmpty();
            operations += storm.operations.get();
            opens += storm.opened.get();
            closes += storm.closed.get();
            peak = Math.max(peak, storm.peak.get());
            peakLimited = matrix.limit() == 8 ? Math.max(peakLimited, storm.peak.get()) : peakLimited;
        }
        assertThat(operations).isEqualTo((long) THREADS * EACH * ROUNDS);
        assertThat(opens).isEqualTo(closes);
        System.out.printf(
                "model: %,d operations, %,d opens, %,d closes, peak open %d (%d under a limit of 8), seed %d%n",
                operations, opens, closes, peak, peakLimited, seed);
    }
}
