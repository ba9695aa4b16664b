package dev.perthread.net.soak;

import dev.perthread.net.soak.Request.Manner;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The main class of the soak: the servers and the faulty proxies here, the library in a second JVM with little memory
 * and few files.
 *
 * <p>Two processes, because the second one is to run out of descriptors and of memory, and what it leaves behind is to be
 * its own. It talks to this one through its standard input and output: a line that begins with {@code @} is a request,
 * all others are for people.
 */
final class SoakMain {
    /** Enough for the campaign, little enough to be used up in a moment. */
    private static final int DESCRIPTORS = 512;

    private static final String HEAP = "128m";
    private static final Duration SETTLE = Duration.ofSeconds(20);

    private SoakMain() {}

    public static void main(String[] args) throws Exception {
        int running = Runtime.version().feature();
        String wanted = System.getProperty("soak.jdk", "");
        if (!wanted.isBlank() && Integer.parseInt(wanted) != running) {
            System.out.println("soak: not on JDK " + running + ", as -Dsoak.jdk=" + wanted + " says");
            return;
        }
        String given = System.getProperty("soak.seed", "");
        long seed = given.isBlank() ? System.nanoTime() : Long.parseLong(given);
        Server direct = new Server(1024);
        Server proxied = new Server(1024);
        Path directory = Files.createTempDirectory("soak");
        HostileTls tls = new HostileTls(directory);
        List<Server> servers =
                List.of(direct, new Server(1024, tls, "TLSv1.3"), new Server(1024, tls, "TLSv1.2"), proxied);
        Faults faults = new Faults(proxied.port(), new SplittableRandom(seed));
        List<Integer> ports = new ArrayList<>();
        servers.subList(0, 3).forEach(server -> ports.add(server.port()));
        ports.add(tls.startTickets());
        ports.addAll(faults.ports());

        Process soak = start(seed, ports, tls.certificate());
        Runtime.getRuntime().addShutdownHook(new Thread(soak::destroyForcibly));
        serve(soak, servers, faults);
        int exit = soak.waitFor();
        if (exit != 0) {
            System.out.println("soak: FAILED on JDK " + running + ", seed " + seed);
        }
        System.exit(exit);
    }

    private static Process start(long seed, List<Integer> ports, Path trusted) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "sh", "-c", "ulimit -n " + DESCRIPTORS + " && exec \"$0\" \"$@\"", javaCommand(), "-Xmx" + HEAP));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("soak."))
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.add("-Dsoak.seed=" + seed);
        command.add("-Dsoak.trusted=" + trusted);
        command.add(Soak.class.getName());
        ports.forEach(port -> command.add(port.toString()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String javaCommand() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static void serve(Process soak, List<Server> servers, Faults faults)
            throws IOException, InterruptedException {
        BufferedReader requests = soak.inputReader(StandardCharsets.UTF_8);
        PrintStream answers = new PrintStream(soak.getOutputStream(), true, StandardCharsets.UTF_8);
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            switch (line) {
                case "@strike" -> {
                    Server.daemon("faults", faults);
                    answers.println("yes");
                }
                case "@count" -> answers.println(faultLine(servers, faults));
                case "@settle" -> {
                    faults.stop();
                    awaitAllClosed(servers);
                    answers.println(servers.stream().map(SoakMain::side).collect(Collectors.joining(" ")));
                }
                default -> System.out.println(line);
            }
        }
    }

    private static void awaitAllClosed(List<Server> servers) throws InterruptedException {
        long end = System.nanoTime() + SETTLE.toNanos();
        while (servers.stream().anyMatch(server -> server.open.get() > 0) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
    }

    /** accepted, ended, reset, closed, open, most. */
    private static String side(Server server) {
        return server.accepted + " " + server.ended + " " + server.reset + " " + server.closed + " " + server.open + " "
                + server.most;
    }

    private static String faultLine(List<Server> servers, Faults faults) {
        StringJoiner all = new StringJoiner(", ");
        faults.done.forEach((kind, count) -> all.add("proxy " + kind + " " + count));
        String manners = Stream.of(Manner.values())
                .map(manner -> "server " + manner + " "
                        + servers.stream()
                                .mapToLong(server -> server.manners.get(manner).get())
                                .sum())
                .collect(Collectors.joining(", "));
        return all + ", " + manners;
    }
}
