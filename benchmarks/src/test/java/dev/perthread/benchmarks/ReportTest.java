package dev.perthread.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perthread.benchmarks.Goals.Bound;
import dev.perthread.benchmarks.Goals.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reports say what the results say: names, ratios within a round, verdicts, and reasons that survive. */
class ReportTest {
    private static final Bound AT_MOST_ONE = new Bound(true, 1, "≤ 1");

    private static Sample sample(double... values) {
        Sample sample = new Sample();
        for (int i = 0; i < values.length; i++) {
            sample.add(i + 1, values[i]);
        }
        return sample;
    }

    @Test
    void ratioMustBeTakenRoundByRound() {
        // The machine was three times as slow in the second round.
        Sample ratio = sample(10, 30, 10).dividedBy(sample(5, 15, 5));

        assertThat(ratio.min()).isEqualTo(2);
        assertThat(ratio.max()).isEqualTo(2);
        assertThat(sample(1).dividedBy(new Sample())).isNull();
    }

    @Test
    void errorMustBeThatOfStudent() {
        assertThat(sample(1, 2, 3).error()).isCloseTo(4.30 / Math.sqrt(3), within(1e-9));
        assertThat(sample(1).error()).isNaN();
    }

    @Test
    void verdictMustSayWhetherAllForksAgree() {
        assertThat(Verdict.of(AT_MOST_ONE, sample(0.8, 0.9, 1))).isEqualTo(Verdict.MET);
        assertThat(Verdict.of(AT_MOST_ONE, sample(0.8, 0.9, 1.1))).isEqualTo(Verdict.MET_BY_MEDIAN);
        assertThat(Verdict.of(AT_MOST_ONE, sample(0.8, 1.1, 1.2))).isEqualTo(Verdict.MISSED_BY_MEDIAN);
        assertThat(Verdict.of(AT_MOST_ONE, sample(1.1, 1.2, 1.3))).isEqualTo(Verdict.MISSED);
        assertThat(Verdict.of(AT_MOST_ONE, null)).isEqualTo(Verdict.UNKNOWN);
        assertThat(Verdict.of(new Bound(false, 4, "≥ 4"), sample(5))).isEqualTo(Verdict.MET);
    }

    @Test
    void resultsOfAllPartsMustBeReadByPartJavaAndRound(@TempDir Path directory) throws Exception {
        Path jmh = directory.resolve("uncontended/jdk17/r2-t8.json");
        Files.createDirectories(jmh.getParent());
        Files.writeString(jmh, """
                [{"benchmark": "dev.perthread.benchmarks.AcquireReleaseBenchmark.floor", "threads": 8,
                  "primaryMetric": {"score": 5.0, "rawData": [[9.0, 3.0, 4.0]]},
                  "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 24.0, "rawData": [[24.0]]}}}]
                """);
        Path other = directory.resolve("memory/jdk25/r1-all.json");
        Files.createDirectories(other.getParent());
        Files.writeString(other, "{\"figures\": {\"memory/keep/entry\": 150.5}}");
        Files.writeString(directory.resolve("memory/jdk25/r1-all.log"), "no result");
        Files.writeString(directory.resolve("memory/jdk25/r2-all.json"), "");

        Results results = Results.read(directory);

        assertThat(results.get("17", "uncontended/t8/floor/ns").median()).isEqualTo(4);
        assertThat(results.get("17", "uncontended/t8/floor/bytes").median()).isEqualTo(24);
        assertThat(results.get("25", "memory/keep/entry").forks()).isEqualTo(1);
        assertThat(results.threads()).containsExactly(8);
        assertThat(results.get("17", "memory/keep/entry")).isNull();
    }

