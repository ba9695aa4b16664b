package dev.perthread.cli.timeline;

import dev.perthread.cli.console.Times;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A timeline for a terminal: a line per thread, a character per stretch of time. */
final class TimelineText {
    private static final String NUMBERS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final int LONGEST_NAME = 24;
    private static final int LEAST_COLUMNS = 10;

    private final Timeline timeline;
    private final int nameWidth;
    private final int columns;

    private TimelineText(Timeline timeline, int width) {
        this.timeline = timeline;
        int longest = timeline.lanes().stream()
                .mapToInt(lane -> lane.thread().length())
                .max()
                .orElse(0);
        this.nameWidth = Math.min(LONGEST_NAME, longest);
        this.columns = Math.max(LEAST_COLUMNS, width - nameWidth - 3); // a space, and a bar at both ends
    }

    static List<String> lines(Timeline timeline, int width) {
        return new TimelineText(timeline, width).lines();
    }

    private List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(timeline.source() + ": " + Times.words(timeline.nanos()) + " from " + timeline.begin());
        lines.add(timeline.lanes().size() + " threads, " + timeline.resources().size() + " resources, "
                + timeline.count(Kind.LEASED) + " leases, " + timeline.count(Kind.WAITING) + " waits"
                + troubles());
        lines.add("1-9a-zA-Z leased, the number of the resource  - idle  . waiting  ~ opening, closing  ! problem");
        if (!timeline.leasesRecorded()) {
            lines.add(Timeline.NO_LEASES);
        }
        List<Map<Character, double[]>> shares = shares();
        List<List<Mark>> marks = new ArrayList<>();
        timeline.lanes().forEach(lane -> marks.add(new ArrayList<>()));
        timeline.marks().forEach(mark -> marks.get(mark.lane()).add(mark));
        for (int lane = 0; lane < timeline.lanes().size(); lane++) {
            lines.add(line(timeline.lanes().get(lane).thread(), shares.get(lane), marks.get(lane)));
        }
        for (Mark mark : timeline.marks()) {
            lines.add("! " + Times.words(mark.at()) + "  "
                    + timeline.lanes().get(mark.lane()).thread() + "  "
                    + mark.trouble().words
                    + (mark.resource() < 0
                            ? ""
                            : "  " + timeline.name(timeline.resources().get(mark.resource())))
                    + (mark.note().isEmpty() ? "" : "  " + mark.note()));
        }
        return lines;
    }

    private String troubles() {
        StringBuilder words = new StringBuilder();
        for (Trouble trouble : Trouble.values()) {
            long count = timeline.count(trouble);
            words.append(count == 0 ? "" : ", " + count + " × " + trouble.words);
        }
        return words.toString();
    }

    /** For each lane and character, how much of each column it takes. */
    private List<Map<Character, double[]>> shares() {
        List<Map<Character, double[]>> shares = new ArrayList<>();
        timeline.lanes().forEach(lane -> shares.add(new HashMap<>()));
        double nanosPerColumn = (double) timeline.nanos() / columns;
        for (Span span : timeline.spans()) {
            double[] share = shares.get(span.lane()).computeIfAbsent(character(span), unknown -> new double[columns]);
            double from = span.from() / nanosPerColumn;
            double to = span.to() / nanosPerColumn;
            for (int column = (int) from; column < columns && (column < to || column == (int) from); column++) {
                // What has no length at all is still to be seen where nothing else is.
                share[column] += Math.max(Double.MIN_NORMAL, Math.min(to, column + 1.0) - Math.max(from, column));
            }
        }
        return shares;
    }

    private char character(Span span) {
        return switch (span.kind()) {
            case OPENING, CLOSING -> '~';
            case IDLE -> '-';
            case WAITING -> '.';
            case LEASED -> number(timeline.resources().get(span.resource()));
        };
    }

    private static char number(Resource resource) {
        return NUMBERS.charAt((int) Math.floorMod(resource.id() - 1, (long) NUMBERS.length()));
    }

    private String line(String thread, Map<Character, double[]> shares, List<Mark> marks) {
        char[] cells = new char[columns];
        for (int column = 0; column < columns; column++) {
            char most = ' ';
            double share = 0;
            for (Map.Entry<Character, double[]> entry : shares.entrySet()) {
                if (entry.getValue()[column] > share) {
                    share = entry.getValue()[column];
                    most = entry.getKey();
                }
            }
            cells[column] = most;
        }
        for (Mark mark : marks) {
            cells[(int) Math.min(columns - 1, (double) mark.at() * columns / timeline.nanos())] = '!';
        }
        String name = thread.length() > nameWidth ? thread.substring(0, nameWidth - 1) + "…" : thread;
        return name + " ".repeat(nameWidth - name.length()) + " |" + new String(cells) + "|";
    }
}
