package dev.perthread.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.testkit.FreePort;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** perthread top, at a real process: the example with six threads and a leak, asked by its id and by its port. */
class TopTest {
    private static final Path EXAMPLE = Path.of("..", "examples", "Forgetful.java");
    private static final Pattern PROCESS = Pattern.compile("process (\\d+), in JMX");

    private static Cli program;
    private static String process;
    private static int port;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() throws IOException {
        port = FreePort.next();
        program = Cli.startAny(
                List.of(
                        Cli.JAVA.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dcom.sun.management.jmxremote.port=" + port,
                        "-Dcom.sun.management.jmxremote.rmi.port=" + port,
                        "-Dcom.sun.management.jmxremote.host=127.0.0.1",
                        "-Djava.rmi.server.hostname=127.0.0.1",
                        "-Dcom.sun.management.jmxremote.authenticate=false",
                        "-Dcom.sun.management.jmxremote.ssl=false",
                        "-cp",
                        Cli.JAR.resolveSibling("lib") + "/*",
                        EXAMPLE.toString(),
                        "100000"),
                Path.of("."));
        program.awaitOut("in JMX");
        program.awaitErr("ended without closing its lease"); // the leak has happened
        Matcher line = PROCESS.matcher(program.out());
        assertThat(line.find()).isTrue();
        process = line.group(1);
    }

    @AfterAll
    static void end() throws IOException {
        if (program != null) {
            program.close();
        }
    }

