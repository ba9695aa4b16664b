package dev.perthread.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the packaged command as a process, as a user would, and never leaves one behind. One process; its two streams
 * go to files, so that no thread has to read them.
 */
public final class Cli implements AutoCloseable {
    public static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
    public static final Path JAR = Path.of("target", "perthread.jar").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public record Result(int status, String out, String err) {
        public List<String> lines() {
            return out.lines().toList();
        }

        public List<String> gotLines() {
            return out.lines().filter(line -> line.startsWith("Got ")).toList();
        }

        public String lastLine() {
            return lines().get(lines().size() - 1);
        }
    }

    private final Process process;
    private final Path out;
    private final Path err;

    private Cli(List<String> command, Path directory) throws IOException {
        out = Files.createTempFile("perthread-test", ".out");
        err = Files.createTempFile("perthread-test", ".err");
        process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
    }

    /** The command line that starts the packaged command on the Java that runs this test, as the launcher does. */
    public static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                JAVA.toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Xshare:auto",
                "-jar",
                JAR.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    public static Cli start(String... arguments) throws IOException {
        return startAny(command(arguments), Path.of("."));
    }

    /** Signals that this process ignores would be ignored by its children too: under nohup, Ctrl-C is. */
    public static Cli startWithSignals(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,TERM"));
        command.addAll(command(arguments));
        return startAny(command, Path.of("."));
    }

    public static Cli startAny(List<String> command, Path directory) throws IOException {
        return new Cli(command, directory);
    }

    public static Result run(String... arguments) throws IOException {
        try (Cli cli = start(arguments)) {
            return cli.result();
        }
    }

    /**
     * In this process, without its end: takes a tenth of the time, for what has nothing to do with processes. What a
     * thread prints meanwhile that is not of the command would be taken for its output.
     */
    public static Result runHere(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream outBefore = System.out;
        PrintStream errBefore = System.err;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        int status;
        try {
            status = Main.run(arguments, new Output(System.out, System.err), Subcommand::run);
        } finally {
            System.setOut(outBefore);
            System.setErr(errBefore);
        }
        return new Result(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    public static Result runAny(List<String> command, Path directory) throws IOException {
        try (Cli cli = startAny(command, directory)) {
            return cli.result();
        }
    }

    /** Waits for its end. */
    public Result result() throws IOException {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("ended in time; so far it said: %s / %s", out(), err())
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
        return new Result(process.exitValue(), out(), err());
    }

    public String out() throws IOException {
        return Files.readString(out, StandardCharsets.UTF_8);
    }

    public String err() throws IOException {
        return Files.readString(err, StandardCharsets.UTF_8);
    }

    public void awaitOut(String text) {
        await().atMost(PATIENCE).until(() -> out().contains(text));
    }

    public void awaitErr(String text) {
        await().atMost(PATIENCE).until(() -> err().contains(text));
    }

    public long pid() {
        return process.pid();
    }

    public void signal(String name) throws IOException {
        Result sent = runAny(List.of("kill", "-" + name, String.valueOf(process.pid())), Path.of("."));
        assertThat(sent.status()).isZero();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
    }
}
