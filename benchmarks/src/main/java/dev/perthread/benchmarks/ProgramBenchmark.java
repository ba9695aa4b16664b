package dev.perthread.benchmarks;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Whole programs against one server in C: {@code perthread fetch}, the usual Python program, and bare Java sockets.
 * Each program runs once, in turn; the time is that of the whole process. The Java programs get the options of the
 * {@code perthread} launcher. {@code root=DIRECTORY requests=N launcher=yes|no out=FILE}: {@code perthread fetch} is
 * started by the launcher, with the time that this takes, or by {@code java -jar}.
 */
public final class ProgramBenchmark {
    private static final int THREADS = 2;
    private static final int STARTS = 11;
    private static final int LONGEST = 100; // seconds that a program may take; some three are usual

    private final Path root;
    private final int requests; // of each thread
    private final boolean launcher;
    private int port;

    private ProgramBenchmark(Path root, int requests, boolean launcher) {
        this.root = root;
        this.requests = requests;
        this.launcher = launcher;
    }

    /** Runs all; without a C compiler or Python it says so and measures nothing. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(measure(arguments));
    }

    static Map<String, Double> measure(Arguments arguments) throws Exception {
        ProgramBenchmark benchmark = new ProgramBenchmark(
                Path.of(arguments.text("root", ".")).toAbsolutePath().normalize(),
                arguments.number("requests", 20_000) / THREADS,
                arguments.text("launcher", "no").equals("yes"));
        return benchmark.run();
    }

    private Map<String, Double> run() throws Exception {
        String compiler = found("cc", "gcc", "clang");
        String shown = found("python3");
        String python = shown == null ? null : real(shown);
        if (compiler == null || python == null) {
            System.out.println("program: skipped, there is no " + (compiler == null ? "C compiler (cc)" : "python3"));
            return Map.of();
        }
        Path sources = root.resolve("benchmarks/src/main/program");
        Path server = Files.createTempFile("perthread-server", "");
        try {
            must(
                    List.of(
                            compiler,
                            "-O2",
                            "-o",
                            server.toString(),
                            sources.resolve("server.c").toString()),
                    Map.of());
            Process serving = new ProcessBuilder(server.toString())
                    .redirectError(Redirect.INHERIT)
                    .start();
            try {
                port = Integer.parseInt(
                        new BufferedReader(new InputStreamReader(serving.getInputStream(), StandardCharsets.US_ASCII))
                                .readLine());
                return programs(python, sources);
            } finally {
                serving.getOutputStream().close(); // which ends it
                serving.waitFor(5, TimeUnit.SECONDS);
                serving.destroyForcibly();
            }
        } finally {
            Files.delete(server);
        }
    }

    private Map<String, Double> programs(String python, Path sources) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String threads = Integer.toString(THREADS);
        String each = Integer.toString(requests);
        List<String> quickStart = List.of(
                java, "-XX:+UseSerialGC", "-Xmn16m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto");
        List<String> bare = with(
                quickStart,
                "-cp",
                System.getProperty("java.class.path"),
                "dev.perthread.benchmarks.BareFetch",
                "127.0.0.1",
                Integer.toString(port),
                threads,
                each);
        Map<String, Double> figures = new LinkedHashMap<>();
        Map<String, List<String>> programs = new LinkedHashMap<>();
        programs.put(
                "python",
                List.of(python, sources.resolve("recipe.py").toString(), "127.0.0.1", "" + port, threads, each));
        programs.put("bareJavaThreeWrites", with(bare, "three"));
        programs.put("bareJava", with(bare, "one"));
        programs.put("bareJavaKeep", with(bare, "keep"));
        Map<String, String> environment = Map.of("JAVA_HOME", System.getProperty("java.home"));
        Path jar = root.resolve("cli/target/perthread.jar");
        if (Files.exists(jar)) {
            // Not where a build runs this as a test: where a source is newer than the jar the launcher begins a build
            // in the same directories.
            List<String> start =
                    launcher ? List.of(root.resolve("perthread").toString()) : with(quickStart, "-jar", jar.toString());
            must(with(start, "--version"), environment); // what the launcher makes for this Java is there from now on
            List<String> fetch =
                    with(start, "fetch", "-q", "-t", threads, "-n", each, "http://127.0.0.1:" + port + "/index.html");
            programs.put("fetch", fetch);
            programs.put("fetchKeep", with(fetch, "--keep"));
            starts(figures, java, with(start, "--version"), environment);
        } else {
            System.out.println("program: no cli/target/perthread.jar, so without perthread fetch");
        }
        for (Map.Entry<String, List<String>> program : programs.entrySet()) {
            figures.put(
                    "program/" + program.getKey() + "/rps",
                    THREADS * requests / seconds(program.getValue(), environment));
        }
        return figures;
    }

    /** The two by turns; the median of each. */
    private static void starts(
            Map<String, Double> figures, String java, List<String> version, Map<String, String> environment)
            throws Exception {
        Path directory = Files.createTempDirectory("perthread-empty");
        String name = EmptyProgram.class.getName();
        Path file = directory.resolve(name.replace('.', '/') + ".class");
        try (InputStream content = EmptyProgram.class.getResourceAsStream("EmptyProgram.class")) {
            Files.createDirectories(file.getParent());
            Files.copy(Objects.requireNonNull(content), file); // alone: to open a large jar takes longer than to start
            List<String> empty = List.of(java, "-cp", directory.toString(), name);
            double[] ours = new double[STARTS];
            double[] theirs = new double[STARTS];
            for (int i = 0; i < STARTS; i++) {
                theirs[i] = seconds(empty, environment);
                ours[i] = seconds(version, environment);
            }
            figures.put("program/version/ms", median(ours) * 1e3);
            figures.put("program/emptyJava/ms", median(theirs) * 1e3);
        } finally {
            for (Path part = file; !part.equals(directory.getParent()); part = part.getParent()) {
                Files.deleteIfExists(part);
            }
        }
    }

