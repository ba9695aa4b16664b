// Another JVM, for what a test cannot have in its own: other modules, no recording ever started, a client from outside.
package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Of the same Java version and with the same class path. What it prints is read line by line. */
final class ForkedJvm implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final List<String> lines = new ArrayList<>();

    private ForkedJvm(List<String> command) throws IOException {
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        out = process.inputReader();
    }

    /** {@code options} are of the JVM, {@code main} a class and its arguments. */
    static ForkedJvm start(List<String> options, String... main) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.addAll(List.of(main));
        return new ForkedJvm(command);
    }

    /** Runs one to its end and returns what it printed; it must end with 0. */
    static List<String> run(List<String> options, String... main) throws Exception {
        try (ForkedJvm child = start(options, main)) {
            child.readUntil(null);
            assertThat(child.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(child.process.exitValue())
                    .as(() -> String.join("\n", child.lines))
                    .isZero();
            return child.lines;
        }
    }

    /** Reads on until a line begins so, and returns the rest of it. */
    String readUntil(String begin) throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            lines.add(line);
            if (begin != null && line.startsWith(begin)) {
                return line.substring(begin.length());
            }
        }
        assertThat(begin).as(() -> String.join("\n", lines)).isNull();
        return "";
    }

    void say(String line) throws IOException {
        Writer in = process.outputWriter();
        in.write(line + "\n");
        in.flush();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
}
