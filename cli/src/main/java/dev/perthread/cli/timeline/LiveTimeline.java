package dev.perthread.cli.timeline;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.consumer.RecordedEvent;
import org.jspecify.annotations.Nullable;

/**
 * The last minutes of a program that runs, drawn anew whenever somebody asks. One thread adds events, any may ask. Bounded:
 * what is older than the window, or than very many events, is forgotten.
 */
public final class LiveTimeline {
    /** How often periodic events are wanted. */
    public static final Duration PERIOD = Duration.ofSeconds(1);

    private static final Duration WINDOW = Duration.ofMinutes(5);
    private static final int MOST_EVENTS = 100_000;
    private static final int MOST_BARS = 20_000; // it is sent anew again and again

    /** What an event told by its kind, pool and resource says once and for all, until it says it again. */
    private record Key(String kind, long pool, String key, long resource) {}

    private final String source;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<RecordedEvent> events = new ArrayDeque<>();
    private final Map<Key, RecordedEvent> latest = new HashMap<>();
    private @Nullable Timeline drawn; // null once something has happened since

    /**
     * Begins with nothing.
     *
     * @param source what the page is to call the program
     */
    public LiveTimeline(String source) {
        this.source = Text.plain(source);
    }

    /**
     * The full names of the events that it is made of.
     *
     * @return those that a recording has to have
     */
    public static List<String> eventNames() {
        return Recorder.EVENTS.stream().map(event -> EventReader.PREFIX + event).toList();
    }

    /**
     * Whether an event only tells how things are, and is wanted often: else what goes on now is not seen before it has ended.
     *
     * @param event its full name
     * @return true for those that a period can be set for
     */
    public static boolean isPeriodic(String event) {
        return event.equals(EventReader.PREFIX + "Resource") || event.equals(EventReader.PREFIX + "Statistics");
    }

    /**
     * Takes an event, of PerThread's or another.
     *
     * @param event must not change any more: its stream must not reuse it
     */
    public void add(RecordedEvent event) {
        String name = event.getEventType().getName();
        if (!name.startsWith(EventReader.PREFIX)) {
            return;
        }
        lock.lock();
        try {
            drawn = null;
            if (isPeriodic(name)) {
                long resource = event.hasField("resourceId") ? event.getLong("resourceId") : 0;
                latest.put(new Key(name, event.getLong("poolId"), EventReader.key(event), resource), event);
            } else {
                events.add(event);
            }
            forgetBefore(event.getEndTime().minus(WINDOW));
        } finally {
            lock.unlock();
        }
    }

    private void forgetBefore(Instant start) {
        for (RecordedEvent first = events.peek();
                first != null
                        && (events.size() > MOST_EVENTS || first.getEndTime().isBefore(start));
                first = events.peek()) {
            events.remove();
        }
    }

    /** All that is known; empty, of this moment, where nothing is. */
    Timeline timeline() {
        lock.lock();
        try {
            @Nullable Timeline known = drawn;
            if (known == null) {
                known = draw();
                drawn = known;
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    private Timeline draw() {
        TimelineBuilder builder = new TimelineBuilder();
        EventReader reader = new EventReader(builder);
        events.forEach(reader::add);
        current().forEach(reader::add);
        if (builder.isEmpty()) {
            long now = EventReader.nanos(Instant.now());
            builder.reach(now, now);
        }
        return builder.build(source, MOST_BARS);
    }

    /** Of what is told again and again, that which was told with the last: the rest is there no more. */
    private Collection<RecordedEvent> current() {
        Instant last = latest.values().stream()
                .map(RecordedEvent::getEndTime)
                .max(Instant::compareTo)
                .orElse(Instant.EPOCH);
        latest.values().removeIf(event -> event.getEndTime().isBefore(last.minus(WINDOW)));
        Instant current = last.minus(PERIOD.multipliedBy(2));
        return new ArrayList<>(latest.values())
                .stream().filter(event -> !event.getEndTime().isBefore(current)).toList();
    }
}
