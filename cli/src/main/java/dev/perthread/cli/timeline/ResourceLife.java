package dev.perthread.cli.timeline;

import dev.perthread.cli.timeline.Piece.Trace;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All that a recording tells of one resource, and what follows from it: when it was idle, which no event says, and which
 * leases there must have been where none were recorded.
 */
final class ResourceLife {
    private static final String NOT_KNOWN = "open: idle or leased, which was not recorded";
    private static final String LEAKED = "LEAKED";
    private static final long SECOND = 1_000_000_000;
    private static final Set<String> AFTER_A_LEASE = Set.of("SCOPE_END", "INVALIDATED", "FORCED"); // never after idle

    /** A stretch of time of one thread's. */
    private record Stretch(long thread, long from, long to, String note, String stack) {}

    /** What a periodic event told of the resource at a moment; leased since is 0 if it was not. */
    private record Look(long thread, long at, long leasedSince, String stack) {}

    /** What surrounds a life: whether the recording has leases, its beginning and end, and where the results go. */
    record Surroundings(boolean leasesRecorded, long begin, long end, List<Piece> pieces, List<Trace> traces) {}

    final int number;
    final int pool;
    final long id;

    private final List<Stretch> leases = new ArrayList<>(1);
    private final List<Look> looks = new ArrayList<>(0);
    private @Nullable Stretch opening;
    private @Nullable Stretch closing;
    private String reason = "";
    private @Nullable String closeFailure;
    private @Nullable Stretch leak;

    ResourceLife(int number, int pool, long id) {
        this.number = number;
        this.pool = pool;
        this.id = id;
    }

    void opened(long thread, long from, long to, String stack) {
        opening = new Stretch(thread, from, to, "", stack);
    }

    void leased(long thread, long from, long to, String outcome, String stack) {
        leases.add(new Stretch(thread, from, to, outcome, stack));
    }

    void seen(long thread, long at, long leasedSince, String stack) {
        looks.add(new Look(thread, at, leasedSince, stack));
    }

    void closed(long owner, long from, long to, String why, @Nullable String failure) {
        closing = new Stretch(owner, from, to, "closed: " + why + (failure == null ? "" : "; " + failure), "");
        reason = why;
        closeFailure = failure;
    }

    void leaked(long thread, long at, long since, String stack) {
        leak = new Stretch(thread, since, at, "leaked: the thread ended without closing its lease", stack);
    }

    /** From its opening to its closing, as far as the recording has them: leases, and idle in between. */
    void draw(Surroundings in) {
        if (opening != null) {
            add(in, Kind.OPENING, opening);
        }
        looks.sort(Comparator.comparingLong(Look::at));
        if (!in.leasesRecorded()) {
            addLeasesSeen(in);
        }
        leases.sort(Comparator.comparingLong(Stretch::from));
        Stretch last = opening == null ? asSeen(in) : opening;
        boolean used = false;
        for (Stretch lease : leases) {
            if (last != null && lease.from() > last.to() && (used || !in.leasesRecorded())) {
                idle(in, last, lease.from(), in.leasesRecorded() ? "" : NOT_KNOWN);
            }
            add(in, Kind.LEASED, lease);
            if (last == null || lease.to() > last.to()) {
                last = lease;
            }
            used = true;
        }
        last = leak != null ? drawLeak(in, leak, last) : last;
        if (closing != null) {
            if (leak == null && last != null) {
                beforeClosing(in, last, closing, used);
            }
            drawClosing(in, closing, last);
        } else if (leak == null && last != null && last.to() < in.end()) {
            unended(in, last);
        }
    }

    /**
     * Without lease events the periodic ones still say who had it and since when. They give no end: it had not come when
     * the resource was seen, and unless that was at the very end, nothing is known from there on.
     */
    private void addLeasesSeen(Surroundings in) {
        for (int n = 0; n < looks.size(); n++) {
            Look look = looks.get(n);
            boolean seenAgain = n + 1 < looks.size()
                    && looks.get(n + 1).leasedSince() == look.leasedSince()
                    && looks.get(n + 1).thread() == look.thread();
            if (look.leasedSince() <= 0 || seenAgain) {
                continue;
            }
            boolean lasts = n + 1 == looks.size() && closing == null && in.end() - look.at() < SECOND;
            long to = lasts ? in.end() : look.at();
            long opened = opening == null ? in.begin() : opening.to();
            long from = Math.min(to, Math.max(opened, look.leasedSince()));
            String note = lasts
                    ? "the lease had not ended when the recording did"
                    : "the lease had not ended when it was noticed";
            leases.add(new Stretch(look.thread(), from, to, note, look.stack()));
        }
    }

