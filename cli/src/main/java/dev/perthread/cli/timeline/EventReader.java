package dev.perthread.cli.timeline;

import java.time.Instant;
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
import org.jspecify.annotations.Nullable;

/** Tells a builder what events of Flight Recorder say, of PerThread's, from wherever they come. */
final class EventReader {
    static final String PREFIX = "dev.perthread.";

    private static final int MOST_FRAMES = 30;
    private static final long NANOS = 1_000_000_000;
    private static final long NANOS_IN_MILLI = 1_000_000;
    /** The library's own frames, which lie above the one that somebody looks for. */
    private static final Pattern OURS = Pattern.compile("dev\\.perthread\\.(net\\.)?[A-Z].*");

    private record ResourceId(long pool, long resource) {}

    private final TimelineBuilder builder;
    private final Map<String, String> texts = new HashMap<>(); // the same stack is in very many events
    private final Map<ResourceId, String> keys = new HashMap<>(); // where there are any
    private long others;

    EventReader(TimelineBuilder builder) {
        this.builder = builder;
    }

    /** How many events said nothing of what is drawn. */
    long others() {
        return others;
    }

    void add(RecordedEvent event) {
        String type = event.getEventType().getName();
        String kind = type.startsWith(PREFIX) ? type.substring(PREFIX.length()) : "";
        switch (kind) {
            case "Open", "OpenFailed", "Lease", "Wait", "Close", "CloseFailed", "Leak", "Resource", "HeldTooLong" -> {
                learn(event);
                add(kind, event);
            }
            case "Statistics" -> {
                builder.namePool(event.getLong("poolId"), plain(event.getString("pool")));
                builder.limit(pool(event), event.getInt("limit"));
                others++;
            }
            default -> others++;
        }
    }

    private void add(String kind, RecordedEvent event) {
        long pool = pool(event);
        long from = nanos(event.getStartTime());
        long until = Math.max(from, nanos(event.getEndTime()));
        switch (kind) {
            case "Open" -> builder.opened(pool, resource(event), thread(event), from, until, stack(event, "opened at"));
            case "OpenFailed" ->
                builder.openFailed(pool, thread(event), from, until, text(event, "failure"), stack(event, "opened at"));
            case "Lease" ->
                builder.leased(pool, resource(event), thread(event), from, until, outcome(event), acquired(event));
            case "Wait" ->
                builder.waited(pool, thread(event), from, until, event.getBoolean("served"), stack(event, "waited at"));
            case "Close" ->
                builder.closed(pool, resource(event), owner(event), from, until, text(event, "reason"), null);
            case "CloseFailed" ->
                builder.closed(
                        pool,
                        resource(event),
                        owner(event),
                        from,
                        until,
                        text(event, "reason"),
                        text(event, "failure"));
            case "Leak" -> builder.leaked(pool, resource(event), thread(event), from, since(event), acquired(event));
            case "HeldTooLong" -> builder.heldTooLong(pool, resource(event), thread(event), until, acquired(event));
            default -> builder.seen(pool, resource(event), owner(event), from, since(event), acquired(event));
        }
    }

    /**
     * Names come from whichever event has them: Java 17 now and then writes an event without its longer strings. And of a
     * thread that has ended Flight Recorder may have forgotten the name, so events of resources have it in words.
     */
    private void learn(RecordedEvent event) {
        builder.namePool(event.getLong("poolId"), plain(event.getString("pool")));
        builder.nameThread(event.getLong("ownerId"), plain(event.getString("ownerName")));
        @Nullable RecordedThread emitter = event.getThread();
        if (emitter != null) {
            builder.nameThread(emitter.getJavaThreadId(), plain(emitter.getJavaName()));
        }
    }

    private static @Nullable String plain(@Nullable String name) {
        return name == null ? null : Text.plain(name);
    }

    /** Its id, or what stands for a key of it. An event may have lost its key: see {@link #learn}. */
    private long pool(RecordedObject event) {
        long pool = event.getLong("poolId");
        String key = key(event);
        if (event.hasField("resourceId") && resource(event) > 0) {
            ResourceId id = new ResourceId(pool, resource(event));
            if (key.isEmpty()) {
                key = keys.getOrDefault(id, "");
            } else {
                key = same(key);
                keys.putIfAbsent(id, key);
            }
        }
        return builder.ofKey(pool, key);
    }

    /** Empty in a pool without keys. */
    static String key(RecordedObject event) {
        String key = event.hasField("key") ? event.getString("key") : null;
        return key == null ? "" : Text.plain(key);
    }

    private static long resource(RecordedObject event) {
        return event.getLong("resourceId");
    }

    private String outcome(RecordedObject event) {
        String outcome = text(event, "outcome");
        return outcome.equals("RELEASED") ? "" : outcome;
    }

    /** The thread whose resource it is. The one that did it may be another, such as the one that closes the pool. */
    private static long owner(RecordedObject event) {
        return event.getLong("ownerId");
    }

    private static long thread(RecordedEvent event) {
        long owner = owner(event);
        @Nullable RecordedThread emitter = event.getThread();
        return owner == Piece.NO_THREAD && emitter != null ? emitter.getJavaThreadId() : owner;
    }

    static long nanos(Instant time) {
        return time.getEpochSecond() * NANOS + time.getNano();
    }

    private static long since(RecordedObject event) {
        return event.getLong("leasedSince") * NANOS_IN_MILLI;
    }

    private String text(RecordedObject event, String field) {
        String text = event.getString(field);
        return text == null ? "" : same(Text.plain(text));
    }

    private String acquired(RecordedObject event) {
        String lines = event.hasField("acquiredAt") ? event.getString("acquiredAt") : null;
        return lines == null || lines.isEmpty()
                ? ""
                : same("acquired at\n"
                        + lines.lines().limit(MOST_FRAMES).map(Text::plain).collect(Collectors.joining("\n")));
    }

    private String stack(RecordedEvent event, String title) {
        RecordedStackTrace stack = event.getStackTrace();
        if (stack == null) {
            return "";
        }
        List<String> lines = stack.getFrames().stream()
                .map(EventReader::line)
                .dropWhile(line -> OURS.matcher(line).matches())
                .limit(MOST_FRAMES)
                .toList();
        return lines.isEmpty() ? "" : same(title + "\n" + String.join("\n", lines));
    }

    private static String line(RecordedFrame frame) {
        return Text.plain(frame.getMethod().getType().getName() + "."
                + frame.getMethod().getName() + ":" + frame.getLineNumber());
    }

    private String same(String text) {
        return texts.computeIfAbsent(text, it -> it);
    }
}
