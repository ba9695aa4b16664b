package dev.perthread.cli.timeline;

import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Times;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Lane;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Pool;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A timeline for a terminal: a line per thread or per resource, a character per stretch of time. */
final class TimelineText {
    private static final String NUMBERS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final int LONGEST_NAME = 24;
    private static final int LEAST_COLUMNS = 10;
    private static final char IDLE = '-';
    private static final int MOST_DIGIT = 9;

    /** What there is a line for. */
    enum By {
        THREAD,
        RESOURCE;

        /** As an option's converter does it. */
        static By parse(String given) {
            for (By view : values()) {
                if (view.name().equalsIgnoreCase(given)) {
                    return view;
                }
            }
            throw OptionConverters.wrong("thread or resource", given);
        }
    }

    /** A line: of a thread's use of a pool, or of a place in a pool. */
    private record Key(int pool, int number) {
        static final Comparator<Key> BY_NUMBER =
                Comparator.comparingInt(Key::number).thenComparingInt(Key::pool);
        static final Comparator<Key> BY_POOL =
                Comparator.comparingInt(Key::pool).thenComparingInt(Key::number);
    }

    private final Timeline timeline;
    private final By by;
    private final int width;
    private final Map<Key, Map<Character, double[]>> shares;
    private final Map<Key, List<Mark>> marks = new HashMap<>();
    private final Map<Key, String> names = new HashMap<>();
    private final int nameWidth;
    private final int columns;

    private TimelineText(Timeline timeline, By by, int width) {
        this.timeline = timeline;
        this.by = by;
        this.width = width;
        this.shares = new TreeMap<>(by == By.THREAD ? Key.BY_NUMBER : Key.BY_POOL);
        timeline.spans().stream().filter(this::hasLine).forEach(span -> shares.putIfAbsent(key(span), new HashMap<>()));
        for (Mark mark : timeline.marks()) {
            Key key = by == By.THREAD ? ofThread(mark.lane(), mark.row()) : new Key(mark.pool(), mark.place());
            marks.computeIfAbsent(key, unknown -> new ArrayList<>()).add(mark);
            if (key.number() != Timeline.NONE) {
                shares.putIfAbsent(key, new HashMap<>());
            }
        }
        nameLines();
        int longest = names.values().stream().mapToInt(String::length).max().orElse(0);
        this.nameWidth = Math.min(LONGEST_NAME, longest);
        this.columns = Math.max(LEAST_COLUMNS, width - nameWidth - 3); // a space, and a bar at both ends
        timeline.spans().stream().filter(this::hasLine).forEach(this::addShare);
    }

    /** The view that has fewer lines. */
    static By fewer(Timeline timeline) {
        long places = timeline.spans().stream()
                .filter(span -> span.place() != Timeline.NONE)
                .map(span -> new Key(span.pool(), span.place()))
                .distinct()
                .count();
        return places > 0 && places < timeline.lanes().size() ? By.RESOURCE : By.THREAD;
    }

    /** No line is longer than the width. */
    static List<String> lines(Timeline timeline, By by, int width) {
        return new TimelineText(timeline, by, width).lines();
    }

    private boolean hasLine(Span span) {
        return by == By.THREAD ? span.lane() != Timeline.NONE : span.place() != Timeline.NONE;
    }

    private Key key(Span span) {
        return by == By.THREAD ? ofThread(span.lane(), span.row()) : new Key(span.pool(), span.place());
    }

    private Key ofThread(int lane, int row) {
        return new Key(timeline.lanes().get(lane).rowPools().get(row), lane);
    }

    private void nameLines() {
        if (by == By.THREAD) {
            for (Key key : shares.keySet()) {
                Lane lane = timeline.lanes().get(key.number());
                boolean alone = lane.rowPools().stream().distinct().count() <= 1;
                names.put(key, alone ? lane.thread() : lane.thread() + " " + poolName(key.pool()));
            }
        } else {
            for (Span span : timeline.spans()) {
                if (span.resource() != Timeline.NONE && span.place() != Timeline.NONE) {
                    String first =
                            "#" + timeline.resources().get(span.resource()).id();
                    names.merge(key(span), first, (name, next) -> name.startsWith(next) ? name : head(name) + " …");
                }
            }
            shares.keySet().forEach(key -> names.putIfAbsent(key, "place " + (key.number() + 1)));
            names.put(new Key(Timeline.NONE, Timeline.NONE), "waiting");
        }
    }

    private static String head(String name) {
        return name.split(" ", 2)[0];
    }

    private String poolName(int pool) {
        return timeline.pools().get(pool).name();
    }

