package dev.perthread.cli.timeline;

import java.time.Instant;
import java.util.List;

/**
 * The content of a recording, ready to be drawn: lanes of threads, spans of time in them, and marks. All times are
 * nanoseconds since its beginning. A lane has as many rows as it needs for spans that overlap: a thread can have
 * several resources at once.
 *
 * @param source where it was read from
 * @param leasesRecorded whether it has leases at all; they are recorded on demand
 * @param begin when the first thing in it began
 * @param nanos until the end of the last thing in it
 * @param lanes one for each thread, in the order of their first span
 * @param spans in the order of their beginning
 */
record Timeline(
        String source,
        boolean leasesRecorded,
        Instant begin,
        long nanos,
        List<Lane> lanes,
        List<Resource> resources,
        List<Span> spans,
        List<Mark> marks) {

    static final int NO_RESOURCE = -1;
    static final String NO_LEASES = "no leases were recorded, so what is open is drawn as idle; record with"
            + " perthread.jfc, or with dev.perthread.Lease#enabled=true";

    /** The page knows them by their code. */
    enum Kind {
        OPENING(0),
        LEASED(1),
        IDLE(2),
        CLOSING(3),
        WAITING(4);

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
        NOT_SERVED(3, "waited in vain");

        final int code;
        final String words;

        Trouble(int code, String words) {
            this.code = code;
            this.words = words;
        }
    }

    record Lane(String thread, long id, int rows) {}

    /** The number tells holders of the same name apart. */
    record Resource(String holder, long holderId, long id) {}

    /**
     * @param resource its place in the list of resources, or {@link #NO_RESOURCE}
     * @param note what else there is to say, or nothing
     * @param stack where it was acquired or released, a line a frame, or nothing
     */
    record Span(Kind kind, int lane, int row, long from, long to, int resource, String note, String stack) {}

    /** Something that went wrong. */
    record Mark(Trouble trouble, int lane, int row, long at, int resource, String note, String stack) {}

    /** How many spans there are of a kind. */
    long count(Kind kind) {
        return spans.stream().filter(span -> span.kind() == kind).count();
    }

    long count(Trouble trouble) {
        return marks.stream().filter(mark -> mark.trouble() == trouble).count();
    }

    /** The name of a resource: its number, with its holder where there are several. */
    String name(Resource resource) {
        boolean alone = resources.stream().allMatch(other -> other.holderId() == resource.holderId());
        return alone ? "#" + resource.id() : resource.holder() + " #" + resource.id();
    }
}
