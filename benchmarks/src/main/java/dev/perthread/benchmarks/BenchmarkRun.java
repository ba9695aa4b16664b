package dev.perthread.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.perthread.benchmarks.Peers.Contender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The main program behind {@code ./benchmarks/run}: it runs each part in fresh JVMs, the contenders in turn, keeps the
 * results, and writes the reports. Usage: {@code quick|full|smoke|table root=DIRECTORY jdk17=JAVA_HOME jdk25=JAVA_HOME
 * [parts=A,B]}.
 */
public final class BenchmarkRun {
    static final List<String> PARTS =
            List.of("uncontended", "contended", "virtual", "openclose", "memory", "reclaim", "program", "observation");

    /** Measured by every run; the other methods there by a full one only. */
    private static final String OF_THE_GOALS =
            "AcquireReleaseBenchmark\\.(floor|thread.*Get|perThread(Keep|KeepWithoutJfr|Lend|Call|Close)|stormpot|hikari.*|commonsPool)$";

    private static final String THE_OTHERS =
            "AcquireReleaseBenchmark\\.(perThreadKeepListener|netty.*|concurrentHashMap|stormpotNever.*|vibur|agroal|blockingQueue)$";

    private final String mode;
    private final Path root;
    private final Path results;
    private final Map<String, Path> jdks = new LinkedHashMap<>();
    private final List<String> failures = new ArrayList<>();

    private BenchmarkRun(String mode, Arguments arguments) {
        this.mode = mode;
        root = Path.of(arguments.text("root", ".")).toAbsolutePath().normalize();
        results = root.resolve(mode.equals("smoke") ? "benchmarks/target/results-smoke" : "benchmarks/target/results");
        for (String jdk : Goals.JDKS) {
            String home = arguments.text("jdk" + jdk, "");
            if (!home.isEmpty()) {
                jdks.put(jdk, Path.of(home));
            }
        }
    }

    /** Runs. Status 1 if anything failed. */
    public static void main(String[] args) throws Exception {
        Arguments arguments =
                new Arguments(List.of(args).subList(1, args.length).toArray(new String[0]));
        BenchmarkRun run = new BenchmarkRun(args[0], arguments);
        if (!args[0].equals("table")) {
            List<String> parts =
                    List.of(arguments.text("parts", String.join(",", PARTS)).split(","));
            for (String part : parts) {
                if (!PARTS.contains(part)) {
                    throw new IllegalArgumentException(
                            "part must be one of " + String.join(", ", PARTS) + ", but was '" + part + "'");
                }
            }
            run.measure(parts, BenchmarkPlan.of(args[0]));
        }
        run.write();
        if (!run.failures.isEmpty()) {
            System.out.println("\nfailed, and missing in the table:\n" + String.join("\n", run.failures));
            System.exit(1);
        }
    }

    private void measure(List<String> parts, BenchmarkPlan plan) throws Exception {
        ObjectNode meta = Files.exists(meta())
                ? (ObjectNode) new ObjectMapper().readTree(meta().toFile())
                : new ObjectMapper().createObjectNode();
        meta.set("machine", new ObjectMapper().valueToTree(machine()));
        for (String part : parts) {
            forget(results.resolve(part));
        }
        long begin = System.nanoTime();
        Map<String, Long> lastRound = new HashMap<>();
        for (int round = 1; round <= plan.rounds(); round++) {
            for (String part : parts) {
                if (round > plan.rounds(part)) {
                    continue;
                }
                long start = System.nanoTime();
                if (!plan.allows(start - begin, lastRound.getOrDefault(part, 0L))) {
                    say("round %d, %s: left out, it would end after %d minutes", round, part, plan.budgetMinutes());
                    continue;
                }
                for (String jdk : jdks.keySet()) {
                    part(part, jdk, round, plan);
                }
                lastRound.put(part, System.nanoTime() - start);
                say("round %d of %d, %s: %d s", round, plan.rounds(part), part, lastRound.get(part) / 1_000_000_000);
                meta.withObject("/parts")
                        .put(
                                part,
                                mode + ", " + round + (round == 1 ? " fork" : " forks") + ", "
                                        + Instant.now().truncatedTo(ChronoUnit.MINUTES) + ", commit " + commit());
                Files.createDirectories(results);
                new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(meta().toFile(), meta);
            }
        }
    }

