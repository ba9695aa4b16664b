package dev.perthread.cli.timeline;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a recording says about threads, pools and their resources, ready to be drawn. All times are nanoseconds since its
 * beginning.
 *
 * <p>Everything in it can be drawn in two ways. By thread: a lane for each thread, with as many rows as it needs for spans
 * that overlap, none of them shared by two pools. By resource: for each pool as many places as it needs; a resource stays in
 * its place, and where there are very many resources, one that is opened later has the place of one that was closed.
 *
 * @param source where it was read from
 * @param leasesRecorded whether it has leases at all; they are recorded on demand
 * @param begin when the first thing in it began
 * @param nanos until the end of the last thing in it
 * @param lanes one for each thread that has a span or mark, in the order of their first span
 * @param spans in the order of their beginning
 * @param marks in the order of time
 * @param all how much there is, whatever was condensed
 * @param condensed what has been condensed, in words; empty if nothing was
 */
record Timeline(
        String source,
        boolean leasesRecorded,
        Instant begin,
        long nanos,
        List<Pool> pools,
        List<Lane> lanes,
        List<Resource> resources,
        List<Span> spans,
        List<Mark> marks,
        All all,
        Answers answers,
        String condensed) {

    /** In place of a lane, resource or place where there is none. */
    static final int NONE = -1;

    static final String NO_LEASES =
            "no leases were recorded, so what is open is drawn as idle, but for leases that were"
                    + " noticed at some moment; record with perthread.jfc, or with dev.perthread.Lease#enabled=true";

    /** The page knows them by their code. */
    enum Kind {
        OPENING(0),
        LEASED(1),
        IDLE(2),
        CLOSING(3),
        WAITING(4),
        /** Short spans of one place, one after the other, condensed into one. */
        MANY(5),
        /** Short waits of one pool, condensed into one. */
        MANY_WAITS(6);

        final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    /** The page knows them by their code. */
    enum Trouble {
        LEAK(0, "leak"),
        OPEN_FAILED(1, "opening failed"),
        CLOSE_FAILED(2, "closing failed"),
        NOT_SERVED(3, "waited in vain"),
        HELD_TOO_LONG(4, "held too long");

        final int code;
        final String words;

        Trouble(int code, String words) {
            this.code = code;
            this.words = words;
        }
    }

    /**
     * A shared object of the recorded program.
     *
     * @param name with a key, for the part of a pool with keys that is for that key
     * @param id tells pools of the same name apart
     * @param limit the most that may be open at once, 0 for no limit, negative if it was not recorded
     */
    record Pool(String name, long id, int limit) {
        static final int LIMIT_UNKNOWN = -1;
    }

    /**
     * A thread.
     *
     * @param rowPools for each row the pool whose spans are in it, by its place in the list of pools; of a pool with keys the
     *     whole one
     */
    record Lane(String thread, long id, List<Integer> rowPools) {}

    /**
     * What was opened and closed.
     *
     * @param pool its place in the list of pools
     * @param id its number in its pool
     */
    record Resource(int pool, long id) {}

    /**
     * A stretch of time.
     *
     * @param lane the thread's, or {@link #NONE} for what is condensed
     * @param row in the lane
     * @param resource its place in the list of resources, or {@link #NONE}
     * @param pool its place in the list of pools
     * @param place in the pool, or {@link #NONE} for waits and failed openings
     * @param note what else there is to say, or nothing
     * @param stack where it was acquired or released, a line per frame, or nothing
     * @param many what was condensed into it, or null
     */
    record Span(
            Kind kind,
            int lane,
            int row,
            long from,
            long to,
            int resource,
            int pool,
            int place,
            String note,
            String stack,
            @Nullable Many many) {}

    /**
     * What was condensed into a span.
     *
     * @param count how many leases, or waits
     * @param busy how long they took together, in nanoseconds
     * @param threads how many threads' they were
     */
    record Many(int count, long busy, int threads) {}

    /** Something that went wrong. */
    record Mark(
            Trouble trouble,
            int lane,
            int row,
            long at,
            int resource,
            int pool,
            int place,
            String note,
            String stack) {}

    /**
     * How much there is in the recording.
     *
     * @param openings that are in no span of their own any more
     * @param idle stretches that are in no span of their own any more
     */
    record All(int threads, int resources, long openings, long idle) {}

    /** How many spans there are of a kind. */
    long count(Kind kind) {
        return spans.stream().filter(span -> span.kind() == kind).count();
    }

    long count(Trouble trouble) {
        return marks.stream().filter(mark -> mark.trouble() == trouble).count();
    }

    /** The name of a resource: its number, with its pool where there are several. */
    String name(Resource resource) {
        return pools.size() == 1
                ? "#" + resource.id()
                : pools.get(resource.pool()).name() + " #" + resource.id();
    }
}
