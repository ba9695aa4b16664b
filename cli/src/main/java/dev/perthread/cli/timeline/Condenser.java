package dev.perthread.cli.timeline;

import dev.perthread.cli.console.Times;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Many;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Bounds how many pieces are drawn. Where there are too many, short ones that follow each other in the same place become one,
 * which knows how many leases they were and how long they took together. What somebody looks for stays as it is: the longest
 * leases and waits, and what did not go as usual.
 */
final class Condenser {
    private static final int LONGEST_KEPT = 200; // of leases, and of waits

    private final List<Piece> pieces;
    private final Set<Piece> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    private long openings;
    private long idle;
    private int swallowed;

    private Condenser(List<Piece> pieces, int most) {
        this.pieces = pieces;
        keepLongest(Kind.LEASED);
        keepLongest(Kind.WAITING);
        keepUnusual(most / 4);
    }

    /** @param condensed in words what has been done, or nothing */
    record Result(List<Piece> pieces, long openings, long idle, String condensed) {}

    /** Given in the order of their beginning, and returned in it. */
    static Result condense(List<Piece> pieces, int most, long nanos) {
        if (pieces.size() <= most) {
            return new Result(pieces, 0, 0, "");
        }
        Condenser condenser = new Condenser(pieces, most);
        long resolution = Math.max(1, nanos / most);
        List<Piece> fewer = condenser.merge(resolution);
        while (fewer.size() > most && resolution < nanos) {
            resolution *= 2;
            fewer = condenser.merge(resolution);
        }
        String words = String.format(
                Locale.ROOT,
                "To bound the size of this page, %,d bars of less than %s are drawn as %,d for several each, which do not"
                        + " tell their threads; counts, totals and call sites include all of them. The longest leases and"
                        + " waits have bars of their own.",
                condenser.swallowed,
                Times.words(resolution),
                fewer.stream().filter(piece -> piece.many() != null).count());
        return new Result(fewer, condenser.openings, condenser.idle, words);
    }

    private void keepLongest(Kind kind) {
        PriorityQueue<Piece> longest = new PriorityQueue<>(Comparator.comparingLong(Piece::length));
        for (Piece piece : pieces) {
            if (piece.kind() == kind) {
                longest.add(piece);
                if (longest.size() > LONGEST_KEPT) {
                    longest.remove();
                }
            }
        }
        kept.addAll(longest);
    }

    /** What has a note, but for closings, which all have one. */
    private void keepUnusual(int most) {
        for (Piece piece : pieces) {
            boolean usual = piece.note().isEmpty() || piece.kind() == Kind.CLOSING || piece.kind() == Kind.IDLE;
            if (!usual && kept.size() < most) {
                kept.add(piece);
            }
        }
    }

    private record Place(int pool, int place) {}

    private List<Piece> merge(long resolution) {
        List<Piece> result = new ArrayList<>();
        Map<Place, Bucket> open = new HashMap<>();
        openings = 0;
        idle = 0;
        swallowed = 0;
        for (Piece piece : pieces) {
            boolean waits = piece.kind() == Kind.WAITING;
            if (piece.length() >= resolution || kept.contains(piece) || (piece.place() == Timeline.NONE && !waits)) {
                result.add(piece);
                continue;
            }
            Place place = new Place(piece.pool(), piece.place());
            Bucket bucket = open.get(place);
            if (bucket == null || bucket.number != piece.from() / resolution) {
                if (bucket != null) {
                    close(bucket, result);
                }
                bucket = new Bucket(piece.from() / resolution);
                open.put(place, bucket);
            }
            bucket.pieces.add(piece);
        }
        open.values().forEach(bucket -> close(bucket, result));
        result.sort(Comparator.comparingLong(Piece::from).thenComparing(Piece::kind));
        return result;
    }

    private void close(Bucket bucket, List<Piece> result) {
        if (bucket.pieces.size() < 2) {
            result.addAll(bucket.pieces);
            return;
        }
        for (Piece piece : bucket.pieces) {
            openings += piece.kind() == Kind.OPENING ? 1 : 0;
            idle += piece.kind() == Kind.IDLE ? 1 : 0;
        }
        swallowed += bucket.pieces.size();
        result.add(bucket.merged());
    }

    /** Pieces of one place that begin in the same part of the recording. */
    private static final class Bucket {
        private final long number;
        private final List<Piece> pieces = new ArrayList<>();

        Bucket(long number) {
            this.number = number;
        }

        Piece merged() {
            Piece first = pieces.get(0);
            boolean waits = first.kind() == Kind.WAITING;
            Set<Long> threads = new HashSet<>();
            long to = first.to();
            long busy = 0;
            int count = 0;
            for (Piece piece : pieces) {
                to = Math.max(to, piece.to());
                if (waits || piece.kind() == Kind.LEASED) {
                    threads.add(piece.thread());
                    busy += piece.length();
                    count++;
                }
            }
            return new Piece(
                    waits ? Kind.MANY_WAITS : Kind.MANY,
                    Piece.NO_THREAD,
                    first.from(),
                    to,
                    Timeline.NONE,
                    first.pool(),
                    first.place(),
                    "",
                    "",
                    new Many(count, busy, threads.size()));
        }
    }
}
