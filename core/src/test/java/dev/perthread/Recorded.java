// A Flight Recorder recording, and the library's events in it.
package dev.perthread;

import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/** Runs from when it is made until {@link #stop}. */
final class Recorded implements AutoCloseable {
    private static final String OURS = "dev.perthread.";
    private final Recording recording;

    private Recorded(Map<String, String> settings) {
        recording = new Recording(settings);
        recording.start();
    }

    /** As events are if nobody says anything about them. */
    static Recorded byDefault() {
        return new Recorded(Map.of());
    }

    /** With the settings that the library brings along. */
    static Recorded everything() throws Exception {
        return new Recorded(settings());
    }

    static Map<String, String> settings() throws Exception {
        try (InputStreamReader file = new InputStreamReader(
                Objects.requireNonNull(PerThread.class.getResourceAsStream("/META-INF/perthread.jfc")),
                StandardCharsets.UTF_8)) {
            return Configuration.create(file).getSettings();
        }
    }

    /** An event, its name without the package. */
    record Entry(String name, RecordedEvent event) {
        long number(String field) {
            return event.getLong(field);
        }

        String text(String field) {
            return event.getString(field);
        }

        /** The name of the owner as Flight Recorder itself knows it; null if it does not any more. */
        String threadName() {
            RecordedThread owner = event.getThread("owner");
            return owner == null ? null : owner.getJavaName();
        }
    }

    /** In the order in which they began. */
    List<Entry> stop() throws IOException {
        recording.stop();
        Path file = Files.createTempFile("perthread", ".jfr");
        try {
            recording.dump(file);
            return read(file);
        } finally {
            Files.delete(file);
        }
    }

    static List<Entry> read(Path file) throws IOException {
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith(OURS))
                .sorted(Comparator.comparing(RecordedEvent::getStartTime))
                .map(event -> new Entry(event.getEventType().getName().substring(OURS.length()), event))
                .toList();
    }

    @Override
    public void close() {
        recording.close();
    }
}
