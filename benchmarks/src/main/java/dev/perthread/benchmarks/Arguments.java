package dev.perthread.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The command line of one part's JVM, as {@code name=value} pairs in any order, and the file its figures go to. Every
 * argument has a default.
 */
final class Arguments {
    private final Map<String, String> given = new LinkedHashMap<>();

    Arguments(String... args) {
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("'" + arg + "' is not of the form name=value");
            }
            given.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
    }

    String text(String name, String otherwise) {
        return given.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    /** Prints the figures, and writes them to the file named by {@code out}, if one is. */
    void write(Map<String, Double> figures) throws IOException {
        figures.forEach((name, value) -> System.out.printf(Locale.ROOT, "%-60s %,.3f%n", name, value));
        String out = text("out", "");
        if (!out.isEmpty()) {
            Files.createDirectories(Path.of(out).toAbsolutePath().getParent());
            new ObjectMapper().writeValue(Path.of(out).toFile(), Map.of("figures", figures));
        }
    }
}
