package dev.perthread.cli.timeline;

import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Lane;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The builder of a timeline: decides which thread's lane a span belongs in, and when a resource was idle, for which
 * there is no event. Times given to it are nanoseconds since 1970.
 */
final class TimelineBuilder {
    private static final int MOST_ROWS = 6; // in one lane; what has no place in them overlaps in the last one
    private static final String NOT_KNOWN = "open: idle or leased, which was not recorded";
    private static final long NANOS = 1_000_000_000;
    private static final int SHORT_PART = 50;
    private static final String LEAKED = "LEAKED";
    private static final Set<String> AFTER_A_LEASE = Set.of("SCOPE_END", "INVALIDATED", "FORCED"); // never after idle

    /** A thread, as events name it. */
    record Who(long id, String name) {}

    /** In an event that names no thread. */
    static final Who NOBODY = new Who(0, "(no thread)");

    /** A stretch of time in a thread's lane. */
    private record Stretch(Who who, long from, long to, String note, String stack) {}

    /** What a look at a resource told; leased since is 0 if it was not. */
    private record Look(Who who, long at, long leasedSince, String stack) {}

    /** All that is known of one resource. */
    private static final class Life {
        private final int number;
        private final List<Stretch> leases = new ArrayList<>();
        private @Nullable Stretch opening;
        private @Nullable Stretch closing;
        private @Nullable String reason;
        private @Nullable String closeFailure;
        private @Nullable Stretch leak;
        private @Nullable Look look;

        Life(int number) {
            this.number = number;
        }
    }

    /** As in the timeline, but with the thread for a lane, and times since 1970. */
    private record Piece(Kind kind, Who who, long from, long to, int resource, String note, String stack) {}

    private record Trace(Trouble trouble, Who who, long at, int resource, String note, String stack) {}

    private final boolean leasesRecorded;
    private final Map<Resource, Life> lives = new LinkedHashMap<>();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Trace> traces = new ArrayList<>();
    private long begin = Long.MAX_VALUE;
    private long end = Long.MIN_VALUE;

    /** Without lease events what is open may be leased or idle. */
    TimelineBuilder(boolean leasesRecorded) {
        this.leasesRecorded = leasesRecorded;
    }

    private Life life(Resource resource) {
        return lives.computeIfAbsent(resource, unknown -> new Life(lives.size()));
    }

    private void reach(long from, long to) {
        begin = Math.min(begin, from);
        end = Math.max(end, to);
    }

    void opened(Resource resource, Who who, long from, long to, String stack) {
        reach(from, to);
        Life life = life(resource);
        life.opening = new Stretch(who, from, to, "", stack);
        pieces.add(new Piece(Kind.OPENING, who, from, to, life.number, "", stack));
    }

    void openFailed(Who who, long from, long to, String failure, String stack) {
        reach(from, to);
        pieces.add(new Piece(Kind.OPENING, who, from, to, Timeline.NO_RESOURCE, failure, stack));
        traces.add(new Trace(Trouble.OPEN_FAILED, who, to, Timeline.NO_RESOURCE, failure, stack));
    }

    /** The outcome is told where it is not the usual one. */
    void leased(Resource resource, Who who, long from, long to, String outcome, String stack) {
        reach(from, to);
        life(resource).leases.add(new Stretch(who, from, to, outcome, stack));
    }

    /** A resource was there, open. The last look counts: it tells of a lease that does not end in the recording. */
    void seen(Resource resource, Who who, long at, long leasedSince, String stack) {
        reach(at, at);
        Life life = life(resource);
        if (life.look == null || life.look.at() < at) {
            life.look = new Look(who, at, leasedSince, stack);
        }
    }

    void waited(Who who, long from, long to, boolean served, String stack) {
        reach(from, to);
        pieces.add(new Piece(Kind.WAITING, who, from, to, Timeline.NO_RESOURCE, served ? "" : "in vain", stack));
        if (!served) {
            traces.add(new Trace(Trouble.NOT_SERVED, who, to, Timeline.NO_RESOURCE, "", stack));
        }
    }

