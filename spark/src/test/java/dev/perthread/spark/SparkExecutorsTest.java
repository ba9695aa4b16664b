package dev.perthread.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.IdlePolicy;
import dev.perthread.net.Connection;
import dev.perthread.ref.KeyedPerThreadRef;
import dev.perthread.ref.LazyConnectionRef;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import dev.perthread.testkit.CountingServer;
import dev.perthread.testkit.CountingServer.Visit;
import dev.perthread.testkit.NothingLeftBehind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.JobArtifactSet$;
import org.apache.spark.JobArtifactState;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/** References on executors that are processes, with Kryo as serializer. One cluster for all; the last test breaks it. */
@Tag(NothingLeftBehind.TOOLS_STAY)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SparkExecutorsTest {
    @TempDir
    static Path meters;

    private static CountingServer server;
    private static Cluster cluster;

    @BeforeAll
    static void start() throws IOException {
        server = CountingServer.start();
        cluster = Cluster.start(
                "executors",
                Map.of(
                        // In front of ours, whose turn does not come then: the process ends while Spark stops the
                        // executor.
                        "spark.plugins", StuckPlugin.class.getName() + "," + PerThreadPlugin.class.getName(),
                        "spark.serializer", "org.apache.spark.serializer.KryoSerializer",
                        "spark.metrics.conf.executor.sink.csv.class", "org.apache.spark.metrics.sink.CsvSink",
                        "spark.metrics.conf.executor.sink.csv.directory", meters.toString(),
                        "spark.metrics.conf.executor.sink.csv.period", "1"));
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
        server.close();
    }

    private static PerThreadRef<CountedClient, IOException> kept(String id, String word) {
        int port = server.port();
        return PerThreadRef.<CountedClient, IOException>builder(id, () -> new CountedClient(port, word))
                .whenIdle(IdlePolicy.KEEP)
                .build();
    }

    private static List<String> who(List<Visit> visits) {
        return visits.stream().map(Visit::who).sorted().toList();
    }

    /** One for each, and no further ones. */
    private static void assertVisits(String word, List<String> threads) {
        assertThat(who(server.visits(word)))
                .isEqualTo(threads.stream()
                        .map(who -> word + " " + who)
                        .distinct()
                        .sorted()
                        .toList());
    }

    private static String visit(PerThreadRef<CountedClient, IOException> ref) throws IOException {
        return ref.call(client -> {
            client.ask("hello");
            return CountedClient.here();
        });
    }

    @Test
    void aReferenceTravelsInABroadcastAndAsDataByKryo() {
        assertThat(SparkEnv.get().serializer().getClass().getSimpleName()).isEqualTo("KryoSerializer");
        PerThreadRef<CountedClient, IOException> ref = kept("kryo", "kryo");
        Broadcast<PerThreadRef<CountedClient, IOException>> broadcast = cluster.spark.broadcast(ref);
        List<String> threads =
                cluster.tasks(20).map(i -> visit(broadcast.value())).collect();
        assertVisits("kryo", threads);
        List<String> again = cluster.spark
                .parallelize(Collections.nCopies(20, ref), 20)
                .map(SparkExecutorsTest::visit)
                .collect();
        assertVisits("kryo", Stream.concat(threads.stream(), again.stream()).toList());
    }

    @Test
    void aFailingOpenerFailsTheTaskWithItsOwnExceptionAndSparkTriesAgain() {
        PerThreadRef<CountedClient, IOException> ref = kept("refused", "refused");
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        SparkListener listener = new SparkListener() {
            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.reason() instanceof ExceptionFailure failure) {
                    failures.add(failure.className() + ": " + failure.description());
                }
            }
        };
        cluster.spark.sc().addSparkListener(listener);
        try {
            server.refuse(2);
            List<String> threads = cluster.tasks(10).map(i -> visit(ref)).collect();
            assertThat(threads).hasSize(10);
            assertVisits("refused", threads);
            Awaitility.await().until(() -> failures.size() == 2);
            assertThat(failures)
                    .allMatch(failure -> failure.startsWith("java.io.IOException: the server refuses refused"));
        } finally {
            server.refuse(0);
            cluster.spark.sc().removeSparkListener(listener);
        }
    }

    @Test
    void twoConfigurationsUnderOneIdAreRefusedSayingBoth() {
        int port = server.port();
        List<String> threads = cluster.tasks(20).map(work(kept("same", "same"))).collect();
        PerThreadRef<CountedClient, IOException> other = PerThreadRef.<CountedClient, IOException>builder(
                        "same", () -> new CountedClient(port, "other"))
                .whenIdle(IdlePolicy.KEEP)
                .limit(3)
                .build();
        assertThatThrownBy(() -> cluster.tasks(20).map(work(other)).collect())
                .hasMessageContaining("two configurations under one id, \"same\": the pool here has opener a lambda of "
                        + SparkExecutorsTest.class.getName() + ", whenIdle KEEP (")
                .hasMessageContaining("; this reference has opener a lambda of " + SparkExecutorsTest.class.getName()
                        + ", whenIdle KEEP, limit 3 (");
        assertThat(server.visits("other")).isEmpty();
        // The same again, made again, is no other one.
        assertVisits(
                "same",
                Stream.concat(threads.stream(), cluster.tasks(20).map(work(kept("same", "same"))).collect().stream())
                        .toList());
    }

    private static org.apache.spark.api.java.function.Function<Integer, String> work(
            PerThreadRef<CountedClient, IOException> ref) {
        return i -> visit(ref);
    }

    @Test
    void whatIsReleasedAtTaskEndIsClosedThenAndNotBeforeAlsoIfTheTaskFails() {
        PerThreadRef<CountedClient, IOException> ref = kept("task", "task");
        List<Integer> questions = cluster.tasks(10)
                .map(i -> {
                    TaskResources.releaseOnCompletion(ref);
                    for (int question = 0; question < 3; question++) {
                        visit(ref);
                    }
                    if (i == 5 && TaskContext.get().attemptNumber() == 0) {
                        throw new IOException("the first attempt fails");
                    }
                    return i;
                })
                .collect();
        assertThat(questions).hasSize(10);
        Awaitility.await().until(() -> server.open("task") == 0);
        assertThat(server.visits("task")).hasSize(11).allMatch(Visit::polite).allMatch(visit -> visit.questions() == 3);
        assertThatThrownBy(() -> TaskResources.releaseOnCompletion(ref))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"task\": ")
                .hasMessageContaining("must be called by the thread of a Spark task");
    }

    /** A session of its own for a job is what Spark Connect gives each client: a class loader of its own on executors. */
    private static List<String> inSession(
            String session, PerThreadRef<CountedClient, IOException> ref, boolean closing) {
        return JobArtifactSet$.MODULE$.withActiveJobArtifactState(
                new JobArtifactState(session, Option.empty()),
                () -> cluster.tasks(20)
                        .map(i -> {
                            String who = visit(ref);
                            if (closing) {
                                ref.close();
                            }
                            return who + " "
                                    + System.identityHashCode(
                                            Thread.currentThread().getContextClassLoader());
                        })
                        .collect());
    }

    private static Set<String> lastWords(List<String> all) {
        Set<String> words = new HashSet<>();
        all.forEach(one -> words.add(one.substring(one.lastIndexOf(' ') + 1)));
        return words;
    }

    @Test
    void jobsOfTwoClassLoadersHaveHoldersOfTheirOwnAndDoNotCloseEachOthers() {
        List<String> one = inSession("one", kept("session", "session-one"), false);
        // The same id, another configuration: in another class loader that is no contradiction.
        List<String> two = inSession("two", kept("session", "session-two"), true);
        assertThat(lastWords(one)).doesNotContainAnyElementsOf(lastWords(two));
        assertThat(server.visits("session-two")).hasSize(20);
        Awaitility.await().until(() -> server.open("session-two") == 0);
        assertThat(server.visits("session-one")).isNotEmpty().noneMatch(Visit::ended);
        List<String> oneAgain = inSession("one", kept("session", "session-one"), false);
        assertVisits(
                "session-one",
                Stream.concat(one.stream(), oneAgain.stream())
                        .map(who -> who.substring(0, who.indexOf(' ')))
                        .toList());
    }

    @Test
    void sparksMetricsSystemHasTheNumbersOfEachReference() {
        PerThreadRef<CountedClient, IOException> ref = kept("metered", "metered");
        cluster.tasks(20).map(i -> visit(ref)).collect();
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(reported("metered.acquired")).isEqualTo(20);
            assertThat(reported("metered.opened"))
                    .isEqualTo(reported("metered.idle"))
                    .isEqualTo(server.visits("metered").size());
        });
    }

    private static KeyedPerThreadRef.Builder<String, CountedClient, IOException> keyed(String id, IdlePolicy whenIdle) {
        int port = server.port();
        return KeyedPerThreadRef.<String, CountedClient, IOException>builder(id, word -> new CountedClient(port, word))
                .whenIdle(whenIdle);
    }

    /** Which executor's thread did what each task did: to ask under each of the words. */
    private static List<String> visitAll(
            KeyedPerThreadRef<String, CountedClient, IOException> ref, List<String> words) {
        return cluster.tasks(20)
                .map(i -> {
                    for (String word : words) {
                        ref.run(word, client -> client.ask("hello"));
                    }
                    return CountedClient.here();
                })
                .collect();
    }

    @Test
    void keyedReference_mustOpenOneConnectionPerKeyAndThread_onEachExecutor() {
        List<String> words = List.of("keyed-a", "keyed-b", "keyed-c");
        List<String> threads = visitAll(keyed("keyed", IdlePolicy.KEEP).build(), words);
        words.forEach(word -> assertVisits(word, threads));
    }

    @Test
    void keyedReference_mustMakeRoomForOtherKeys_whenAnExecutorIsAtItsLimit() {
        List<String> words = List.of("room-a", "room-b", "room-c");
        List<String> threads = visitAll(keyed("room", IdlePolicy.LEND).limit(1).build(), words);
        long executors = threads.stream()
                .map(who -> who.substring(0, who.indexOf('/')))
                .distinct()
                .count();
        Awaitility.await().until(() -> words.stream().mapToLong(server::open).sum() == executors);
        assertThat(server.open("room-c")).isEqualTo(executors); // the last one that each task asked
        words.forEach(word -> assertThat(server.visits(word))
                .hasSize(20)
                .allMatch(visit -> visit.questions() == 1)
                .allMatch(visit -> !visit.ended() || visit.polite()));
    }

    /** The sum of what executors reported last. */
    private static long reported(String number) throws IOException {
        String end = ".plugin." + PerThreadPlugin.class.getName() + "." + number + ".csv";
        long sum = 0;
        try (Stream<Path> files = Files.list(meters)) {
            for (Path file : files.filter(one -> one.toString().endsWith(end)).toList()) {
                // Lines of a time, a comma and a value, below a header. An executor creates the file, then writes into
                // it.
                String text = Files.readString(file);
                List<String> lines =
                        text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
                if (lines.size() > 1) {
                    String last = lines.get(lines.size() - 1);
                    sum += Long.parseLong(last.substring(last.indexOf(',') + 1));
                }
            }
        }
        return sum;
    }

    private static String ask(Connection connection) {
        try {
            connection.send(("lazy " + CountedClient.here() + "\nmore\n").getBytes(StandardCharsets.UTF_8));
            StringBuilder answer = new StringBuilder();
            while (!answer.toString().endsWith("more\n")) {
                answer.append(new String(connection.recv(100), StandardCharsets.UTF_8));
            }
            return CountedClient.here();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aLazyConnectionTravels() throws Exception {
        LazyConnectionRef ref = LazyConnectionRef.to("lazy", "tcp://127.0.0.1:" + server.port());
        List<String> threads =
                cluster.tasks(20).map(i -> ref.call(SparkExecutorsTest::ask)).collect();
        assertThat(who(server.visits("lazy")))
                .isEqualTo(threads.stream().map(who -> "lazy " + who).sorted().toList());
        Awaitility.await().until(() -> server.open("lazy") == 0);
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void anExecutorThatIsKilledTakesNothingWithItAndTheOthersDoItsWork() {
        PerThreadRef<CountedClient, IOException> ref = kept("killed", "killed");
        List<String> threads = cluster.tasks(40)
                .map(i -> {
                    String who = visit(ref);
                    if (i == 20 && TaskContext.get().attemptNumber() == 0) {
                        long self = ProcessHandle.current().pid();
                        new ProcessBuilder("kill", "-9", "" + self).start().waitFor(); // ends with this process
                    }
                    return who;
                })
                .collect();
        assertThat(threads).hasSize(40);
        // The server may notice the death later than the driver, and one connection of the process before another.
        Awaitility.await().until(() -> server.visits("killed").stream().anyMatch(Visit::ended));
        List<Visit> visits = server.visits("killed");
        Set<String> killedProcesses = visits.stream()
                .filter(Visit::ended)
                .map(SparkExecutorsTest::process)
                .collect(Collectors.toSet());
        List<Visit> killed = visits.stream()
                .filter(visit -> killedProcesses.contains(process(visit)))
                .toList();
        assertThat(killed).isNotEmpty();
        cluster.close();
        Awaitility.await().until(() -> server.open("killed") == 0);
        assertThat(visits)
                .filteredOn(visit -> !killed.contains(visit))
                .isNotEmpty()
                .allMatch(Visit::polite);
        assertThat(killed).noneMatch(Visit::polite);
    }

    /** Of {@code killed PID/THREAD}. */
    private static String process(Visit visit) {
        return visit.who().substring(0, visit.who().indexOf('/'));
    }
}
