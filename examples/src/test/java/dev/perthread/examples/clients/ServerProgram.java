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
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** A server program on a free loopback port, which can be killed and started again on the same port. */
final class ServerProgram implements TrialServer {
    private final int port = FreePort.next();
    private final Path directory;
    private final List<String> command;
    private volatile Process process;

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

    /** The process IDs of those it has started that call themselves something with that part; none where there is no /proc. */
    Set<String> descendants(String part) {
        return process.descendants()
                .filter(one -> title(one).contains(part))
                .map(one -> "" + one.pid())
                .collect(Collectors.toSet());
    }

    /** A process may change it, and ProcessHandle.Info then has nothing. */
    private static String title(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", "" + process.pid(), "cmdline"));
        } catch (IOException noSuchProcessOrNoProc) {
            return "";
        }
    }

    /** Without a farewell, as a crash does it; its sessions die with it. */
    @Override
    public void kill() throws IOException, InterruptedException {
        stop(process); // or it would start another session after they were counted
        List<ProcessHandle> sessions = process.descendants().toList();
        process.destroyForcibly().waitFor();
        end(sessions);
    }

    private static void stop(Process process) throws IOException, InterruptedException {
        new ProcessBuilder("sh", "-c", "kill -STOP " + process.pid()).start().waitFor();
    }

    /** And waits: PostgreSQL refuses to start while a session of the one before is still there. */
    private static void end(List<ProcessHandle> sessions) {
        sessions.forEach(ProcessHandle::destroyForcibly);
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(Duration.ofSeconds(20))
                .until(() -> sessions.stream().noneMatch(ServerProgram::isRunning));
    }

    /** A zombie has ended: its parent, which may be any process by now, does not ask about it. */
    private static boolean isRunning(ProcessHandle session) {
        try {
            String stat = Files.readString(Path.of("/proc", "" + session.pid(), "stat"));
            return session.isAlive() && stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException noSuchProcessOrNoProc) {
            return session.isAlive();
        }
    }

    @Override
    public void close() throws InterruptedException {
        List<ProcessHandle> sessions = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        end(sessions);
    }
}
