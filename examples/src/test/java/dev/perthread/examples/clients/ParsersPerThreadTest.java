package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.ThreadStore;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.xml.sax.SAXException;

class ParsersPerThreadTest {
    private static void useAll(ParsersPerThread parsers, int i) throws Exception {
        String xml = "<root" + i + " id=\"a" + i + "\"/>";
        assertThat(parsers.root(xml)).isEqualTo("root" + i);
        assertThat(parsers.id(xml)).isEqualTo("a" + i);
        assertThat(parsers.sha256("abc")).isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(parsers.format(Date.from(Instant.ofEpochMilli(i))))
                .isEqualTo(String.format("1970-01-01T00:00:00.%03d", i));
    }

    @EachThreadKind
    void resultsOfVeryManyThreads_areTheirOwn(ThreadKind kind) throws Exception {
        try (ParsersPerThread parsers = new ParsersPerThread()) {
            kind.inParallel(kind == ThreadKind.PLATFORM ? 8 : 1000, i -> useAll(parsers, i));
            assertThatThrownBy(() -> parsers.root("<!DOCTYPE a><a/>")).isInstanceOf(SAXException.class);
            useAll(parsers, 7);
        }
    }

    @Test
    void resultsOnTheCommonPool_areTheirOwn() {
        try (ParsersPerThread parsers = new ParsersPerThread()) {
            assertThat(IntStream.range(0, 999).parallel().filter(i -> isRight(parsers, i)))
                    .hasSize(999);
        }
    }

    private static boolean isRight(ParsersPerThread parsers, int i) {
        try {
            useAll(parsers, i);
            return true;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The JDK may erase the thread-locals of a common-pool worker between two tasks; the values of a store stay. */
    @Test
    void workerOfTheCommonPool_keepsItsValue_fromTaskToTask() {
        AtomicInteger made = new AtomicInteger();
        try (ThreadStore<Object> store = ThreadStore.withInitial(() -> {
            made.incrementAndGet();
            return new Object();
        })) {
            for (int i = 0; i < 2_000; i++) {
                ForkJoinPool.commonPool().submit(store::get).join();
            }
            assertThat(made.get()).isBetween(1, ForkJoinPool.commonPool().getParallelism() + 5);
        }
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(ParsersPerThread::main, "<order id=\"a7\"/>")).isEqualTo("order a7\n");
    }
}