    /** The failure is null where closing went well. */
    void closed(Resource resource, Who owner, long from, long to, String reason, @Nullable String failure) {
        reach(from, to);
        Life life = life(resource);
        String note = "closed: " + reason + (failure == null ? "" : "; " + failure);
        life.closing = new Stretch(owner, from, to, note, "");
        life.reason = reason;
        life.closeFailure = failure;
    }

    /** The thread ended without closing its lease; when that began may be known roughly, or be 0. */
    void leaked(Resource resource, Who who, long at, long since, String stack) {
        reach(at, at);
        Life life = life(resource);
        life.leak = new Stretch(who, since, at, "leaked: the thread ended without closing its lease", stack);
    }

    Timeline build(String source) {
        lives.values().forEach(this::draw);
        pieces.sort(Comparator.comparingLong(Piece::from).thenComparing(Piece::kind));
        Lanes lanes = new Lanes((end - begin) / SHORT_PART);
        List<Span> spans = new ArrayList<>(pieces.size());
        for (Piece piece : pieces) {
            int lane = lanes.of(piece.who());
            spans.add(new Span(
                    piece.kind(),
                    lane,
                    lanes.row(lane, piece),
                    piece.from() - begin,
                    piece.to() - begin,
                    piece.resource(),
                    piece.note(),
                    piece.stack()));
        }
        traces.sort(Comparator.comparingLong(Trace::at));
        List<Mark> marks = new ArrayList<>(traces.size());
        for (Trace trace : traces) {
            int lane = lanes.of(trace.who());
            int row = lanes.rowOf(lane, trace.resource());
            marks.add(new Mark(
                    trace.trouble(), lane, row, trace.at() - begin, trace.resource(), trace.note(), trace.stack()));
        }
        return new Timeline(
                source,
                leasesRecorded,
                Instant.ofEpochSecond(begin / NANOS, begin % NANOS),
                Math.max(1, end - begin),
                lanes.list(),
                List.copyOf(lives.keySet()),
                spans,
                marks);
    }

    /** From its opening to its closing, as far as the recording has them: leases, and idle in between. */
    private void draw(Life life) {
        life.leases.sort(Comparator.comparingLong(Stretch::from));
        Stretch last = life.opening == null ? asSeen(life) : life.opening;
        boolean used = false;
        for (Stretch lease : life.leases) {
            if (used && last != null && lease.from() > last.to()) {
                idle(life, last, lease.from(), "");
            }
            add(Kind.LEASED, life, lease);
            if (last == null || lease.to() > last.to()) {
                last = lease;
            }
            used = true;
        }
        if (life.leak != null) {
            last = leak(life, life.leak, last);
        } else if (last != null && life.closing == null) {
            unended(life, last, used);
        } else if (last != null && life.closing != null) {
            beforeClosing(life, last, life.closing, used);
        }
        if (life.closing != null) {
            closing(life, life.closing, last);
        }
    }

    /** What was open all the time and did nothing is there nevertheless. */
    private @Nullable Stretch asSeen(Life life) {
        Look look = life.look;
        return look == null || !life.leases.isEmpty() || life.closing != null
                ? null
                : new Stretch(look.who(), begin, begin, "", look.stack());
    }

    /** In the lane of the owner; what nobody owned any more was last in that of its last user. */
    private void closing(Life life, Stretch closing, @Nullable Stretch last) {
        Who who = closing.who().equals(NOBODY) && last != null ? last.who() : closing.who();
        add(Kind.CLOSING, life, new Stretch(who, closing.from(), closing.to(), closing.note(), ""));
        if (life.closeFailure != null) {
            traces.add(new Trace(Trouble.CLOSE_FAILED, who, closing.to(), life.number, life.closeFailure, ""));
        }
    }

    private void add(Kind kind, Life life, Stretch stretch) {
        pieces.add(new Piece(
                kind, stretch.who(), stretch.from(), stretch.to(), life.number, stretch.note(), stretch.stack()));
    }

    /** In the lane of the last user, whether it is kept for that thread or lent to whoever comes. */
    private void idle(Life life, Stretch last, long until, String note) {
        add(Kind.IDLE, life, new Stretch(last.who(), last.to(), until, note, ""));
    }

