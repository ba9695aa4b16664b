package dev.perthread.cli.timeline;

import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Many;
import dev.perthread.cli.timeline.Timeline.Trouble;
import org.jspecify.annotations.Nullable;

/**
 * A span before it has a lane: as in the timeline, but with the thread's id, and in nanoseconds since 1970.
 *
 * @param thread its id, or 0 for what belongs to no thread
 * @param resource the number of its life, or {@link Timeline#NONE}
 */
record Piece(
        Kind kind,
        long thread,
        long from,
        long to,
        int resource,
        int pool,
        int place,
        String note,
        String stack,
        @Nullable Many many) {

    static final long NO_THREAD = 0;

    Piece(Kind kind, long thread, long from, long to, int resource, int pool, String note, String stack) {
        this(kind, thread, from, to, resource, pool, Timeline.NONE, note, stack, null);
    }

    long length() {
        return to - from;
    }

    Piece in(int newPlace) {
        return new Piece(kind, thread, from, to, resource, pool, newPlace, note, stack, many);
    }

    /** A mark before it has a lane. */
    record Trace(Trouble trouble, long thread, long at, int resource, int pool, String note, String stack) {}
}
