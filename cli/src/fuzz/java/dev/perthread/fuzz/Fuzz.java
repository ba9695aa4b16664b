package dev.perthread.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs every target on its seeds and then on what Jazzer makes of them, each in a Java of its own. A target is a class
 * whose name ends with Fuzz and that has a fuzzerTestOneInput; nothing else need be told of it.
 */
public final class Fuzz {
    private static final Pattern RUNS = Pattern.compile("stat::number_of_executed_units: +(\\d+)");
    private static final Pattern FOUND = Pattern.compile("(?m)^== Java Exception: (.*)$|^ERROR: (.*)$");
    private static final int LONGEST_RUN_SECONDS =
            60; // the first run loads and changes all classes, on a busy machine slowly
    private static final int PATIENCE_SECONDS = 120; // beyond the time that was asked for

    private final int seconds;
    private final Path corpora;
    private final Path work;

    private Fuzz(int seconds, Path corpora, Path work) {
        this.seconds = seconds;
        this.corpora = corpora;
        this.work = work;
    }

    /** Takes the seconds a target, how many targets at once, a pattern of their names, the seeds, and a directory. */
    public static void main(String[] args) throws Exception {
        Fuzz fuzz = new Fuzz(Integer.parseInt(args[0]), Path.of(args[3]), Path.of(args[4]));
        List<String> targets = targets(Pattern.compile(args[2]));
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("fuzz.targets must be a pattern of some of "
                    + targets(Pattern.compile(".*")) + ", but was " + args[2]);
        }
        if (!fuzz.all(targets, Integer.parseInt(args[1]))) {
            System.exit(1);
        }
    }

    private static List<String> targets(Pattern wanted) throws Exception {
        Path classes = Path.of(
                Fuzz.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(classes)) {
            return files.map(file -> classes.relativize(file).toString())
                    .filter(name -> name.endsWith("Fuzz.class"))
                    .map(name -> name.replace(".class", "").replace('/', '.'))
                    .filter(name -> !name.equals(Fuzz.class.getName()))
                    .filter(name -> wanted.matcher(simple(name)).matches())
                    .sorted()
                    .toList();
        }
    }

    private static String simple(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private boolean all(List<String> targets, int atOnce) throws InterruptedException, ExecutionException {
        ExecutorService runners = Executors.newFixedThreadPool(atOnce);
        try {
            List<Future<Boolean>> results = new ArrayList<>();
            for (String target : targets) {
                results.add(runners.submit(() -> one(target)));
            }
            boolean good = true;
            for (Future<Boolean> result : results) {
                good &= result.get();
            }
            return good;
        } finally {
            runners.shutdownNow();
        }
    }

    private boolean one(String target) throws IOException, InterruptedException {
        String name = simple(target);
        Path own = Files.createDirectories(work.resolve(name));
        Path found = Files.createDirectories(own.resolve("corpus"));
        Path log = own.resolve("log");
        Path seeds = corpora.resolve(name);
        if (!Files.isDirectory(seeds)) {
            throw new IllegalStateException(target + " has no seeds; files in " + seeds + " are needed");
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx700m",
                "-XX:+EnableDynamicAgentLoading",
                "-cp",
                System.getProperty("java.class.path")));
        if (isShort()) { // most of it is the start: the simple compiler and collector are quickest at that
            command.addAll(1, List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        }
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target,
                "--instrumentation_includes=" + instrumented(),
                "--custom_hook_includes=dev.perthread.**", // not each class of each library, of which there are many
                "--reproducer_path=" + own,
                "-artifact_prefix=" + own + "/",
                "-max_total_time=" + seconds,
                "-timeout=" + LONGEST_RUN_SECONDS,
                "-rss_limit_mb=2048",
                "-print_final_stats=1"));
        dictionary(seeds).forEach(file -> command.add("-dict=" + file));
        command.addAll(List.of(found.toString(), seeds.toString()));
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended;
        try {
            ended = process.waitFor(seconds + PATIENCE_SECONDS, TimeUnit.SECONDS);
        } finally {
            process.destroyForcibly();
        }
        boolean good = ended && process.exitValue() == 0;
        tell(name, good, log, (System.nanoTime() - begin) / 1e9);
        return good;
    }

    private boolean isShort() {
        return seconds < 30;
    }

    /** Looking into the parser of options finds its branches, but takes some seconds before anything is tried. */
    private String instrumented() {
        return "dev.perthread.cli.**:dev.perthread.net.**" + (isShort() ? "" : ":org.apache.commons.cli.**");
    }

    private List<Path> dictionary(Path seeds) {
        Path file = seeds.resolveSibling(seeds.getFileName() + ".dict");
        return Files.exists(file) ? List.of(file) : List.of();
    }

    private static void tell(String name, boolean good, Path log, double time) {
        String text;
        try {
            text = Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<Boolean, String> words = Map.of(true, "nothing found", false, "FOUND");
        Matcher runs = RUNS.matcher(text);
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "fuzz: %-12s %s, %s runs in %.1f s",
                name,
                words.get(good),
                runs.find() ? runs.group(1) : "?",
                time));
        if (!good) {
            Matcher what = FOUND.matcher(text);
            while (what.find()) {
                line.append("\n  ").append(what.group());
            }
            line.append("\n  all of it, and the input, beside ").append(log);
        }
        System.out.println(line);
    }
}
