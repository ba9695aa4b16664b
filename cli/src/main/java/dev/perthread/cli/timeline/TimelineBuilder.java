package dev.perthread.cli.timeline;

import dev.perthread.cli.timeline.Answers.What;
import dev.perthread.cli.timeline.Piece.Trace;
import dev.perthread.cli.timeline.Timeline.All;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Pool;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts together a timeline from what happened, told in any order. Times given to it are nanoseconds since 1970; pools and
 * threads are given by their ids, and their names when these are met.
 */
final class TimelineBuilder {
    private static final long NANOS = 1_000_000_000;
    private static final int SHORT_PART = 50;
    private static final int MOST_MARKS = 10_000; // each is an element of the page's chart

    private record Key(int pool, long resource) {}

    private record PoolKey(long pool, String key) {}

    private final Map<PoolKey, Long> idsOfKeys = new HashMap<>(); // made up, below zero
    private final Map<Long, PoolKey> keysOfIds = new HashMap<>();
    private final Map<Long, Integer> poolNumbers = new LinkedHashMap<>();
    private final List<Integer> wholes = new ArrayList<>(); // by number: itself, or the pool that it is a key of
    private final Map<Long, String> poolNames = new HashMap<>();
    private final Map<Long, Integer> limits = new HashMap<>();
    private final Map<Long, String> threadNames = new HashMap<>();
    private final Map<Key, ResourceLife> lives = new LinkedHashMap<>();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Trace> traces = new ArrayList<>();
    private final Answers.Builder answers = new Answers.Builder();
    private boolean leasesRecorded;
    private long begin = Long.MAX_VALUE;
    private long end = Long.MIN_VALUE;

    private int pool(long id) {
        Integer known = poolNumbers.get(id);
        if (known != null) {
            return known;
        }
        PoolKey of = keysOfIds.get(id);
        int whole = of == null ? poolNumbers.size() : pool(of.pool());
        poolNumbers.put(id, poolNumbers.size());
        wholes.add(whole);
        return poolNumbers.size() - 1;
    }

    private ResourceLife life(long pool, long resource) {
        int number = pool(pool);
        return lives.computeIfAbsent(
                new Key(number, resource), unknown -> new ResourceLife(lives.size(), number, resource));
    }

    /**
     * What is drawn as a pool of its own, with its own places and limit: a key of a pool with keys. In the lanes of threads,
     * which may use very many keys, and in the figures it belongs to that pool.
     *
     * @param key empty in a pool without keys
     * @return the id to be given in the place of the pool's
     */
    long ofKey(long pool, String key) {
        if (key.isEmpty()) {
            return pool;
        }
        PoolKey of = new PoolKey(pool, key);
        return idsOfKeys.computeIfAbsent(of, unknown -> {
            long id = -1L - idsOfKeys.size();
            keysOfIds.put(id, of);
            return id;
        });
    }

    /** There is something to draw in this time, if only that nothing happened. */
    void reach(long from, long to) {
        begin = Math.min(begin, from);
        end = Math.max(end, to);
    }

    /** The first name counts; an empty one does not. */
    void namePool(long pool, @Nullable String name) {
        name(poolNames, pool, name);
    }

    void nameThread(long thread, @Nullable String name) {
        name(threadNames, thread, name);
    }

    private static void name(Map<Long, String> names, long id, @Nullable String name) {
        if (name != null && !name.isEmpty()) {
            names.putIfAbsent(id, name);
        }
    }

    /** The most resources that may be open at once; 0 for no limit. */
    void limit(long pool, int limit) {
        limits.put(pool, limit);
    }

    boolean isEmpty() {
        return begin > end;
    }

    void opened(long pool, long resource, long thread, long from, long to, String stack) {
        reach(from, to);
        life(pool, resource).opened(thread, from, to, stack);
    }

    void openFailed(long pool, long thread, long from, long to, String failure, String stack) {
        reach(from, to);
        int in = pool(pool);
        pieces.add(new Piece(Kind.OPENING, thread, from, to, Timeline.NONE, in, failure, stack));
        traces.add(new Trace(Trouble.OPEN_FAILED, thread, to, Timeline.NONE, in, failure, stack));
    }

    /** The outcome is told where it is not the usual one. */
    void leased(long pool, long resource, long thread, long from, long to, String outcome, String stack) {
        reach(from, to);
        leasesRecorded = true;
        life(pool, resource).leased(thread, from, to, outcome, stack);
    }

    /** A resource was there, open; since when it was leased may be 0, if it was not. */
    void seen(long pool, long resource, long thread, long at, long leasedSince, String stack) {
        reach(at, at);
        life(pool, resource).seen(thread, at, leasedSince, stack);
    }

    void waited(long pool, long thread, long from, long to, boolean served, String stack) {
        reach(from, to);
        int in = pool(pool);
        pieces.add(new Piece(Kind.WAITING, thread, from, to, Timeline.NONE, in, served ? "" : "in vain", stack));
        answers.took(What.WAIT, wholes.get(in), stack, to - from);
        if (!served) {
            traces.add(new Trace(Trouble.NOT_SERVED, thread, to, Timeline.NONE, in, "", stack));
        }
    }

    /** The failure is null where closing went well. */
    void closed(long pool, long resource, long owner, long from, long to, String reason, @Nullable String failure) {
        reach(from, to);
        life(pool, resource).closed(owner, from, to, reason, failure);
    }