    private Path meta() {
        return results.resolve("run.json");
    }

    private void part(String part, String jdk, int round, BenchmarkPlan plan) throws Exception {
        switch (part) {
            case "uncontended" -> {
                for (int threads : plan.threads()) {
                    jmh(part, jdk, round, plan, OF_THE_GOALS, threads, "t" + threads);
                    if (plan.all()) {
                        jmh(part, jdk, round, plan, THE_OTHERS, threads, "others-t" + threads);
                    }
                }
            }
            case "observation" -> jmh(part, jdk, round, plan, "ObservationBenchmark", 1, "t1");
            case "openclose" -> jmh(part, jdk, round, plan, "OpenCloseBenchmark", 1, "t1");
            case "contended" -> {
                for (int work : List.of(0, 1)) {
                    for (Contender peer : plan.contenders()) {
                        contended(part, jdk, round, plan, "ContendedBenchmark", peer, 64, 8, work);
                    }
                }
            }
            case "virtual" -> {
                if (jdk.equals("17")) {
                    return; // has none
                }
                for (int threads : plan.virtualThreads()) {
                    for (Contender peer : plan.contenders()) {
                        contended(part, jdk, round, plan, "VirtualThreadBenchmark", peer, threads, 64, 1);
                    }
                }
            }
            case "memory" ->
                own(
                        part,
                        jdk,
                        round,
                        "all",
                        List.of("-XX:+UseSerialGC", "-XX:MarkSweepDeadRatio=0"),
                        "MemoryBenchmark",
                        "idleThreads=" + plan.idleThreads(),
                        "passing=" + Math.min(100_000, plan.idleThreads() * 50));
            case "reclaim" -> {
                for (boolean virtual : jdk.equals("17") ? List.of(false) : List.of(false, true)) {
                    own(
                            part,
                            jdk,
                            round,
                            virtual ? "virtual" : "platform",
                            List.of(),
                            "ReclaimBenchmark",
                            "virtual=" + virtual,
                            "owners=" + Math.min(10_000, plan.idleThreads() * 5),
                            "deaths=" + plan.deaths(),
                            "idle=" + plan.idleMillis());
                }
            }
            case "program" ->
                own(
                        part,
                        jdk,
                        round,
                        "all",
                        List.of(),
                        "ProgramBenchmark",
                        "root=" + root,
                        "requests=" + plan.requests(),
                        "launcher=yes");
            default -> throw new AssertionError(part);
        }
    }

    private void jmh(
            String part, String jdk, int round, BenchmarkPlan plan, String benchmarks, int threads, String name)
            throws Exception {
        Path out = file(part, jdk, round, name, ".json");
        child(
                part,
                jdk,
                round,
                name,
                TimeUnit.HOURS.toSeconds(3),
                List.of(
                        "-cp",
                        jar(),
                        "org.openjdk.jmh.Main",
                        benchmarks,
                        "-f",
                        "1",
                        "-t",
                        "" + threads,
                        "-wi",
                        "" + plan.warmups(),
                        "-w",
                        plan.iterationMillis() + "ms",
                        "-i",
                        "" + plan.iterations(),
                        "-r",
                        plan.iterationMillis() + "ms",
                        "-prof",
                        "gc",
                        // All of the heap is there and touched before it begins: what allocates would otherwise pay for
                        // each page of a young generation that still grows, four times what it costs itself.
                        "-jvmArgsPrepend",
                        "-Xms1g -Xmx1g -XX:+AlwaysPreTouch",
                        "-foe",
                        mode.equals("smoke") ? "true" : "false",
                        "-rf",
                        "json",
                        "-rff",
                        out.toString()));
    }

    private void contended(
            String part,
            String jdk,
            int round,
            BenchmarkPlan plan,
            String main,
            Contender peer,
            int threads,
            int resources,
            int work)
            throws Exception {
        // A lap of all threads through the resources is the least that shows whether each is served.
        int lap = work * threads / resources;
        own(
                part,
                jdk,
                round,
                threads + "x" + resources + "-" + work + "ms-" + peer,
                // No collection falls into the measured time: one took 35 ms, which every waiter would seem to have
                // waited.
                List.of("-Xms2g", "-Xmx2g", "-Xmn1500m", "-XX:+AlwaysPreTouch"),
                main,
                "peer=" + peer,
                "threads=" + threads,
                "resources=" + resources,
                "work=" + work,
                "warmup=" + (plan.contendedWarmup() + 2 * lap),
                "measure=" + (plan.contendedMillis() + 10 * lap));
    }

