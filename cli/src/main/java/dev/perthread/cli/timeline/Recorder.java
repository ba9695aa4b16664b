package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.jspecify.annotations.Nullable;

/**
 * A flight recording of what PerThread does in this process, for {@code fetch --record} and {@code --timeline}. Started
 * before anything is opened, and finished after all is closed.
 */
public final class Recorder implements AutoCloseable {
    static final List<String> EVENTS = List.of(
            "Open",
            "OpenFailed",
            "Lease",
            "Wait",
            "Close",
            "CloseFailed",
            "Leak",
            "HeldTooLong",
            "Reclaim",
            "Resource",
            "Statistics");
    private static final int PATIENCE_MILLIS = 5000;
    private static final int LOOK_EVERY_MILLIS = 10;

    private final Recording recording = new Recording();
    private final Path file;
    private final boolean temporary;
    private final @Nullable Path page;

    /**
     * Starts to record, if a recording or a page is wanted.
     *
     * @param file where the recording is written; null for none
     * @param page where the timeline of it is written; null for none
     * @return null if neither is wanted
     * @throws CommandFailure if one cannot be written to: better said before the work than after it
     */
    public static @Nullable Recorder start(@Nullable Path file, @Nullable Path page) throws CommandFailure {
        if (file == null && page == null) {
            return null;
        }
        refuseWithoutFlightRecorder();
        if (file != null && page != null && file.toAbsolutePath().equals(page.toAbsolutePath())) {
            throw new CommandFailure(file + ": --record and --timeline must be two files, but are the same");
        }
        if (page != null) {
            touch(page);
        }
        if (file != null) {
            touch(file);
        }
        return new Recorder(file, page);
    }

    private Recorder(@Nullable Path file, @Nullable Path page) throws CommandFailure {
        this.page = page;
        this.temporary = file == null;
        try {
            this.file = file == null ? Files.createTempFile("perthread", ".jfr") : file;
            recording.setName("perthread");
            recording.setToDisk(true);
            recording.setDestination(this.file);
            recording.setDumpOnExit(true); // where the program is ended at once, by a second Ctrl-C
            EVENTS.forEach(event -> recording.enable(EventReader.PREFIX + event).withoutThreshold());
            recording.start();
        } catch (IOException e) {
            recording.close();
            throw new CommandFailure("cannot record (" + ErrorMessages.ofFile(e) + ")");
        }
    }

    /**
     * Looks whether this Java has a flight recorder: it may have been made without.
     *
     * @throws CommandFailure if it has none
     */
    public static void refuseWithoutFlightRecorder() throws CommandFailure {
        if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
            throw new CommandFailure("this Java has no flight recorder (module jdk.jfr); use a full JDK");
        }
    }

    private static void touch(Path file) throws CommandFailure {
        try {
            Files.newOutputStream(file).close();
        } catch (IOException e) {
            throw new CommandFailure(file + ": cannot be written to (" + ErrorMessages.ofFile(e) + ")");
        }
    }

    /**
     * Ends the recording and writes what was asked for.
     *
     * @throws CommandFailure if that cannot be written
     * @throws InterruptedException if this thread is interrupted
     */
    public void finish() throws CommandFailure, InterruptedException {
        try {
            recording.stop();
        } catch (IllegalStateException e) {
            awaitJavasOwnEnd();
        }
        if (page != null) {
            TimelinePage.write(TimelineReader.read(file, TimelinePage.MOST_BARS), page, true);
        }
    }

    /** The process ends by a signal: then Java stops and writes recordings by itself, at the same time as this runs. */
    private void awaitJavasOwnEnd() throws InterruptedException {
        for (int waited = 0; waited < PATIENCE_MILLIS; waited += LOOK_EVERY_MILLIS) {
            if (recording.getState() == RecordingState.CLOSED) {
                return;
            }
            Thread.sleep(LOOK_EVERY_MILLIS);
        }
    }

    @Override
    public void close() {
        recording.close();
        if (temporary) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                file.toFile().deleteOnExit();
            }
        }
    }
}
