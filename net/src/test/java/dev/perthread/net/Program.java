package dev.perthread.net;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real server that a test starts, where it is installed. */
final class Program implements AutoCloseable {
    private final Process process;
    private final Path log;

    private Program(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Where it is, if it is installed; not in everybody's path are the directories for administrators. With
     * {@code -Dperthread.peers=none} nothing is, so that the stand-ins are tried.
     */
    static Optional<Path> find(String name) {
        if ("none".equals(System.getProperty("perthread.peers"))) {
            return Optional.empty();
        }
        return Stream.concat(
                        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)),
                        Stream.of("/usr/sbin", "/usr/local/sbin", "/sbin"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The first line that says which version this is. */
    static String version(Path program, String... arguments) throws Exception {
        Process asked = new ProcessBuilder(Stream.concat(Stream.of(program.toString()), Stream.of(arguments))
                        .toList())
                .redirectErrorStream(true)
                .start();
        String words = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        asked.waitFor(10, TimeUnit.SECONDS);
        return words.lines().filter(line -> !line.isBlank()).findFirst().orElse("of an unknown version");
    }

    /** Starts it in the foreground. */
    static Program start(Path directory, List<String> command) throws IOException {
        Path log = Files.createTempFile(directory, "program", ".log");
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new Program(process, log);
    }

    Program awaitPort(int port) {
        TestServer.await(() -> {
            requireAlive();
            try (Socket probe = new Socket()) {
                probe.connect(new InetSocketAddress(TestServer.address("127.0.0.1"), port), 500);
                return true;
            } catch (IOException notYet) {
                return false;
            }
        });
        return this;
    }

    Program awaitFile(Path path) {
        TestServer.await(() -> {
            requireAlive();
            return Files.exists(path);
        });
        return this;
    }

    private void requireAlive() throws IOException {
        if (!process.isAlive()) {
            throw new AssertionError("ended with " + process.exitValue() + ": " + Files.readString(log));
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws Exception {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