    /** The thread ended without closing its lease; when that began may be known roughly, or be 0. */
    void leaked(long pool, long resource, long thread, long at, long since, String stack) {
        reach(at, at);
        life(pool, resource).leaked(thread, at, since, stack);
    }

    /** A lease lasted longer than its pool's owner wanted to hear of. */
    void heldTooLong(long pool, long resource, long thread, long at, String stack) {
        reach(at, at);
        ResourceLife life = life(pool, resource);
        traces.add(new Trace(Trouble.HELD_TOO_LONG, thread, at, life.number, life.pool, "", stack));
    }

    /**
     * The timeline of all that was told.
     *
     * @param mostSpans so many are drawn one by one; if there are more, short ones are condensed
     */
    Timeline build(String source, int mostSpans) {
        ResourceLife.Surroundings surroundings =
                new ResourceLife.Surroundings(leasesRecorded, begin, end, pieces, traces);
        for (ResourceLife life : lives.values()) {
            life.draw(surroundings);
            life.answer(answers, wholes.get(life.pool));
        }
        pieces.sort(Comparator.comparingLong(Piece::from).thenComparing(Piece::kind));
        int[] places = ResourcePlaces.of(pieces, lives.size(), wholes);
        pieces.replaceAll(piece -> piece.resource() == Timeline.NONE ? piece : piece.in(places[piece.resource()]));
        Set<Long> threads = new HashSet<>();
        pieces.forEach(piece -> threads.add(piece.thread()));
        traces.forEach(trace -> threads.add(trace.thread()));
        Condenser.Result drawn = Condenser.condense(pieces, mostSpans, Math.max(1, end - begin));
        Drawing drawing = new Drawing(places);
        drawing.add(drawn.pieces());
        String condensed = drawing.addMarks(drawn.condensed(), mostSpans);
        return new Timeline(
                source,
                leasesRecorded,
                Instant.ofEpochSecond(begin / NANOS, begin % NANOS),
                Math.max(1, end - begin),
                pools(),
                drawing.lanes.list(this::nameOf),
                drawing.resources,
                drawing.spans,
                drawing.marks,
                new All(threads.size(), lives.size(), drawn.openings(), drawn.idle()),
                answers.build(),
                condensed);
    }

    private List<Pool> pools() {
        List<Pool> pools = new ArrayList<>();
        for (long id : poolNumbers.keySet()) {
            PoolKey of = keysOfIds.get(id);
            long whole = of == null ? id : of.pool();
            String name = poolNames.getOrDefault(whole, "pool " + whole);
            pools.add(new Pool(
                    of == null ? name : name + "[" + of.key() + "]",
                    whole,
                    limits.getOrDefault(id, Pool.LIMIT_UNKNOWN)));
        }
        return pools;
    }

    private String nameOf(long thread) {
        return thread == Piece.NO_THREAD ? "(no thread)" : threadNames.getOrDefault(thread, "thread " + thread);
    }

    /** Numbers what is drawn, and only that: lanes and resources. */
    private final class Drawing {
        private final ThreadLanes lanes = new ThreadLanes((end - begin) / SHORT_PART, wholes);
        private final List<ResourceLife> byNumber = List.copyOf(lives.values());
        private final Map<Integer, Integer> numbers = new HashMap<>();
        private final List<Resource> resources = new ArrayList<>();
        private final List<Span> spans = new ArrayList<>();
        private final List<Mark> marks = new ArrayList<>();
        private final int[] places;

        Drawing(int[] places) {
            this.places = places;
        }

        private int resource(int life) {
            return life == Timeline.NONE
                    ? Timeline.NONE
                    : numbers.computeIfAbsent(life, unknown -> {
                        ResourceLife of = byNumber.get(life);
                        resources.add(new Resource(of.pool, of.id));
                        return resources.size() - 1;
                    });
        }

        void add(List<Piece> drawn) {
            for (Piece piece : drawn) {
                boolean alone = piece.many() == null;
                int lane = alone ? lanes.of(piece.thread()) : Timeline.NONE;
                spans.add(new Span(
                        piece.kind(),
                        lane,
                        alone ? lanes.row(lane, piece) : 0,
                        piece.from() - begin,
                        piece.to() - begin,
                        resource(piece.resource()),
                        piece.pool(),
                        piece.place(),
                        piece.note(),
                        piece.stack(),
                        piece.many()));
            }
        }

        /** Returns what has been condensed, in words. */
        String addMarks(String condensed, int most) {
            traces.sort(Comparator.comparingLong(Trace::at));
            int drawn = Math.min(traces.size(), most == Integer.MAX_VALUE ? most : MOST_MARKS);
            for (Trace trace : traces.subList(0, drawn)) {
                int lane = lanes.of(trace.thread());
                int row = lanes.rowOf(lane, trace.resource(), trace.pool());
                int place = trace.resource() == Timeline.NONE ? Timeline.NONE : places[trace.resource()];
                marks.add(new Mark(
                        trace.trouble(),
                        lane,
                        row,
                        trace.at() - begin,
                        resource(trace.resource()),
                        trace.pool(),
                        place,
                        trace.note(),
                        trace.stack()));
            }
            return drawn == traces.size()
                    ? condensed
                    : (condensed + " Of " + traces.size() + " problems the first " + drawn + " are drawn.").strip();
        }
    }
}
