package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** perthread timeline --demo, and the program that its recording is made by. */
class DemoTest {
    private static final long LARGEST_JAR = 1_000_000;
    private static final int FIRST_JAVA_OF_THE_PROGRAM = 21;

    @TempDir
    Path directory;

    private static void assertDemo(Timeline timeline) {
        assertThat(timeline.all().threads()).isEqualTo(1000);
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(1000);
        assertThat(timeline.count(Kind.WAITING)).isGreaterThan(100);
        assertThat(timeline.pools())
                .singleElement()
                .satisfies(pool -> assertThat(pool.limit()).isEqualTo(16));
        assertThat(timeline.marks())
                .filteredOn(mark -> mark.trouble() == Trouble.LEAK)
                .singleElement()
                .satisfies(mark -> assertOf(timeline, mark, "request-421", "DemoRecording.refund"));
        // A busy machine holds up others, too.
        assertThat(timeline.marks())
                .filteredOn(mark -> mark.trouble() == Trouble.HELD_TOO_LONG)
                .anySatisfy(mark -> assertOf(timeline, mark, "request-250", "DemoRecording.report"));
        assertThat(timeline.marks()).extracting(Mark::trouble).containsOnly(Trouble.LEAK, Trouble.HELD_TOO_LONG);
    }

    private static void assertOf(Timeline timeline, Mark mark, String thread, String method) {
        assertThat(timeline.lanes().get(mark.lane()).thread()).isEqualTo(thread);
        assertThat(mark.stack()).contains(method);
    }

    @Test
    void demo_mustBeAThousandThreadsOver16Connections_withOneLeakAndOneHeldTooLong() throws Exception {
        Timeline demo = Demo.read(Integer.MAX_VALUE);

        assertDemo(demo);
        assertThat(demo.marks()).hasSize(2);
    }

    @Test
    void command_mustWriteThePageOfTheDemo_andNothingElse() throws Exception {
        List<String> command = Cli.command("timeline", "--demo");
        Cli.Result result = Cli.runAny(command, directory);

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.out()).startsWith("Wrote perthread-demo.html: 1000 threads, ");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(directory.resolve("perthread-demo.html"));
        }
        assertThat(Cli.runAny(command, directory).err()).contains("exists already; --force overwrites it");
    }

    @Test
    void command_mustPrintTheDemo_asText() throws Exception {
        Cli.Result result = Cli.run("timeline", "--demo", "--text");

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.out()).contains("orders", "request-421");
    }

    @Test
    void command_mustBeRefused_withADemoAndARecording() throws Exception {
        Cli.Result result = Cli.run("timeline", "--demo", "app.jfr");

        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains("--demo must be given without RECORDING");
    }

    @Test
    void jar_mustStaySmall_withTheDemoInIt() throws Exception {
        assertThat(Files.size(Cli.JAR)).isLessThan(LARGEST_JAR);
    }

    @Test
    void program_mustMakeSuchARecordingAgain() throws Exception {
        Assumptions.assumeTrue(
                Runtime.version().feature() >= FIRST_JAVA_OF_THE_PROGRAM, "the program has virtual threads");
        Path packed = directory.resolve("demo.jfr.gz");
        Cli.Result made = Cli.runAny(
                List.of(
                        Cli.JAVA.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        Cli.JAR.resolveSibling("lib") + "/*",
                        Path.of("src", "demo", "DemoRecording.java").toString(),
                        packed.toString()),
                Path.of("."));
        assertThat(made.status()).as(made.err()).isZero();
        Path recording = directory.resolve("demo.jfr");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(packed))) {
            Files.copy(in, recording);
        }
        assertDemo(TimelineReader.read(recording));
    }
}
