package dev.perthread.cli.timeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Figures over all of a recording, condensed or not: how long leases, waits and openings took at each call site, and why
 * resources were closed.
 *
 * @param sites the ones that took the longest together first
 * @param closings the most frequent first
 */
record Answers(List<Site> sites, List<Closed> closings) {

    /** The page knows them by their code. */
    enum What {
        LEASE(0),
        WAIT(1),
        OPENING(2);

        final int code;

        What(int code) {
            this.code = code;
        }
    }

    /**
     * A call site. All lengths are in nanoseconds.
     *
     * @param pool its place in the list of pools
     * @param stack a line per frame, or nothing if it was not recorded
     */
    record Site(What what, int pool, String stack, int count, long total, long median, long p99, long longest) {}

    /** How often a pool closed a resource for a reason. */
    record Closed(int pool, String reason, long count) {}

    /** Takes them one by one. */
    static final class Builder {
        private static final int MOST_SITES = 200;

        private record Key(What what, int pool, String stack) {}

        private record Reason(int pool, String reason) {}

        private final Map<Key, Lengths> lengths = new HashMap<>();
        private final Map<Reason, Long> closings = new HashMap<>();

        void took(What what, int pool, String stack, long nanos) {
            lengths.computeIfAbsent(new Key(what, pool, stack), unknown -> new Lengths())
                    .add(nanos);
        }

        void closed(int pool, String reason) {
            closings.merge(new Reason(pool, reason), 1L, Long::sum);
        }

        Answers build() {
            List<Site> sites = new ArrayList<>();
            lengths.forEach((key, all) -> sites.add(all.site(key)));
            sites.sort(Comparator.comparingLong(Site::total)
                    .reversed()
                    .thenComparing(Site::what)
                    .thenComparing(Site::stack));
            List<Closed> closed = new ArrayList<>();
            closings.forEach((key, count) -> closed.add(new Closed(key.pool(), key.reason(), count)));
            closed.sort(Comparator.comparingLong(Closed::count).reversed().thenComparing(Closed::reason));
            return new Answers(
                    List.copyOf(sites.subList(0, Math.min(MOST_SITES, sites.size()))),
                    List.copyOf(closed.subList(0, Math.min(MOST_SITES, closed.size()))));
        }

        /** A million of them are usual: no object for each. */
        private static final class Lengths {
            private long[] nanos = new long[4];
            private int count;

            void add(long length) {
                if (count == nanos.length) {
                    nanos = Arrays.copyOf(nanos, 2 * count);
                }
                nanos[count++] = length;
            }

            Site site(Key key) {
                Arrays.sort(nanos, 0, count);
                long total = Arrays.stream(nanos, 0, count).sum();
                return new Site(key.what(), key.pool(), key.stack(), count, total, at(50), at(99), at(100));
            }

            /** The least length that so many percent do not exceed. */
            private long at(int percent) {
                return nanos[(int) Math.max(0, ((long) count * percent + 99) / 100 - 1)];
            }
        }
    }
}
