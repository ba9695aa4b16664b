package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** The recording that ships with the command, made by {@code src/demo/DemoRecording.java}. */
final class Demo {
    private static final String NAME = "demo.jfr";

    private Demo() {}

    /** Its timeline, with no more than so many spans. */
    static Timeline read(int mostSpans) throws CommandFailure {
        try {
            Path directory = Files.createTempDirectory("perthread");
            Path file = directory.resolve(NAME); // the JDK reads recordings from files only
            try {
                unpack(file);
                return TimelineReader.read(file, mostSpans);
            } finally {
                Files.deleteIfExists(file);
                Files.delete(directory);
            }
        } catch (IOException e) {
            throw new CommandFailure("cannot unpack the demo (" + ErrorMessages.of(e) + ")");
        }
    }

    private static void unpack(Path file) throws IOException {
        try (InputStream packed = Demo.class.getResourceAsStream(NAME + ".gz")) {
            if (packed == null) {
                throw new IllegalStateException(NAME + ".gz is missing in the jar");
            }
            try (InputStream in = new GZIPInputStream(packed)) {
                Files.copy(in, file);
            }
        }
    }
}
