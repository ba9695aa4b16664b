package dev.perthread.examples.clients;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.Opener;
import dev.perthread.PerThread;
import dev.perthread.ThreadStore;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
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

    /** Eight threads that live on, and a component that is closed; what it made is garbage, or is not. */
    @Test
    void valuesOfLivingThreads_areDroppedByClose_andKeptByAThreadLocal() throws Exception {
        assertThat(left(() -> {
                    ThreadStore<byte[]> store = ThreadStore.withInitial(() -> new byte[100_000]);
                    return new Values(store::get, store::close);
                }))
                .isZero();
        assertThat(left(() -> {
                    @SuppressWarnings("ThreadLocalUsage") // one per component
                    ThreadLocal<byte[]> values = ThreadLocal.withInitial(() -> new byte[100_000]);
                    return new Values(values::get, () -> {});
                }))
                .isEqualTo(8);
    }

    private record Values(Supplier<byte[]> value, Runnable close) {}

    /** How many of eight values the collector finds in use, when their component is closed and forgotten. */
    private static long left(Supplier<Values> component) throws Exception {
        AtomicReference<@Nullable Values> values = new AtomicReference<>(component.get());
        Queue<WeakReference<byte[]>> made = new ConcurrentLinkedQueue<>();
        CountDownLatch used = new CountDownLatch(8);
        CountDownLatch counted = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(ThreadKind.PLATFORM.start(() -> {
                use(values, made);
                used.countDown();
                await(counted);
            }));
        }
        await(used);
        requireNonNull(values.getAndSet(null)).close().run();
        long left = 8;
        for (int i = 0; i < 5 && left > 0; i++) {
            System.gc();
            left = made.stream().filter(value -> value.get() != null).count();
        }
        counted.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        return left;
    }

    /** In a method of its own, so that nothing of it is left on the stack. */
    private static void use(AtomicReference<@Nullable Values> values, Queue<WeakReference<byte[]>> made) {
        made.add(new WeakReference<>(requireNonNull(values.get()).value().get()));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Goes to the file of figures. A value per thread is one per task where each task has a virtual thread. */
    @EachThreadKind
    void parsers_areMadeOncePerThread_orAtMostEightInAPool(ThreadKind kind) throws Exception {
        int threads = kind == ThreadKind.PLATFORM ? 8 : 1000;
        AtomicInteger made = new AtomicInteger();
        Opener<DocumentBuilder, Exception> opener = () -> {
            made.incrementAndGet();
            return DocumentBuilderFactory.newInstance().newDocumentBuilder();
        };
        Map<String, Integer> byThreads = new LinkedHashMap<>();
        Map<String, Integer> byTasks = new LinkedHashMap<>();
        for (Map.Entry<String, Supplier<Way>> each : ways(opener).entrySet()) {
            try (Way way = each.getValue().get()) {
                kind.inParallel(threads, i -> way.use());
            }
            byThreads.put(each.getKey(), made.getAndSet(0));
            try (Way way = each.getValue().get()) {
                for (int i = 0; i < 2_000; i++) {
                    ForkJoinPool.commonPool().submit(() -> use(way)).join();
                }
            }
            byTasks.put(each.getKey(), made.getAndSet(0));
        }
        Comparison.write(String.format(
                "| DocumentBuilder | made by %d %s threads %s, by 2000 tasks of the common pool %s | Java %s |%n",
                threads, kind, byThreads, byTasks, Runtime.version().feature()));
        assertThat(byThreads.get("ThreadStore")).isEqualTo(threads);
        assertThat(byThreads.get("PerThread")).isBetween(1, 8);
        assertThat(byTasks.get("ThreadStore"))
                .isBetween(1, ForkJoinPool.commonPool().getParallelism() + 5);
    }

    private static void use(Way way) {
        try {
            way.use();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Map<String, Supplier<Way>> ways(Opener<DocumentBuilder, Exception> opener) {
        Map<String, Supplier<Way>> ways = new LinkedHashMap<>();
        ways.put("ThreadStore", () -> new Way() {
            private final ThreadStore<DocumentBuilder> parsers = ThreadStore.create();

            @Override
            public void use() throws Exception {
                parsers.getOrOpen(opener).reset();
            }

            @Override
            public void close() {
                parsers.close();
            }
        });
        ways.put("PerThread", () -> new Way() {
            private final PerThread<DocumentBuilder, Exception> parsers = PerThread.<DocumentBuilder, Exception>builder(
                            opener, Closer.none())
                    .whenIdle(IdlePolicy.LEND)
                    .limit(8)
                    .build();

            @Override
            public void use() throws Exception {
                parsers.run(DocumentBuilder::reset);
            }

            @Override
            public void close() {
                parsers.close();
            }
        });
        ways.put("ThreadLocal", () -> new ThreadLocalWay<>(opener, DocumentBuilder::reset));
        ways.put("commons-pool2", () -> new CommonsPoolWay<>(opener, Closer.none(), DocumentBuilder::reset));
        return ways;
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(ParsersPerThread::main, "<order id=\"a7\"/>")).isEqualTo("order a7\n");
    }
}