    private static double median(double[] of) {
        Arrays.sort(of);
        return of[of.length / 2];
    }

    private static double seconds(List<String> command, Map<String, String> environment) throws Exception {
        long start = System.nanoTime();
        must(command, environment);
        return (System.nanoTime() - start) / 1e9;
    }

    private static List<String> with(List<String> command, String... more) {
        List<String> longer = new ArrayList<>(command);
        longer.addAll(List.of(more));
        return longer;
    }

    private static void must(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile("perthread-program", ".out");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .redirectInput(Redirect.from(new File("/dev/null")));
            builder.environment().putAll(environment);
            Process process = builder.start();
            try {
                boolean ended = process.waitFor(LONGEST, TimeUnit.SECONDS);
                if (!ended || process.exitValue() != 0) {
                    String how = ended ? "ended with status " + process.exitValue() : "went on for " + LONGEST + " s";
                    throw new IOException(String.join(" ", command) + " " + how + ":\n" + Files.readString(output));
                }
            } finally {
                process.destroyForcibly(); // or it would go on beside the next one
            }
        } finally {
            Files.delete(output);
        }
    }

    /** Python itself: what is found may be a script that looks for it, which takes longer than Python to start. */
    private static String real(String python) throws Exception {
        Process asked = new ProcessBuilder(python, "-c", "import sys; print(sys.executable)")
                .redirectError(Redirect.DISCARD)
                .start();
        String real = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return asked.waitFor() == 0 && !real.isEmpty() ? real : python;
    }

    private static String found(String... names) {
        for (String name : names) {
            for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
                Path file = Path.of(directory.isEmpty() ? "." : directory, name);
                if (Files.isExecutable(file) && !Files.isDirectory(file)) {
                    return file.toString();
                }
            }
        }
        return null;
    }
}
