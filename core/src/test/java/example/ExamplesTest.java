package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import dev.perthread.ThreadStore;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples of the javadoc, compiled and run. */
class ExamplesTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource(KINDS)
    void aResourceForEachScope(ThreadKind kind) throws Exception {
        Path path = Files.writeString(directory.resolve("lines"), "first\nsecond\n");
        // @start region=scope
        PerThread<RandomAccessFile, IOException> shared = PerThread.of(() -> new RandomAccessFile(path.toFile(), "r"));
        // in any thread:
        try (Lease<RandomAccessFile> lease = shared.acquire()) { // opened here, for this thread alone
            lease.get().readLine();
        } // closed here
        // @end
        kind.inParallel(
                4,
                i -> assertThat(shared.<String, IOException>call(RandomAccessFile::readLine))
                        .isEqualTo("first"));
        assertThat(shared.stats().closed()).isEqualTo(5);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aLeaseThatIsDoneIsReused(ThreadKind kind) throws Exception {
        Path path = Files.writeString(directory.resolve("lines"), "first\nsecond\n");
        PerThread<RandomAccessFile, IOException> shared = PerThread.<RandomAccessFile, IOException>builder(
                        () -> new RandomAccessFile(path.toFile(), "r"))
                .whenIdle(IdlePolicy.KEEP)
                .build();
        try (shared) {
            kind.inParallel(1, i -> {
                for (int use = 0; use < 3; use++) {
                    // @start region=done
                    try (Lease<RandomAccessFile> lease = shared.acquire()) {
                        lease.get().readLine();
                        lease.done(); // reached only if nothing was thrown: the file may be used again
                    }
                    // @end
                }
            });
            assertThat(shared.stats().opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void lentAmongManyThreads(ThreadKind kind) throws Exception {
        Path path = Files.writeString(directory.resolve("lines"), "first\nsecond\n");
        // @start region=lend
        PerThread<RandomAccessFile, IOException> shared = PerThread.<RandomAccessFile, IOException>builder(
                        () -> new RandomAccessFile(path.toFile(), "r"))
                .name("index")
                .whenIdle(IdlePolicy.LEND)
                .reuse(ReusePolicy.UNLESS_INVALIDATED) // stays open, for whoever comes next
                .limit(8) // threads wait in order of arrival
                .idleTimeout(Duration.ofMinutes(1))
                .build();
        // @end
        try (shared) {
            kind.inParallel(100, i -> {
                String line = shared.<String, IOException>call(file -> {
                    file.seek(0);
                    return file.readLine();
                });
                assertThat(line).isEqualTo("first");
            });
            assertThat(shared.stats().opened()).isBetween(1L, 8L);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aValueForEachThread(ThreadKind kind) throws Exception {
        // @start region=store
        ThreadStore<AtomicInteger> counters = ThreadStore.withInitial(AtomicInteger::new);
        // in any thread:
        counters.get().incrementAndGet();
        // anywhere:
        AtomicInteger sum = new AtomicInteger();
        counters.forEach((thread, count) -> sum.addAndGet(count.get()));
        // @end
        assertThat(sum).hasValue(1);
        kind.call(counters::get);
        counters.close();
    }
}