    @Test
    void rawPageMustShowFigureVerdictAndReason() {
        Results results = new Results();
        for (int round = 1; round <= 3; round++) {
            results.add("17", "uncontended/t1/perThreadKeep/ns", round, 20);
            results.add("17", "uncontended/t1/floor/ns", round, 10 + round / 10.0);
            results.add("17", "uncontended/t1/hikari/ns", round, 400);
            results.add("17", "contended/64x8/0ms/PER_THREAD/ops", round, 100);
            results.add("17", "contended/64x8/0ms/STORMPOT/ops", round, 150);
            results.add("17", "contended/64x8/0ms/HIKARI/ops", round, 120);
            for (String figure : List.of("p50", "p99", "p999", "max", "least", "jain")) {
                for (String peer : List.of("PER_THREAD", "STORMPOT", "HIKARI")) {
                    results.add("17", "contended/64x8/0ms/" + peer + "/" + figure, round, 1);
                }
            }
        }
        Map<String, String> reasons =
                RawReport.reasons(List.of("# Notes", "", "## keep-floor", "It checks", "more.", "## x", ""));
        RawReport report = new RawReport(results, reasons, new ObjectMapper().createObjectNode());

        assertThat(report.markdown())
                .contains("| `keep-floor-1` | KEEP ÷ the floor, 1 thread | ≤ 1.15 × | 1.96 [1.94–1.98] | **NOT MET** |")
                .contains("| `keep-hikari-1` | HikariCP ÷ KEEP, 1 thread | ≥ 12 × | 20 [20–20] | met |")
                .contains("- `keep-floor-1`: It checks more.")
                .contains("0.67 [0.67–0.67] (Stormpot) | met")
                .contains("| floor |  | 10.2 (10.1; 10.2 ± 0.25) ◂ |")
                .contains("| Stormpot | 150 (150; 150 ± 0) ◂ |")
                .contains("| 0.67 [0.67–0.67] (Stormpot) | met | not measured |")
                .doesNotContain("memory-unused");
    }

    @Test
    void overviewMustShowTheBestOfEachRowAndWhereWeAreBehind() {
        Results results = new Results();
        for (String jdk : Goals.JDKS) {
            results.add(jdk, "uncontended/t1/perThreadKeep/ns", 1, 8);
            results.add(jdk, "uncontended/t1/threadLocalGet/ns", 1, 2);
            results.add(jdk, "uncontended/t1/hikari/ns", 1, 120);
            results.add(jdk, "uncontended/t1/perThreadKeep/bytes", 1, 8e-4); // the profiler's
            results.add(jdk, "uncontended/t1/threadLocalGet/bytes", 1, 1e-4);
            results.add(jdk, "contended/64x8/1ms/PER_THREAD/ops", 1, 6600);
            results.add(jdk, "contended/64x8/1ms/STORMPOT/ops", 1, 6900);
            results.add(jdk, "contended/64x8/1ms/PER_THREAD/least", 1, 1);
            results.add(jdk, "contended/64x8/1ms/STORMPOT/least", 1, 0);
        }
        results.add("25", "reclaim/platform/median", 1, 5);

        Overview overview = new Overview(results, new ObjectMapper().createObjectNode());

        assertThat(overview.markdown())
                .contains(
                        "| acquire and release (`KEEP`), 1 thread, ns | 8 / 8 | **2 / 2 (`ThreadLocal`)** |  | 120 / 120 |  |")
                .contains("| bytes allocated by that | **0 / 0** | **0 / 0 (`ThreadLocal`)** |  |  |  |")
                .contains("| … least served thread ÷ mean | **1 / 1** |  | 0 / 0 |  |  |")
                .contains("close of what it kept, median, ms | – / 5 |  |")
                .contains("- acquire and release (`KEEP`), 1 thread, ns: `ThreadLocal` 4 ×\n")
                .doesNotContain("uses per second: Stormpot", "- bytes allocated")
                .doesNotContain("LEND", "null", "NaN");
        assertThat(overview.text()).contains("120 / 120");
    }

    @Test
    void quickRunMustStartNoRoundThatWouldEndAfterItsBudget() {
        BenchmarkPlan quick = BenchmarkPlan.of("quick");
        long minute = 60_000_000_000L;
        assertThat(quick.budgetMinutes()).isLessThan(25);
        assertThat(quick.allows(20 * minute, 2 * minute)).isTrue();
        assertThat(quick.allows(21 * minute, 2 * minute)).isFalse();
        assertThat(BenchmarkPlan.of("full").allows(600 * minute, 60 * minute)).isTrue();
    }

    @Test
    void numbersMustBeShort() {
        assertThat(Goals.number(0)).isEqualTo("0");
        assertThat(Goals.number(1.004)).isEqualTo("1");
        assertThat(Goals.number(10.25)).isEqualTo("10.3");
        assertThat(Goals.number(100)).isEqualTo("100");
        assertThat(Goals.number(12_345.6)).isEqualTo("12,346");
    }
}