    /** With more patience than by default, for a machine that is busy. */
    private static Cli.Result run(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("top", "--timeout", "60"));
        all.addAll(List.of(arguments));
        return Cli.run(all.toArray(String[]::new));
    }

    private static void assertRefused(Cli.Result result, String... words) {
        assertThat(result.status()).as(result.out()).isEqualTo(1);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .startsWith("perthread: ")
                .contains(words);
        assertThat(result.err()).doesNotContain("\tat ");
        assertThat(result.out()).isEmpty();
    }

    private static void assertTable(List<String> lines) {
        assertThat(lines.get(0)).startsWith("perthread top  ").contains("1 pool, 3 resources, by ");
        assertThat(lines.get(1)).startsWith("POOL ").contains("LEAKED").endsWith("RECLAIMED");
        assertThat(lines.get(2)).matches("answers +3 +3 +\\d +\\d +\\d +1 .*");
        assertThat(lines.get(3)).matches("  most open 3, waited [\\d.]+ .?s.*, opened [\\d.]+ .?s");
        assertThat(lines.get(5)).startsWith("RESOURCE  THREAD");
        assertThat(lines.subList(6, lines.size()))
                .hasSize(3)
                .allSatisfy(line -> assertThat(line).matches("#\\d+ .* answers .*"))
                .anySatisfy(line -> assertThat(line).matches("#\\d+ +asker-\\d .* leased .* Forgetful\\.work.*"));
    }

    @Test
    void shows_pools_and_which_thread_has_what_by_process_id() throws Exception {
        Cli.Result result = run(process, "--once");

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        assertTable(result.lines());
    }

    @Test
    void shows_the_same_by_host_and_port() throws Exception {
        Cli.Result result = run("127.0.0.1:" + port, "--once", "--sort", "resource");

        assertThat(result.status()).as(result.err()).isZero();
        assertTable(result.lines());
        assertThat(result.lines().subList(6, 9)).isSorted();
    }

    @Test
    void without_a_terminal_tables_follow_each_other_and_tell_the_rate() throws Exception {
        Cli.Result result = run(process, "-n", "2", "--interval", "300ms");

        assertThat(result.status()).as(result.err()).isZero();
        List<String> lines = result.lines();
        assertThat(lines).filteredOn(line -> line.startsWith("perthread top")).hasSize(2);
        assertThat(result.out()).doesNotContain("\u001b");
        List<String> pool =
                lines.stream().filter(line -> line.startsWith("answers ")).toList();
        // After the name, eight numbers and the leases altogether: those of a second.
        assertThat(pool.get(1)).matches("answers( +\\d+){9} +[1-9]\\d* .*");
    }

    @Test
    void on_a_terminal_it_is_drawn_in_place_sorted_by_keys_and_ended_by_q() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "there is no program named script");
        Path keys = directory.resolve("keys");
        Files.writeString(keys, "uq");
        String top = Cli.JAVA + " -Dperthread.terminal=true -jar " + Cli.JAR + " top --timeout 60 " + process;
        Cli.Result result = Cli.runAny(
                List.of("sh", "-c", "TERM=xterm script -qec '" + top + "' /dev/null <" + keys), Path.of("."));

        assertThat(result.status()).as(result.out() + result.err()).isZero();
        assertThat(result.out())
                .contains("\u001b[?1049h\u001b[?25l\u001b[H", "by age", "by uses", "asker-", "\u001b[?1049l")
                .doesNotContain("WARNING");
    }

    @Test
    void what_cannot_be_looked_at_is_told_in_one_line() throws Exception {
        assertRefused(Cli.run("top", "999999999"), "process 999999999", "no such process");
        assertRefused(Cli.run("top", "127.0.0.1:" + FreePort.next()), "cannot connect by JMX", "Connection refused");
        assertRefused(
                Cli.run("top", "no-such-host.invalid:9010"), "no-such-host.invalid:9010", "cannot connect by JMX");
        try (Cli site = Cli.start("serve")) {
            site.awaitOut("Serving");
            assertRefused(run(Long.toString(site.pid())), "no PerThread pool is registered");
        }
    }

    /** To attach sends a signal that would end it. */
    @Test
    void a_process_that_is_no_java_program_is_left_alone() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "600").start();
        try {
            assertRefused(run(Long.toString(sleep.pid())), "must be a Java program, but is none");
            assertThat(sleep.isAlive()).isTrue();
        } finally {
            sleep.destroyForcibly().waitFor();
        }
    }

    /** Many servers take that signal for the order to stop. */
    @Test
    void process_that_catches_sigquit_and_is_no_java_program_is_left_alone() throws Exception {
        List<String> command =
                List.of("sh", "-c", "trap 'echo told to quit' QUIT; echo ready; while :; do sleep 1; done");
        try (Cli other = Cli.startAny(command, directory)) {
            other.awaitOut("ready");

            assertRefused(run(Long.toString(other.pid())), "must be a Java program, but is none");
            assertThat(other.out()).isEqualTo("ready\n");
        }
    }

    private Cli foreignBean(String kind) throws IOException {
        Path classes = Path.of("target", "test-classes").toAbsolutePath();
        Cli foreign = Cli.startAny(
                List.of(Cli.JAVA.toString(), "-cp", classes.toString(), ForeignBean.class.getName(), kind), directory);
        foreign.awaitOut("ready");
        return foreign;
    }

    @Test
    void pool_with_keys_is_one_pool_and_each_resource_has_its_key() throws Exception {
        String path = Path.of("target", "test-classes").toAbsolutePath() + File.pathSeparator
                + Cli.JAR.resolveSibling("lib").toAbsolutePath() + "/*";
        try (Cli program =
                Cli.startAny(List.of(Cli.JAVA.toString(), "-cp", path, KeyedProgram.class.getName()), directory)) {
            program.awaitOut("ready");
            Cli.Result result = run(Long.toString(program.pid()), "--once", "--sort", "resource");

            assertThat(result.status()).as(result.err()).isZero();
            List<String> lines = result.lines();
            assertThat(lines.get(0)).contains("1 pool, 2 resources");
            assertThat(lines.get(2)).startsWith("hosts ");
            assertThat(lines.get(3)).startsWith("  most open 2, limit per key 4, opened ");
            assertThat(lines.subList(6, 8))
                    .satisfiesExactly(
                            line -> assertThat(line).matches("#1 db1:5432 +main +\\d+ +idle .* hosts .*"),
                            line -> assertThat(line).matches("#2 db2:5432 +main +\\d+ +idle .* hosts .*"));
        }
    }

    @Test
    void program_that_does_not_answer_is_given_up_after_the_timeout() throws Exception {
        try (Cli foreign = foreignBean("silent")) {
            Cli.Result result = Cli.run("top", "--once", "--timeout", "2", Long.toString(foreign.pid()));

            assertRefused(result, "no answer for 2 s", "--timeout");
        }
    }

    @Test
    void object_of_a_class_that_no_pool_has_is_not_read() throws Exception {
        try (Cli foreign = foreignBean("object")) {
            assertRefused(run("--once", Long.toString(foreign.pid())), "filter status: REJECTED");
        }
    }

    @Test
    void what_a_foreign_bean_says_is_shown_and_not_obeyed() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "there is no program named script");
        Path keys = directory.resolve("keys");
        Files.writeString(keys, "q");
        try (Cli foreign = foreignBean("escapes")) {
            String top = Cli.JAVA + " -Dperthread.terminal=true -jar " + Cli.JAR + " top --timeout 60 " + foreign.pid();
            Cli.Result onTerminal = Cli.runAny(
                    List.of("sh", "-c", "TERM=xterm script -qec '" + top + "' /dev/null <" + keys), Path.of("."));
            Cli.Result elsewhere = run("--once", Long.toString(foreign.pid()));

            assertThat(onTerminal.out())
                    .contains("\\u001b[41mred", "\\u009b42mGREEN")
                    .doesNotContain("\u001b[41m", "\u009b");
            assertThat(elsewhere.out())
                    .contains("\\u001b[41mred", "\\u009b42mGREEN")
                    .doesNotContain("\u001b", "\u009b");
        }
    }
}