    private List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(timeline.source() + ": " + Times.words(timeline.nanos()) + " from " + timeline.begin());
        lines.add(timeline.all().threads() + " threads, " + timeline.all().resources() + " resources, "
                + timeline.count(Kind.LEASED) + " leases, " + timeline.count(Kind.WAITING) + " waits"
                + troubles());
        lines.add("1-9a-zA-Z leased, the number of the " + (by == By.THREAD ? "resource" : "thread")
                + "  - idle  . waiting  ~ opening, closing  ! problem");
        if (!timeline.leasesRecorded()) {
            lines.add(Timeline.NO_LEASES);
        }
        int before = Timeline.NONE;
        for (Key key : shares.keySet()) {
            if (by == By.RESOURCE && key.pool() != before) {
                addPool(key.pool(), lines);
            }
            before = key.pool();
            lines.add(line(names.getOrDefault(key, ""), cells(key)));
        }
        if (by == By.RESOURCE) {
            addThreads(lines);
        }
        timeline.marks().forEach(mark -> lines.add(words(mark)));
        return lines.stream().flatMap(line -> wrapped(line).stream()).toList();
    }

    private String troubles() {
        StringBuilder words = new StringBuilder();
        for (Trouble trouble : Trouble.values()) {
            long count = timeline.count(trouble);
            words.append(count == 0 ? "" : ", " + count + " × " + trouble.words);
        }
        return words.toString();
    }

    private String words(Mark mark) {
        return "! " + Times.words(mark.at()) + "  "
                + timeline.lanes().get(mark.lane()).thread() + "  "
                + mark.trouble().words
                + (mark.resource() == Timeline.NONE
                        ? timeline.pools().size() == 1 ? "" : "  " + poolName(mark.pool())
                        : "  " + timeline.name(timeline.resources().get(mark.resource())))
                + (mark.note().isEmpty() ? "" : "  " + mark.note());
    }

    /** A pool's name and limit; and, if anybody waited at it, how many did: a digit per stretch of time, or * for more. */
    private void addPool(int number, List<String> lines) {
        Pool pool = timeline.pools().get(number);
        lines.add(pool.name() + (pool.limit() > 0 ? ", limit " + pool.limit() : ""));
        List<Span> waits = timeline.spans().stream()
                .filter(span -> span.kind() == Kind.WAITING && span.pool() == number)
                .toList();
        if (!waits.isEmpty()) {
            double[] waiting = new double[columns];
            waits.forEach(span -> addShare(span, waiting));
            char[] cells = new char[columns];
            for (int column = 0; column < columns; column++) {
                int mean = (int) Math.ceil(Math.min(MOST_DIGIT + 1.0, waiting[column]));
                cells[column] = mean == 0 ? ' ' : mean > MOST_DIGIT ? '*' : Character.forDigit(mean, 10);
            }
            lines.add(line("waiting", cells));
        }
    }

    private void addThreads(List<String> lines) {
        StringBuilder words = new StringBuilder();
        for (int lane = 0; lane < Math.min(NUMBERS.length(), timeline.lanes().size()); lane++) {
            words.append(words.isEmpty() ? "" : "  ")
                    .append(NUMBERS.charAt(lane))
                    .append(' ')
                    .append(timeline.lanes().get(lane).thread());
        }
        int more = timeline.lanes().size() - NUMBERS.length();
        lines.add(words + (more > 0 ? "  and " + more + " more threads, which share these numbers" : ""));
    }

    private double nanosPerColumn() {
        return (double) timeline.nanos() / columns;
    }

    /** How much of each column a span takes. */
    private void addShare(Span span) {
        Map<Character, double[]> ofLine = shares.get(key(span));
        if (ofLine != null) {
            addShare(span, ofLine.computeIfAbsent(character(span), unknown -> new double[columns]));
        }
    }

    private void addShare(Span span, double[] share) {
        double from = span.from() / nanosPerColumn();
        double to = span.to() / nanosPerColumn();
        for (int column = (int) from; column < columns && (column < to || column == (int) from); column++) {
            // What has no length at all is still to be seen where nothing else is.
            share[column] += Math.max(Double.MIN_NORMAL, Math.min(to, column + 1.0) - Math.max(from, column));
        }
    }

    private char character(Span span) {
        return switch (span.kind()) {
            case OPENING, CLOSING -> '~';
            case IDLE -> IDLE;
            case WAITING, MANY_WAITS -> '.';
            case MANY -> '#';
            case LEASED ->
                by == By.THREAD
                        ? number(timeline.resources().get(span.resource()).id() - 1)
                        : number(span.lane());
        };
    }

    private static char number(long number) {
        return NUMBERS.charAt((int) Math.floorMod(number, (long) NUMBERS.length()));
    }

    /** Of what happens in a column at all that which takes most of it is shown; idle where nothing else does. */
    private char[] cells(Key key) {
        char[] cells = new char[columns];
        Map<Character, double[]> ofLine = shares.getOrDefault(key, Map.of());
        for (int column = 0; column < columns; column++) {
            double[] idle = ofLine.get(IDLE);
            char most = idle != null && idle[column] > 0 ? IDLE : ' ';
            double share = 0;
            for (Map.Entry<Character, double[]> entry : ofLine.entrySet()) {
                if (entry.getKey() != IDLE && entry.getValue()[column] > share) {
                    share = entry.getValue()[column];
                    most = entry.getKey();
                }
            }
            cells[column] = most;
        }
        for (Mark mark : marks.getOrDefault(key, List.of())) {
            cells[(int) Math.min(columns - 1, (double) mark.at() * columns / timeline.nanos())] = '!';
        }
        return cells;
    }

    private String line(String name, char[] cells) {
        String shown = cut(name, nameWidth);
        return shown + " ".repeat(nameWidth - shown.length()) + " |" + new String(cells) + "|";
    }

    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(Math.max(0, most - 2))) ? most - 2 : most - 1;
        return text.substring(0, Math.max(0, end)) + "…";
    }

    private List<String> wrapped(String line) {
        List<String> parts = new ArrayList<>();
        String indent = "";
        int begin = 0; // nothing is copied or searched twice: a line may be long
        while (indent.length() + line.length() - begin > width) {
            int most = begin + width - indent.length();
            int end = most;
            while (end > most - width / 2 && line.charAt(end) != ' ') {
                end--;
            }
            if (line.charAt(end) != ' ') {
                end = most;
            }
            if (end == most && Character.isHighSurrogate(line.charAt(end - 1))) {
                end--;
            }
            parts.add(indent + line.substring(begin, end));
            begin = end;
            while (begin < line.length() && line.charAt(begin) == ' ') {
                begin++;
            }
            indent = "  ";
        }
        parts.add(indent + line.substring(begin));
        return parts;
    }
}
