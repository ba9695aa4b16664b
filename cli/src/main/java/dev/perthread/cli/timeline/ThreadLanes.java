package dev.perthread.cli.timeline;

import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Lane;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/** The lanes of the threads: which row of its thread's lane a piece is in. To be asked in the order of the pieces' time. */
final class ThreadLanes {
    private static final int MOST_ROWS = 6; // in one lane; what has no place in them overlaps in the last one

    private static final class Row {
        private final int pool;
        private long until;
        private int resource;

        Row(int pool) {
            this.pool = pool;
        }

        void take(long to, int by) {
            until = to;
            resource = by;
        }
    }

    private record Place(int lane, int resource) {}

    private final Map<Long, Integer> numbers = new HashMap<>();
    private final List<Long> threads = new ArrayList<>();
    private final List<List<Row>> rows = new ArrayList<>();
    private final Map<Place, Integer> places = new HashMap<>();
    private final List<Integer> wholes;
    private final long shortIdle; // on its way to the next thread: a row for that would make every lane twice as high

    /** Given, for each pool, the one whose rows it shares, usually itself. */
    ThreadLanes(long shortIdle, List<Integer> wholes) {
        this.shortIdle = shortIdle;
        this.wholes = wholes;
    }

    int of(long thread) {
        return numbers.computeIfAbsent(thread, unknown -> {
            threads.add(unknown);
            rows.add(new ArrayList<>(1));
            return threads.size() - 1;
        });
    }

    /** The row where the resource was last, if it is free; else the first that is. Pools share no row, but the keys of one do. */
    int row(int lane, Piece piece) {
        int pool = wholes.get(piece.pool());
        List<Row> taken = rows.get(lane);
        int found = -1;
        int ofPool = -1;
        for (int number = 0; number < taken.size(); number++) {
            Row row = taken.get(number);
            if (row.pool != pool) {
                continue;
            }
            ofPool = number;
            if (row.until <= piece.from() && (found < 0 || row.resource == piece.resource())) {
                found = number;
            }
        }
        if (found < 0 && (taken.size() < MOST_ROWS || ofPool < 0)) {
            found = taken.size();
            taken.add(new Row(pool));
        } else if (found < 0) {
            found = ofPool;
        }
        boolean passing = piece.kind() == Kind.IDLE && piece.length() < shortIdle;
        taken.get(found).take(passing ? piece.from() : piece.to(), piece.resource());
        if (piece.resource() != Timeline.NONE) {
            places.put(new Place(lane, piece.resource()), found);
        }
        return found;
    }

    /** Where a thread had a resource last; or a row of the pool, for what has none. */
    int rowOf(int lane, int resource, int pool) {
        Integer known = places.get(new Place(lane, resource));
        if (known != null) {
            return known;
        }
        int whole = wholes.get(pool);
        List<Row> taken = rows.get(lane);
        for (int number = 0; number < taken.size(); number++) {
            if (taken.get(number).pool == whole) {
                return number;
            }
        }
        taken.add(new Row(whole));
        return taken.size() - 1;
    }

    List<Lane> list(LongFunction<String> nameOf) {
        List<Lane> list = new ArrayList<>(threads.size());
        for (int lane = 0; lane < threads.size(); lane++) {
            long thread = threads.get(lane);
            List<Integer> pools = rows.get(lane).stream().map(row -> row.pool).toList();
            list.add(new Lane(nameOf.apply(thread), thread, pools));
        }
        return list;
    }
}
