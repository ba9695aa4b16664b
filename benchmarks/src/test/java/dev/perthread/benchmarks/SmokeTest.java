// Every benchmark runs: once, as short as can be. Measures nothing.
package dev.perthread.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.benchmarks.Peers.Contender;
import java.io.File;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

class SmokeTest {
    private static final String VIRTUAL_FROM = "21";

    @Test
    void everyJmhBenchmarkRunsInTwoThreads() throws Exception {
        var options = new OptionsBuilder()
                .include("dev\\.perthread\\.benchmarks\\..*")
                .mode(Mode.AverageTime)
                .forks(0)
                .threads(2)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(5))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        assertThat(new Runner(options).run()).hasSizeGreaterThan(25);
    }

    // That no thread failed, and all came to an end. On a busy machine the measured time may pass with nothing done.
    @ParameterizedTest
    @EnumSource
    void everyContenderServesMoreThreadsThanItHasResources(Contender peer) throws Exception {
        Map<String, Double> figures = new Contest(peer, 4, 2, 1_000_000, false).run(5, 20);
        assertThat(figures).containsKeys("contended/4x2/1ms/" + peer + "/ops");
        if (Runtime.version().compareTo(Runtime.Version.parse(VIRTUAL_FROM)) >= 0) {
            figures = new Contest(peer, 20, 2, 1_000_000, true).run(5, 20);
            assertThat(figures).containsKeys("virtual/20x2/1ms/" + peer + "/ops");
        }
    }

    @Test
    void memoryIsMeasured() throws Exception {
        assertThat(MemoryBenchmark.measure(new Arguments("crowd=10", "passing=100", "settle=1")))
                .containsKeys("memory/keep/entry", "memory/lend/entry", "memory/passing/left");
    }

    @Test
    void reclaimIsMeasured() throws Exception {
        assertThat(ReclaimBenchmark.measure(new Arguments("owners=10", "deaths=2", "idle=5")))
                .containsKeys("reclaim/platform/median", "reclaim/platform/cpu");
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