    private void own(
            String part, String jdk, int round, String name, List<String> options, String main, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(options);
        command.addAll(List.of("-cp", jar(), "dev.perthread.benchmarks." + main));
        command.addAll(List.of(arguments));
        command.add("out=" + file(part, jdk, round, name, ".json"));
        child(part, jdk, round, name, 300, command);
    }

    /** One JVM, with its output in a file beside its results. One that hangs or fails costs its own figures only. */
    private void child(String part, String jdk, int round, String name, long seconds, List<String> arguments)
            throws Exception {
        List<String> command =
                new ArrayList<>(List.of(jdks.get(jdk).resolve("bin/java").toString()));
        command.addAll(arguments);
        Path log = file(part, jdk, round, name, ".log");
        Files.createDirectories(log.getParent());
        Process process = new ProcessBuilder(command)
                .directory(root.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        String trouble = null;
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            trouble = "did not end in " + seconds + " s";
        } else if (process.exitValue() != 0) {
            trouble = "ended with status " + process.exitValue();
        } else if (Files.readString(log).contains("<failure>")) {
            trouble = "has a failure in it";
        } else if (part.equals("program")) {
            Files.readString(log)
                    .lines()
                    .filter(line -> line.startsWith("program: "))
                    .forEach(System.out::println);
        }
        if (trouble != null) {
            failures.add(String.format(
                    Locale.ROOT, "%s on JDK %s, round %d, %s: %s; see %s", part, jdk, round, name, trouble, log));
            System.out.println(failures.get(failures.size() - 1));
        }
    }

    private Path file(String part, String jdk, int round, String name, String end) {
        return results.resolve(part).resolve("jdk" + jdk).resolve("r" + round + "-" + name + end);
    }

    private static String jar() {
        return System.getProperty("java.class.path");
    }

    private void write() throws IOException {
        Results measured = Results.read(results);
        JsonNode run = Files.exists(meta())
                ? new ObjectMapper().readTree(meta().toFile())
                : new ObjectMapper().createObjectNode();
        Overview overview = new Overview(measured, run);
        System.out.println();
        System.out.print(overview.text());
        if (!mode.equals("smoke")) {
            Path notes = root.resolve("docs/internals/benchmarks-notes.md");
            Map<String, String> reasons = Files.exists(notes) ? RawReport.reasons(Files.readAllLines(notes)) : Map.of();
            write("docs/internals/benchmarks.md", overview.markdown());
            write("docs/internals/benchmarks-raw.md", new RawReport(measured, reasons, run).markdown());
        }
    }

    private void write(String name, String page) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, page);
        say("written: %s", file);
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }

    private static void forget(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private Map<String, String> machine() throws Exception {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("processor", lineOf("/proc/cpuinfo", "model name"));
        machine.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        machine.put("memory", lineOf("/proc/meminfo", "MemTotal"));
        machine.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        for (Map.Entry<String, Path> jdk : jdks.entrySet()) {
            machine.put(
                    "JDK " + jdk.getKey(),
                    lineOf(jdk.getValue().resolve("release").toString(), "IMPLEMENTOR=") + " "
                            + lineOf(jdk.getValue().resolve("release").toString(), "JAVA_RUNTIME_VERSION="));
        }
        return machine;
    }

    private static String lineOf(String file, String start) throws IOException {
        if (!Files.exists(Path.of(file))) {
            return "unknown";
        }
        return Files.readString(Path.of(file))
                .lines()
                .filter(line -> line.startsWith(start))
                .map(line -> line.replaceFirst("^[^:=]*[:=]\\s*", "").replace("\"", ""))
                .findFirst()
                .orElse("");
    }

    private String commit() throws Exception {
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12")
                    .directory(root.toFile())
                    .redirectErrorStream(true)
                    .start();
            String text = new String(git.getInputStream().readAllBytes()).trim();
            return git.waitFor() == 0 ? text : "unknown";
        } catch (IOException noGit) {
            return "unknown";
        }
    }
}
