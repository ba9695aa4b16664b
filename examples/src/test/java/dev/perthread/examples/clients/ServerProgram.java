package dev.perthread.examples.clients;

import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** A server program on a free loopback port, which can be killed and started again on the same port. */
final class ServerProgram implements TrialServer {
    private final int port = FreePort.next();
    private final Path directory;
    private final List<String> command;
    private Process process;

    private ServerProgram(Path directory, IntFunction<List<String>> command) throws IOException {
        this.directory = directory;
        this.command = command.apply(port);
        start();
    }

    /** Where it is installed. Skips the test if it is not. */
    static String require(String name, String debianPackage) {
        Path found = Stream.concat(
                        Stream.of("/usr/bin", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
                                .map(Path::of),
                        versions(Path.of("/usr/lib/postgresql")).map(version -> version.resolve("bin")))
                .map(bin -> bin.resolve(name))
                .filter(Files::isExecutable)
                .filter(program -> !"none".equals(System.getProperty("perthread.peers")))
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(
                found != null, name + " is not installed here; on Debian: apt-get install " + debianPackage);
        return found.toString();
    }

    private static Stream<Path> versions(Path parent) {
        String[] names = parent.toFile().list(); // null where there is none
        return names == null
                ? Stream.of()
                : Stream.of(names).sorted(Comparator.reverseOrder()).map(parent::resolve);
    }

    /** Starts it in the foreground and waits until it listens. */
    static ServerProgram start(Path directory, IntFunction<List<String>> command) throws IOException {
        return new ServerProgram(directory, command);
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void start() throws IOException {
        Path log = directory.resolve("server.log");
        process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofSeconds(20))
                .until(() -> {
                    if (!process.isAlive()) {
                        throw new AssertionError(command.get(0) + " ended: " + Files.readString(log));
                    }
                    return listens(port);
                });
    }

    static boolean listens(int port) {
        try (Socket probe = new Socket()) {
            probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Without a farewell, as a crash does it; its sessions die with it. */
    @Override
    public void kill() throws InterruptedException {
        List<ProcessHandle> sessions = process.descendants().toList();
        process.destroyForcibly().waitFor();
        sessions.forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() throws InterruptedException {
        List<ProcessHandle> sessions = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        sessions.forEach(ProcessHandle::destroyForcibly);
    }
}