    /** Where leases are recorded the one that leaked is among them; else all that is known is when it was noticed. */
    private Stretch leak(Life life, Stretch leak, @Nullable Stretch last) {
        traces.add(new Trace(Trouble.LEAK, leak.who(), leak.to(), life.number, leak.note(), leak.stack()));
        if (last != null && last.note().equals(LEAKED)) {
            return last;
        }
        long earliest = last == null ? leak.from() : Math.max(last.to(), leak.from());
        Stretch lease = new Stretch(
                leak.who(), Math.min(Math.max(begin, earliest), leak.to()), leak.to(), leak.note(), leak.stack());
        add(Kind.LEASED, life, lease);
        return lease;
    }

    /** From the last thing known of it to the end. */
    private void unended(Life life, Stretch last, boolean used) {
        Look look = life.look;
        if (last.to() >= end) {
            return;
        }
        if (look != null && look.at() > last.to() && look.leasedSince() > 0) {
            long since = Math.min(end, Math.max(last.to(), look.leasedSince()));
            if (used && since > last.to()) {
                idle(life, last, since, "");
            }
            long from = used ? since : last.to();
            String note = "the lease had not ended when the recording did";
            add(Kind.LEASED, life, new Stretch(look.who(), from, end, note, look.stack()));
        } else {
            idle(life, last, end, look == null || !leasesRecorded ? NOT_KNOWN : "");
        }
    }

    private void beforeClosing(Life life, Stretch last, Stretch closing, boolean used) {
        if (closing.from() <= last.to()) {
            return;
        }
        boolean afterLease = AFTER_A_LEASE.contains(life.reason == null ? "" : life.reason);
        if (afterLease && !used) {
            String note = "from its opening to its closing: the lease was not recorded";
            add(Kind.LEASED, life, new Stretch(last.who(), last.to(), closing.from(), note, last.stack()));
        } else if (!afterLease) {
            idle(life, last, closing.from(), leasesRecorded ? "" : NOT_KNOWN);
        }
    }

    /** The lanes, and which of their rows are taken until when. */
    private static final class Lanes {
        private record Row(long until, int resource) {}

        private record Place(int lane, int resource) {}

        private final Map<Long, Integer> numbers = new HashMap<>();
        private final List<Who> threads = new ArrayList<>();
        private final List<List<Row>> rows = new ArrayList<>();
        private final Map<Place, Integer> places = new HashMap<>();
        private final long
                shortIdle; // on its way to the next thread: a row for that would make every lane twice as high

        Lanes(long shortIdle) {
            this.shortIdle = shortIdle;
        }

        int of(Who who) {
            return numbers.computeIfAbsent(who.id(), unknown -> {
                threads.add(who);
                rows.add(new ArrayList<>());
                return threads.size() - 1;
            });
        }

        /** The row where the resource was last, if it is free; else the first that is. */
        int row(int lane, Piece piece) {
            List<Row> taken = rows.get(lane);
            int found = -1;
            for (int row = 0; row < taken.size(); row++) {
                boolean free = taken.get(row).until() <= piece.from();
                if (free && (found < 0 || taken.get(row).resource() == piece.resource())) {
                    found = row;
                }
            }
            boolean passing = piece.kind() == Kind.IDLE && piece.to() - piece.from() < shortIdle;
            Row now = new Row(passing ? piece.from() : piece.to(), piece.resource());
            if (found >= 0) {
                taken.set(found, now);
            } else if (taken.size() < MOST_ROWS) {
                found = taken.size();
                taken.add(now);
            } else {
                found = MOST_ROWS - 1;
                taken.set(found, now);
            }
            places.put(new Place(lane, piece.resource()), found);
            return found;
        }

        int rowOf(int lane, int resource) {
            return places.getOrDefault(new Place(lane, resource), 0);
        }

        List<Lane> list() {
            List<Lane> list = new ArrayList<>(threads.size());
            for (int lane = 0; lane < threads.size(); lane++) {
                Who who = threads.get(lane);
                list.add(new Lane(
                        who.name(), who.id(), Math.max(1, rows.get(lane).size())));
            }
            return list;
        }
    }
}
