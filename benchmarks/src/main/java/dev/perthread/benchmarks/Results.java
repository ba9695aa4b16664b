package dev.perthread.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * All measured figures, read from the files of a run: JMH's JSON, and the figures of the other parts.
 *
 * <p>A figure's name is {@code part/case/unit}, such as {@code uncontended/t2/floor/ns}. The files are {@code
 * PART/jdk17/r1-ANYTHING.json}, which gives the part, the Java version and the round.
 */
final class Results {
    private static final Pattern FILE = Pattern.compile("([a-z]+)/jdk(\\d+)/r(\\d+)-[^/]*\\.json");
    private static final Map<String, String> PARTS = Map.of(
            "AcquireReleaseBenchmark", "uncontended",
            "ObservationBenchmark", "observation",
            "OpenCloseBenchmark", "openclose");

    private final Map<String, Map<String, Sample>> byJdk = new TreeMap<>();

    static Results read(Path directory) throws IOException {
        Results results = new Results();
        if (!Files.isDirectory(directory)) {
            return results;
        }
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            Matcher name = FILE.matcher(directory.relativize(file).toString());
            if (name.matches() && Files.size(file) > 0) {
                results.add(name.group(2), Integer.parseInt(name.group(3)), new ObjectMapper().readTree(file.toFile()));
            }
        }
        return results;
    }

    void add(String jdk, int round, JsonNode content) {
        if (content.isArray()) {
            content.forEach(benchmark -> addJmh(jdk, round, benchmark));
        } else {
            content.path("figures")
                    .properties()
                    .forEach(figure ->
                            add(jdk, figure.getKey(), round, figure.getValue().asDouble()));
        }
    }

    private void addJmh(String jdk, int round, JsonNode benchmark) {
        String[] names = benchmark.path("benchmark").asText().split("\\.");
        StringBuilder name = new StringBuilder()
                .append(PARTS.getOrDefault(names[names.length - 2], names[names.length - 2]))
                .append("/t")
                .append(benchmark.path("threads").asInt())
                .append('/')
                .append(names[names.length - 1]);
        benchmark.path("params").forEach(value -> name.append(':').append(value.asText()));
        add(jdk, name + "/ns", round, median(benchmark.path("primaryMetric")));
        benchmark.path("secondaryMetrics").properties().forEach(metric -> {
            if (metric.getKey().endsWith("gc.alloc.rate.norm")) {
                add(jdk, name + "/bytes", round, median(metric.getValue()));
            }
        });
    }

    /** Of all iterations: there is one fork in a file. */
    private static double median(JsonNode metric) {
        double[] values = Stream.of(metric.path("rawData"))
                .flatMap(forks -> forks.valueStream())
                .flatMap(iterations -> iterations.valueStream())
                .mapToDouble(JsonNode::asDouble)
                .toArray();
        return values.length == 0 ? metric.path("score").asDouble() : Sample.median(values);
    }

    void add(String jdk, String name, int round, double value) {
        byJdk.computeIfAbsent(jdk, any -> new TreeMap<>())
                .computeIfAbsent(name, any -> new Sample())
                .add(round, value);
    }

    /** Null if it was not measured. */
    Sample get(String jdk, String name) {
        return byJdk.getOrDefault(jdk, Map.of()).get(name);
    }

    /** Null if one of the two was not measured. */
    Sample ratio(String jdk, String name, String to) {
        Sample one = get(jdk, name);
        Sample other = get(jdk, to);
        return one == null || other == null ? null : one.dividedBy(other);
    }

    SortedSet<String> jdks() {
        return new TreeSet<>(byJdk.keySet());
    }

    /** The names that begin so, of all JDKs or of one. */
    SortedSet<String> names(String prefix, String... jdks) {
        SortedSet<String> names = new TreeSet<>();
        for (String jdk : jdks.length == 0 ? byJdk.keySet().toArray(new String[0]) : jdks) {
            byJdk.getOrDefault(jdk, Map.of()).keySet().stream()
                    .filter(name -> name.startsWith(prefix))
                    .forEach(names::add);
        }
        return names;
    }

    /** The thread counts of the uncontended part, in order. */
    List<Integer> threads() {
        return names("uncontended/").stream()
                .map(name -> Integer.valueOf(name.split("/")[1].substring(1)))
                .distinct()
                .sorted()
                .toList();
    }
}
