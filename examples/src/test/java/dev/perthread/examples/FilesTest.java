package dev.perthread.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples with files do what they say, on every kind of thread, and leave no file open. */
class FilesTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    /** The descriptors of files in the directory; on Linux only, elsewhere none. */
    private long open() throws Exception {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(descriptors)) {
            return all.filter(one -> {
                        try {
                            return Files.readSymbolicLink(one).startsWith(directory.toRealPath());
                        } catch (java.io.IOException closedMeanwhile) {
                            return false;
                        }
                    })
                    .count();
        }
    }

    @Test
    void severalThreadsCountTheLinesOfOneFileAtPositionsOfTheirOwn() throws Exception {
        Path file = directory.resolve("large");
        Files.writeString(file, "a line of some length\n".repeat(200_000)); // 4.4 MB, 17 pieces
        try (LineCount count = new LineCount(file)) {
            assertThat(count.count(4)).isEqualTo(200_000);
            assertThat(count.count(4)).isEqualTo(200_000);
            assertThat(count.opened()).isBetween(1L, 8L);
        }
        assertThat(open()).isZero();
        assertThat(Printed.by(LineCount::main, file.toString())).startsWith("200000 lines, by 4 threads with ");
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void recordsAreNeverMixedUp(ThreadKind kind) throws Exception {
        try (Records records = new Records(directory.resolve("records"))) {
            kind.inParallel(32, thread -> {
                for (int i = 0; i < 50; i++) {
                    int number = 50 * thread + i;
                    records.write(number, Records.record(number));
                    assertThat(records.read(number)).isEqualTo(Records.record(number));
                }
            });
            for (int number = 0; number < 32 * 50; number++) {
                assertThat(records.read(number)).isEqualTo(Records.record(number));
            }
            assertThat(records.opened()).isBetween(1L, 8L);
            assertThatThrownBy(() -> records.write(0, new byte[1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the record must have 32 bytes, but has 1");
            assertThatThrownBy(() -> records.read(5000)).isInstanceOf(java.io.EOFException.class);
            assertThat(records.read(7)).isEqualTo(Records.record(7));
        }
        assertThat(open()).isZero();
    }

    @Test
    void theProgramWithRecords() throws Exception {
        assertThat(Printed.by(Records::main, directory.resolve("records").toString()))
                .containsPattern("^number 500 is: record 500\n1000 written, with [1-8] open files at most\n$");
    }

    @Test
    void aLogFileHasTheLinesOfItsThreadOnlyAndIsWholeWhenThatHasEnded() throws Exception {
        try (ThreadLog log = new ThreadLog(directory)) {
            ThreadKind.PLATFORM.inParallel(4, i -> {
                Thread.currentThread().setName("thread-" + i);
                for (int line = 0; line < 1000; line++) {
                    log.log("thread-" + i);
                }
            });
            // The threads have ended, and nobody has closed the log.
            Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> log.open() == 0);
            for (int i = 0; i < 4; i++) {
                List<String> lines = Files.readAllLines(directory.resolve("thread-" + i + ".log"));
                assertThat(lines).isEqualTo(Collections.nCopies(1000, "thread-" + i));
            }
            assertThat(open()).isZero();
        }
    }

    @Test
    void theProgramWithLogs() throws Exception {
        String[] lines = Printed.by(ThreadLog::main, directory.resolve("logs").toString())
                .split("\n");
        assertThat(Arrays.asList(lines))
                .containsExactly("worker-0.log: 100 lines", "worker-1.log: 100 lines", "worker-2.log: 100 lines");
    }
}
