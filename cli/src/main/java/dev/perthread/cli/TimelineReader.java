// Reads PerThread's events out of a flight recording, and says in one line what is wrong with a file that has none.
package dev.perthread.cli;

import dev.perthread.cli.Timeline.Resource;
import dev.perthread.cli.TimelineBuilder.Who;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedObject;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

final class TimelineReader {
    private static final String PREFIX = "dev.perthread.";
    private static final byte[] MAGIC = {'F', 'L', 'R', 0};
    private static final int MOST_FRAMES = 30;
    private static final long NANOS = 1_000_000_000;
    private static final long NANOS_IN_MILLI = 1_000_000;
    /** The library's own frames, which lie above the one that somebody looks for. */
    private static final Pattern OURS = Pattern.compile("dev\\.perthread\\.(net\\.)?[A-Z].*");

    private final Path file;
    private final TimelineBuilder builder = new TimelineBuilder();
    private final Map<String, String> texts = new HashMap<>(); // the same stack is in very many events
    private long ours;
    private long others;

    private TimelineReader(Path file) {
        this.file = file;
    }

    static Timeline read(Path file) throws Main.Failure {
        return new TimelineReader(file).read();
    }

    private Timeline read() throws Main.Failure {
        refuseWhatIsNoRecording();
        try (RecordingFile events = new RecordingFile(file)) {
            while (events.hasMoreEvents()) {
                add(events.readEvent());
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // Whatever the JDK's reader stumbles over: it trusts the sizes and numbers in the file.
            throw new Main.Failure(file + ": a flight recording that is cut off or damaged (" + Reasons.of(e)
                    + "); one whose program has ended, or that jcmd JFR.dump wrote, is allowed");
        }
        if (ours == 0) {
            throw new Main.Failure(file + ": no PerThread events among its " + others
                    + " events; a recording of a program that used PerThread meanwhile is allowed");
        }
        Path name = file.getFileName();
        return builder.build(Output.plain(String.valueOf(name == null ? file : name)));
    }

    private void refuseWhatIsNoRecording() throws Main.Failure {
        if (!Files.exists(file)) {
            throw new Main.Failure(file + ": no such file");
        }
        if (Files.isDirectory(file)) {
            throw new Main.Failure(file + ": a directory; a flight recording (.jfr) is allowed");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(MAGIC.length);
            if (first.length == 0) {
                throw new Main.Failure(file + ": an empty file; a flight recording (.jfr) is allowed");
            }
            if (!Arrays.equals(first, MAGIC)) {
                throw new Main.Failure(file + ": not a flight recording (.jfr)");
            }
        } catch (IOException e) {
            throw new Main.Failure(file + ": cannot be read (" + Reasons.of(e) + ")");
        }
    }

    private void add(RecordedEvent event) {
        String name = event.getEventType().getName();
        if (!name.startsWith(PREFIX)) {
            others++;
            return;
        }
        long from = nanos(event.getStartTime());
        long to = Math.max(from, nanos(event.getEndTime()));
        switch (name.substring(PREFIX.length())) {
            case "Open" -> builder.opened(resource(event), who(event), from, to, stack(event, "opened at"));
            case "OpenFailed" ->
                builder.openFailed(who(event), from, to, text(event, "failure"), stack(event, "opened at"));
            case "Lease" -> builder.leased(resource(event), who(event), from, to, acquiredOrReleased(event));
            case "Wait" -> builder.waited(who(event), from, to, event.getBoolean("served"), stack(event, "waited at"));
            case "Close" -> builder.closed(resource(event), owner(event), from, to, text(event, "reason"), null);
            case "CloseFailed" ->
                builder.closed(resource(event), owner(event), from, to, text(event, "reason"), text(event, "failure"));
            case "Leak" -> builder.leaked(resource(event), who(event), from, since(event), acquired(event));
            default -> {
                others++; // Reclaim and Statistics have no place in a lane
                return;
            }
        }
        ours++;
    }

    private Resource resource(RecordedObject event) {
        return new Resource(text(event, "holder"), event.getLong("holderId"), event.getLong("resourceId"));
    }

    /** The thread whose resource it is; the one that did it may be another, such as the one that closes the holder. */
    private @Nullable Who owner(RecordedObject event) {
        return who(event.<@Nullable RecordedThread>getValue("owner"));
    }

    private Who who(RecordedEvent event) {
        Who owner = owner(event);
        Who emitter = owner == null ? who(event.getThread()) : owner;
        return emitter == null ? TimelineBuilder.NOBODY : emitter;
    }

    private @Nullable Who who(@Nullable RecordedThread thread) {
        if (thread == null) {
            return null;
        }
        String name = thread.getJavaName();
        String known = name == null || name.isEmpty() ? "thread " + thread.getJavaThreadId() : Output.plain(name);
        return new Who(thread.getId(), same(known));
    }

    private static long nanos(Instant time) {
        return time.getEpochSecond() * NANOS + time.getNano();
    }

    private static long since(RecordedObject event) {
        return event.getLong("leasedSince") * NANOS_IN_MILLI;
    }

    private String text(RecordedObject event, String field) {
        String text = event.getString(field);
        return text == null ? "" : same(Output.plain(text));
    }

    private String acquired(RecordedObject event) {
        String lines = event.getString("acquiredAt");
        return lines == null || lines.isEmpty()
                ? ""
                : same("acquired at\n" + lines.lines().map(Output::plain).collect(Collectors.joining("\n")));
    }

    private String acquiredOrReleased(RecordedEvent event) {
        String acquired = acquired(event);
        return acquired.isEmpty() ? stack(event, "released at") : acquired;
    }

    private String stack(RecordedEvent event, String title) {
        RecordedStackTrace stack = event.getStackTrace();
        if (stack == null) {
            return "";
        }
        List<String> lines = stack.getFrames().stream()
                .map(TimelineReader::line)
                .dropWhile(line -> OURS.matcher(line).matches())
                .limit(MOST_FRAMES)
                .toList();
        return lines.isEmpty() ? "" : same(title + "\n" + String.join("\n", lines));
    }

    private static String line(RecordedFrame frame) {
        return Output.plain(frame.getMethod().getType().getName() + "."
                + frame.getMethod().getName() + ":" + frame.getLineNumber());
    }

    private String same(String text) {
        return texts.computeIfAbsent(text, it -> it);
    }
}
