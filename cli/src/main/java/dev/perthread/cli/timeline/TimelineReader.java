package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.TimelineBuilder.Who;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedObject;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/**
 * The reader of PerThread's events in a flight recording; says in one line what is wrong with a file that has none.
 */
final class TimelineReader {
    private static final String PREFIX = "dev.perthread.";
    private static final String LEASE = PREFIX + "Lease";
    /** Reclaim and Statistics have no place in a lane. */
    private static final Set<String> KINDS = Stream.of(
                    "Open", "OpenFailed", "Lease", "Wait", "Close", "CloseFailed", "Leak", "Resource")
            .map(PREFIX::concat)
            .collect(Collectors.toSet());

    private static final byte[] MAGIC = {'F', 'L', 'R', 0};
    // A recording is a sequence of chunks. In the header of each, in bytes from its beginning:
    private static final int CHUNK_SIZE = 8;
    private static final int METADATA_POSITION = 24;
    private static final int STATE = 64;
    private static final int HEADER = 68;
    private static final byte UPDATING = -1;

    private static final int MOST_FRAMES = 30;
    private static final long NANOS = 1_000_000_000;
    private static final long NANOS_IN_MILLI = 1_000_000;
    /** The library's own frames, which lie above the one that somebody looks for. */
    private static final Pattern OURS = Pattern.compile("dev\\.perthread\\.(net\\.)?[A-Z].*");

    private final Path file;
    private final List<RecordedEvent> events = new ArrayList<>();
    private final Map<Long, String> holders = new HashMap<>();
    private final Map<Long, String> threads = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>(); // the same stack is in very many events
    private long others;

    private TimelineReader(Path file) {
        this.file = file;
    }

    static Timeline read(Path file) throws CommandFailure {
        return new TimelineReader(file).read();
    }

    private Timeline read() throws CommandFailure {
        refuseWhatIsNoRecording();
        refuseWhatNeverEnds();
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                RecordedEvent event = recording.readEvent();
                if (KINDS.contains(event.getEventType().getName())) {
                    events.add(event);
                } else {
                    others++;
                }
            }
            if (!events.isEmpty()) {
                return build();
            }
        } catch (IOException | RuntimeException | VirtualMachineError e) {
            // Whatever the JDK's reader stumbles over, InternalError included: it trusts what the file says.
            throw damaged(ErrorMessages.of(e));
        }
        throw new CommandFailure(file + ": no PerThread events among its " + others
                + " events; a recording of a program that used PerThread meanwhile is allowed");
    }

    private Timeline build() {
        boolean leases =
                events.stream().anyMatch(event -> event.getEventType().getName().equals(LEASE));
        TimelineBuilder builder = new TimelineBuilder(leases);
        events.forEach(this::learn);
        events.forEach(event -> add(event, builder));
        Path name = file.getFileName();
        return builder.build(Output.plain(String.valueOf(name == null ? file : name)));
    }

    private void refuseWhatIsNoRecording() throws CommandFailure {
        if (!Files.exists(file)) {
            throw new CommandFailure(file + ": no such file");
        }
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a directory; a flight recording (.jfr) is allowed");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(MAGIC.length);
            if (first.length == 0) {
                throw new CommandFailure(file + ": an empty file; a flight recording (.jfr) is allowed");
            }
            if (!Arrays.equals(first, MAGIC)) {
                throw new CommandFailure(file + ": not a flight recording (.jfr)");
            }
        } catch (IOException e) {
            throw new CommandFailure(file + ": cannot be read (" + ErrorMessages.of(e) + ")");
        }
    }

    /**
     * For a header that is being written, or whose program was killed before it had written it, the JDK's reader waits until
     * it is there.
     */
    private void refuseWhatNeverEnds() throws CommandFailure {
        try (FileChannel in = FileChannel.open(file)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER);
            long size;
            for (long chunk = 0; in.read(header.clear(), chunk) == HEADER; chunk += size) {
                if (header.getLong(METADATA_POSITION) == 0 || header.get(STATE) == UPDATING) {
                    throw damaged("the header at byte " + chunk + " is not finished");
                }
                size = header.getLong(CHUNK_SIZE);
                if (size < HEADER) {
                    return; // damaged in a way that the reader notices
                }
            }
        } catch (IOException | IllegalArgumentException e) { // a position that does not exist
            throw damaged(ErrorMessages.of(e));
        }
    }

    private CommandFailure damaged(String how) {
        return new CommandFailure(file + ": a flight recording that is cut off or damaged (" + how
                + "); one whose program has ended, or that jcmd JFR.dump wrote, is allowed");
    }

    private void add(RecordedEvent event, TimelineBuilder to) {
        long from = nanos(event.getStartTime());
        long until = Math.max(from, nanos(event.getEndTime()));
        switch (event.getEventType().getName().substring(PREFIX.length())) {
            case "Open" -> to.opened(resource(event), who(event), from, until, stack(event, "opened at"));
            case "OpenFailed" ->
                to.openFailed(who(event), from, until, text(event, "failure"), stack(event, "opened at"));
            case "Lease" -> to.leased(resource(event), who(event), from, until, outcome(event), acquired(event));
            case "Wait" -> to.waited(who(event), from, until, event.getBoolean("served"), stack(event, "waited at"));
            case "Close" -> to.closed(resource(event), owner(event), from, until, text(event, "reason"), null);
            case "CloseFailed" ->
                to.closed(resource(event), owner(event), from, until, text(event, "reason"), text(event, "failure"));
            case "Leak" -> to.leaked(resource(event), who(event), from, since(event), acquired(event));
            default -> to.seen(resource(event), owner(event), from, since(event), acquired(event));
        }
    }

    /**
     * Names come from whichever event has them: Java 17 now and then writes an event without its longer strings. And of a
     * thread that has ended Flight Recorder may have forgotten the name, so events of resources have it in words.
     */
    private void learn(RecordedEvent event) {
        learn(holders, event.getLong("holderId"), event.getString("holder"));
        learn(threads, event.getLong("ownerId"), event.getString("ownerName"));
        @Nullable RecordedThread emitter = event.getThread();
        if (emitter != null) {
            learn(threads, emitter.getJavaThreadId(), emitter.getJavaName());
        }
    }

    private static void learn(Map<Long, String> names, long id, @Nullable String name) {
        if (name != null && !name.isEmpty()) {
            names.putIfAbsent(id, Output.plain(name));
        }
    }

    private Resource resource(RecordedObject event) {
        long holder = event.getLong("holderId");
        return new Resource(holders.getOrDefault(holder, "holder " + holder), holder, event.getLong("resourceId"));
    }

    private String outcome(RecordedObject event) {
        String outcome = text(event, "outcome");
        return outcome.equals("RELEASED") ? "" : outcome;
    }

    /** The thread whose resource it is. The one that did it may be another, such as the one that closes the holder. */
    private Who owner(RecordedObject event) {
        long id = event.getLong("ownerId");
        return id == 0 ? TimelineBuilder.NOBODY : who(id);
    }

    private Who who(RecordedEvent event) {
        Who owner = owner(event);
        @Nullable RecordedThread emitter = event.getThread();
        return owner.equals(TimelineBuilder.NOBODY) && emitter != null ? who(emitter.getJavaThreadId()) : owner;
    }

    private Who who(long id) {
        return new Who(id, threads.getOrDefault(id, "thread " + id));
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
