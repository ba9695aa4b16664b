package dev.perthread.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The figures that tests measured, for whoever wants a number and not only that it was below the bound:
 * target/figures-25.txt and -17.
 */
final class Figures {
    private static final Map<String, String> MEASURED = new ConcurrentSkipListMap<>();

    private Figures() {}

    /** Notes it; the file has all that this run of the tests has measured so far. */
    static synchronized void note(String what, String figure) throws IOException {
        MEASURED.put(what, figure);
        Files.createDirectories(Path.of("target"));
        Files.write(
                Path.of("target", "figures-" + Runtime.version().feature() + ".txt"),
                MEASURED.entrySet().stream()
                        .map(one -> one.getKey() + ": " + one.getValue())
                        .toList());
    }
}
