package dev.perthread.flink;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.PerThread;
import dev.perthread.net.LazyConnection;
import dev.perthread.ref.LazyConnectionRef;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import dev.perthread.testkit.CountingServer;
import dev.perthread.testkit.CountingServer.Visit;
import dev.perthread.testkit.NothingLeftBehind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import job.Counting;
import job.Kept;
import job.Lazy;
import job.Left;
import job.Noted;
import job.Waiting;
import lib.Loaders;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.CloseableIterator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** References in jobs on a task manager that is a process; each job has a class loader of its own there. */
@Tag(NothingLeftBehind.TOOLS_STAY)
class FlinkJobsTest {
    @TempDir
    static Path directory;

    private static CountingServer server;
    private static Cluster cluster;
    private static Path jobs; // the project's jars are where Flink's are
    private static List<Path> own; // or come with the job, which then has classes of its own

    @BeforeAll
    static void start() throws IOException {
        server = CountingServer.start();
        jobs = Jars.of(directory.resolve("jobs.jar"), Counting.class, "job/");
        own = Stream.of(
                        JobResources.class,
                        PerThreadRef.class,
                        PerThread.class,
                        LazyConnection.class,
                        CountedClient.class)
                .map(FlinkJobsTest::jar)
                .toList();
        cluster = Cluster.start(directory, Jars.of(directory.resolve("lib.jar"), Loaders.class, "lib/"));
        cluster.awaitReady();
    }

    private static Path jar(Class<?> type) {
        try {
            Path file = directory.resolve(type.getSimpleName() + ".jar");
            return Files.isDirectory(Jars.origin(type)) ? Jars.of(file, type, "") : Jars.origin(type);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
        server.close();
    }

    private static PerThreadRef<CountedClient, IOException> kept(String id, String word) {
        return Kept.client(server.port(), id, word);
    }

    private static DataStream<String> job(int count, MapFunction<Long, String> function, List<Path> further) {
        Path[] jars = Stream.concat(Stream.of(jobs), further.stream()).toArray(Path[]::new);
        StreamExecutionEnvironment environment = cluster.jobs(jars);
        return environment.fromSequence(1, count).map(function);
    }

    private static List<String> run(int count, MapFunction<Long, String> function, List<Path> further)
            throws Exception {
        try (CloseableIterator<String> results = job(count, function, further).executeAndCollect()) {
            List<String> all = new java.util.ArrayList<>();
            results.forEachRemaining(all::add);
            return all;
        }
    }

    private static List<String> who(String word) {
        return server.visits(word).stream().map(Visit::who).sorted().toList();
    }

    @Test
    void everySubtaskHasOneConnectionWhichIsClosedPolitelyWithIt() throws Exception {
        List<String> threads = run(400, new Noted(kept("counted", "counted")), List.of());
        assertThat(threads).hasSize(400);
        assertThat(who("counted"))
                .isEqualTo(threads.stream()
                        .map(who -> "counted " + who)
                        .distinct()
                        .sorted()
                        .toList())
                .hasSize(2);
        Awaitility.await().until(() -> server.open("counted") == 0);
        assertThat(server.visits("counted")).allMatch(Visit::polite);
        assertNothingLeft("counted");
    }

    private static void assertNothingLeft(String id) throws Exception {
        assertThat(run(1, new Left(id), List.of())).containsExactly("0 of some");
    }

    @Test
    void aJobThatEndsClosesItsOwnAndNotWhatAnotherOneHasUnderTheSameId() throws Exception {
        Path gate = directory.resolve("gate");
        try (CloseableIterator<String> waiting = job(
                        2, new Waiting(kept("shared", "waiting"), gate.toString()), List.of())
                .executeAndCollect()) {
            Awaitility.await().until(() -> server.open("waiting") == 2);
            Path open = Files.createFile(directory.resolve("open"));
            assertThat(run(100, new Waiting(kept("shared", "passing"), open.toString()), List.of()))
                    .hasSize(100);
            Awaitility.await().until(() -> server.open("passing") == 0);
            assertThat(server.visits("passing")).hasSize(2).allMatch(Visit::polite);
            assertThat(server.visits("waiting")).hasSize(2).noneMatch(Visit::ended);
            Files.createFile(gate);
            waiting.forEachRemaining(any -> {});
        }
        Awaitility.await().until(() -> server.open("waiting") == 0);
        assertThat(server.visits("waiting")).allMatch(Visit::polite);
        assertNothingLeft("shared");
    }

    @Test
    void aJobThatBringsTheLibraryItselfLeavesNothingEither() throws Exception {
        assertThat(run(100, new Noted(kept("own", "own")), own)).hasSize(100);
        Awaitility.await().until(() -> server.open("own") == 0);
        assertThat(server.visits("own")).hasSize(2).allMatch(Visit::polite);
        assertNothingLeft("own");
    }

    @Test
    void aLazyConnectionTravelsAndIsClosedWhenTheJobEnds() throws Exception {
        LazyConnectionRef ref = LazyConnectionRef.to("lazy", "tcp://127.0.0.1:" + server.port() + "?whenIdle=lend");
        assertThat(run(100, new Lazy(ref), List.of())).hasSize(100);
        assertThat(server.visits("lazy")).hasSizeBetween(1, 2);
        // Lent ones are nobody's own: nothing but the end of the job ends them.
        Awaitility.await().until(() -> server.open("lazy") == 0);
        assertNothingLeft("lazy");
    }
}