    /** What was open all the time and did nothing is there nevertheless. */
    private @Nullable Stretch asSeen(Surroundings in) {
        if (looks.isEmpty() || closing != null || (in.leasesRecorded() && !leases.isEmpty())) {
            return null;
        }
        Look first = looks.get(0);
        return new Stretch(first.thread(), in.begin(), in.begin(), "", first.stack());
    }

    /** In the lane of the owner; what nobody owned any more was last in that of its last user. */
    private void drawClosing(Surroundings in, Stretch of, @Nullable Stretch last) {
        long thread = of.thread() == Piece.NO_THREAD && last != null ? last.thread() : of.thread();
        add(in, Kind.CLOSING, new Stretch(thread, of.from(), of.to(), of.note(), ""));
        if (closeFailure != null) {
            in.traces().add(new Trace(Trouble.CLOSE_FAILED, thread, of.to(), number, pool, closeFailure, ""));
        }
    }

    private void add(Surroundings in, Kind kind, Stretch stretch) {
        in.pieces()
                .add(new Piece(
                        kind,
                        stretch.thread(),
                        stretch.from(),
                        stretch.to(),
                        number,
                        pool,
                        stretch.note(),
                        stretch.stack()));
    }

    /** In the lane of the last user, whether it is kept for that thread or lent to whoever comes. */
    private void idle(Surroundings in, Stretch last, long until, String note) {
        add(in, Kind.IDLE, new Stretch(last.thread(), last.to(), until, note, ""));
    }

    /** Where leases are recorded the one that leaked is among them; else all that is known is when it was noticed. */
    private Stretch drawLeak(Surroundings in, Stretch found, @Nullable Stretch last) {
        in.traces().add(new Trace(Trouble.LEAK, found.thread(), found.to(), number, pool, found.note(), found.stack()));
        if (last != null && last.note().equals(LEAKED)) {
            return last;
        }
        long earliest = last == null ? found.from() : Math.max(last.to(), found.from());
        long from = Math.min(Math.max(in.begin(), earliest), found.to());
        if (last != null && from > last.to()) {
            idle(in, last, from, in.leasesRecorded() ? "" : NOT_KNOWN);
        }
        Stretch lease = new Stretch(found.thread(), from, found.to(), found.note(), found.stack());
        add(in, Kind.LEASED, lease);
        return lease;
    }

    /** From the last thing known of it to the end. */
    private void unended(Surroundings in, Stretch last) {
        Look look = looks.isEmpty() ? null : looks.get(looks.size() - 1);
        if (in.leasesRecorded() && look != null && look.at() > last.to() && look.leasedSince() > 0) {
            long since = Math.min(in.end(), Math.max(last.to(), look.leasedSince()));
            if (since > last.to()) {
                idle(in, last, since, "");
            }
            String note = "the lease had not ended when the recording did";
            add(in, Kind.LEASED, new Stretch(look.thread(), since, in.end(), note, look.stack()));
        } else {
            idle(in, last, in.end(), look == null || !in.leasesRecorded() ? NOT_KNOWN : "");
        }
    }

    /**
     * Between the last thing known and the closing. A resource that its pool closes at each scope's end was leased all the
     * time; one that is kept may have been idle for long before its last lease was invalidated.
     */
    private void beforeClosing(Surroundings in, Stretch last, Stretch of, boolean used) {
        if (of.from() <= last.to()) {
            return;
        }
        boolean afterLease = AFTER_A_LEASE.contains(reason);
        if (afterLease && !used && (in.leasesRecorded() || reason.equals("SCOPE_END"))) {
            String note = "from its opening to its closing: the lease was not recorded";
            add(in, Kind.LEASED, new Stretch(last.thread(), last.to(), of.from(), note, last.stack()));
        } else if (!afterLease || !in.leasesRecorded()) {
            idle(in, last, of.from(), in.leasesRecorded() ? "" : NOT_KNOWN);
        }
    }

    /** The figures, which are those of the pool, whatever the key. */
    void answer(Answers.Builder answers, int whole) {
        if (opening != null) {
            answers.took(Answers.What.OPENING, whole, opening.stack(), opening.to() - opening.from());
        }
        for (Stretch lease : leases) {
            answers.took(Answers.What.LEASE, whole, lease.stack(), lease.to() - lease.from());
        }
        if (closing != null) {
            answers.closed(whole, reason);
        }
    }
}
