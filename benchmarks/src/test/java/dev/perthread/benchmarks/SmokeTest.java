package dev.perthread.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.benchmarks.Peers.Contender;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs every benchmark once, as briefly as possible. It measures nothing. */
class SmokeTest {
    private static final String VIRTUAL_FROM = "21";

    /** Before that a virtual thread that waits in a synchronized method keeps its carrier, and with few of them some peers stand still. */
    private static final String PEERS_VIRTUAL_FROM = "24";

    /** JMH's own lock is one file for the whole machine, of whoever came first: a run elsewhere would fail all this. */
    @BeforeAll
    static void doWithoutTheLockOfTheMachine() {
        System.setProperty("jmh.ignoreLock", "true");
    }

    static List<String> benchmarks() {
        return BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
                .stream()
                .map(BenchmarkListEntry::getUsername)
                .distinct()
                .toList();
    }

    // One by one: some peers, and bare sockets, wait for ever if something goes wrong, and JMH does not tell which it
    // was.
    @ParameterizedTest
    @MethodSource("benchmarks")
    void everyJmhBenchmarkRunsInTwoThreads(String benchmark) throws Exception {
        var options = new OptionsBuilder()
                .include("^" + Pattern.quote(benchmark) + "$")
                .mode(Mode.AverageTime)
                .forks(0)
                .threads(2)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(5))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        assertThat(new Runner(options).run()).isNotEmpty(); // several where it has parameters
    }

    // That no thread failed, and all came to an end. On a busy machine the measured time may pass with nothing done.
    @ParameterizedTest
    @EnumSource
    void everyContenderServesMoreThreadsThanItHasResources(Contender peer) throws Exception {
        Map<String, Double> figures = new ContendedRun(peer, 4, 2, 1_000_000, false).run(5, 20);
        assertThat(figures).containsKeys("contended/4x2/1ms/" + peer + "/ops");
        String from = peer == Contender.PER_THREAD ? VIRTUAL_FROM : PEERS_VIRTUAL_FROM;
        if (Runtime.version().compareTo(Runtime.Version.parse(from)) >= 0) {
            figures = new ContendedRun(peer, 20, 2, 1_000_000, true).run(5, 20);
            assertThat(figures).containsKeys("virtual/20x2/1ms/" + peer + "/ops");
        }
    }

    @Test
    void memoryIsMeasured() throws Exception {
        assertThat(MemoryBenchmark.measure(new Arguments("idleThreads=10", "passing=100", "settle=1")))
                .containsKeys("memory/keep/entry", "memory/lend/entry", "memory/passing/left");
    }

    @Test
    void reclaimIsMeasured() throws Exception {
        assertThat(ReclaimBenchmark.measure(new Arguments("owners=10", "deaths=2", "idle=5")))
                .containsKeys("reclaim/platform/median", "reclaim/platform/cpu");
    }

    @Test
    void waitsForColdKeysAreMeasured() throws Exception {
        assertThat(KeyedFairness.measure(new Arguments(
                        "threads=20",
                        "hot=18",
                        "keys=5",
                        "limit=4",
                        "limitPerKey=2",
                        "warmup=5",
                        "measure=20",
                        "runs=1")))
                .containsKeys("keyed/cold alone/longest, ms", "keyed/ratio/longest, ms");
    }

    @Test
    void waitsForManyKeysAreMeasured() throws Exception {
        assertThat(KeyedWaiting.measure(new Arguments("threads=20", "limit=3", "rest=1")))
                .containsKeys("keyed waiting/CLOSE/20/begin, us", "keyed waiting/LEND/20/be served, us");
    }

    @Test
    void wholeProgramsAreMeasuredWhereThereIsACompilerAndPython() throws Exception {
        File root = new File("..").getCanonicalFile();
        assertThat(ProgramBenchmark.measure(new Arguments("root=" + root, "requests=20")))
                .satisfiesAnyOf(
                        nothing -> assertThat(nothing).isEmpty(),
                        figures -> assertThat(figures).containsKeys("program/python/rps", "program/bareJava/rps"));
    }
}
