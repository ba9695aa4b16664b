package dev.perthread.benchmarks;

import dev.perthread.benchmarks.Peers.Contender;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The goals, each with the rule that computes its figure from the results. Whether a goal is met is computed, never
 * written down.
 */
final class Goals {
    static final List<String> JDKS = List.of("17", "25");

    private final Results results;
    private final List<Row> rows = new ArrayList<>();

    private Goals(Results results) {
        this.results = results;
    }

    static List<Row> rows(Results results) {
        Goals goals = new Goals(results);
        List<Integer> threads = results.threads();
        for (int count : threads.isEmpty() ? List.of(1) : threads) {
            goals.uncontended(count);
        }
        goals.contended("contended/64x8/1ms/", "64 threads over 8, 1 ms", "contended-work", JDKS);
        goals.contended("virtual/1000x64/1ms/", "1,000 virtual over 64, 1 ms", "virtual-1000", List.of("25"));
        goals.contended("virtual/10000x64/1ms/", "10,000 virtual over 64, 1 ms", "virtual-10000", List.of("25"));
        goals.withoutWork("contended/64x8/0ms/");
        goals.memory();
        goals.reclaim();
        goals.program();
        return goals.rows;
    }

    /** What a figure may be at most, or must be at least. */
    record Bound(boolean atMost, double value, String text) {
        boolean allows(double figure) {
            return atMost ? figure <= value : figure >= value;
        }
    }

    enum Verdict {
        MET("met"),
        /** The median meets it, a fork does not. */
        MET_BY_MEDIAN("met, not by every fork"),
        /** The median does not, a fork does. */
        MISSED_BY_MEDIAN("not met, but by some fork"),
        MISSED("NOT MET"),
        UNKNOWN("not measured");

        final String text;

        Verdict(String text) {
            this.text = text;
        }

        static Verdict of(Bound bound, Sample sample) {
            if (sample == null) {
                return UNKNOWN;
            }
            boolean all = bound.allows(sample.min()) && bound.allows(sample.max());
            boolean any = bound.allows(sample.min()) || bound.allows(sample.max());
            if (bound.allows(sample.median())) {
                return all ? MET : MET_BY_MEDIAN;
            }
            return any ? MISSED_BY_MEDIAN : MISSED;
        }

        boolean missed() {
            return this == MISSED || this == MISSED_BY_MEDIAN;
        }
    }

    record Figure(Sample sample, String remark, Verdict verdict) {}

    /** A goal: id, and the id that its notes may share with rows of other thread counts. */
    record Row(String id, String group, String what, Bound bound, Map<String, Figure> byJdk) {
        boolean missed() {
            return byJdk.values().stream().anyMatch(figure -> figure.verdict().missed());
        }

        boolean isMeasured() {
            return byJdk.values().stream().anyMatch(figure -> figure.verdict() != Verdict.UNKNOWN);
        }
    }

    private static Bound atMost(double value, String unit) {
        return new Bound(true, value, "≤ " + number(value) + unit);
    }

    private static Bound atLeast(double value, String unit) {
        return new Bound(false, value, "≥ " + number(value) + unit);
    }

    static String number(double value) {
        double size = Math.abs(value);
        String format =
                size >= 1000 ? "%,.0f" : size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 0.095 ? "%.2f" : "%.3f";
        String text = String.format(Locale.ROOT, format, value);
        return text.contains(".") && !text.contains(",") ? text.replaceAll("\\.?0+$", "") : text;
    }

    private void add(String id, String group, String what, Bound bound, Function<String, Sample> figure) {
        add(id, group, what, bound, JDKS, jdk -> new Object[] {figure.apply(jdk), ""});
    }

    private void add(
            String id, String group, String what, Bound bound, List<String> jdks, Function<String, Object[]> figure) {
        Map<String, Figure> figures = new LinkedHashMap<>();
        for (String jdk : jdks) {
            Object[] both = figure.apply(jdk);
            Sample sample = (Sample) both[0];
            figures.put(jdk, new Figure(sample, (String) both[1], Verdict.of(bound, sample)));
        }
        rows.add(new Row(id, group, what, bound, figures));
    }

    private void uncontended(int threads) {
        String in = "uncontended/t" + threads + "/";
        String at = "-" + threads;
        String with = threads == 1 ? ", 1 thread" : ", " + threads + " threads";
        ratio(
                "store" + at,
                "store",
                "ThreadStore.get ÷ ThreadLocal.get" + with,
                atMost(1, " ×"),
                in + "threadStoreGet/ns",
                in + "threadLocalGet/ns");
        for (String policy : List.of("Keep", "Lend")) {
            String ours = in + "perThread" + policy + "/ns";
            String id = policy.toLowerCase(Locale.ROOT);
            String name = policy.toUpperCase(Locale.ROOT);
            ratio(
                    id + "-floor" + at,
                    id + "-floor",
                    name + " ÷ the floor" + with,
                    atMost(1.15, " ×"),
                    ours,
                    in + "floor/ns");
            add(
                    id + "-bytes" + at,
                    id + "-bytes",
                    name + ", allocated an operation" + with,
                    new Bound(true, 0.5, "0 bytes"),
                    jdk -> results.get(jdk, in + "perThread" + policy + "/bytes"));
            ratio(
                    id + "-stormpot" + at,
                    id + "-stormpot",
                    "Stormpot ÷ " + name + with,
                    atLeast(4, " ×"),
                    in + "stormpot/ns",
                    ours);
            ratio(
                    id + "-hikari" + at,
                    id + "-hikari",
                    "HikariCP ÷ " + name + with,
                    atLeast(12, " ×"),
                    in + "hikari/ns",
                    ours);
            ratio(
                    id + "-commons" + at,
                    id + "-commons",
                    "commons-pool2 ÷ " + name + with,
                    atLeast(40, " ×"),
                    in + "commonsPool/ns",
                    ours);
            ratio(
                    id + "-bag" + at,
                    id + "-bag",
                    "HikariCP's ConcurrentBag ÷ " + name + with,
                    atLeast(1, " ×"),
                    in + "hikariConcurrentBag/ns",
                    ours);
        }
        ratio(
                "stretch" + at,
                "stretch",
                "stretch: KEEP ÷ ThreadLocal.get" + with,
                atMost(1.5, " ×"),
                in + "perThreadKeep/ns",
                in + "threadLocalGet/ns");
        ratio(
                "call" + at,
                "call",
                "call ÷ acquire and close" + with,
                atMost(1, " ×"),
                in + "perThreadCall/ns",
                in + "perThreadKeep/ns");
        add(
                "close" + at,
                "close",
                "CLOSE, trivial opener" + with,
                atMost(100, " ns"),
                jdk -> results.get(jdk, in + "perThreadClose/ns"));
        ratio(
                "jfr-off" + at,
                "jfr-off",
                "KEEP, nobody records or listens ÷ a Java without Flight Recorder" + with,
                atMost(1, " ×"),
                in + "perThreadKeep/ns",
                in + "perThreadKeepWithoutJfr/ns");
    }

    private void ratio(String id, String group, String what, Bound bound, String name, String to) {
        add(id, group, what, bound, jdk -> results.ratio(jdk, name, to));
    }

    private static String name(String cell, Contender contender, String figure) {
        return cell + contender + "/" + figure;
    }

    /** The contender with the best median of a figure, ours left out. */
    private Contender best(String jdk, String cell, String figure, Predicate<Contender> which, boolean most) {
        Comparator<Contender> byMedian = Comparator.comparingDouble(
                peer -> results.get(jdk, name(cell, peer, figure)).median());
        return Stream.of(Contender.values())
                .filter(peer -> peer != Contender.PER_THREAD)
                .filter(which)
                .filter(peer -> results.get(jdk, name(cell, peer, figure)) != null)
                .reduce(BinaryOperator.maxBy(most ? byMedian : byMedian.reversed()))
                .orElse(null);
    }

    private void besideTheBest(
            String id,
            String what,
            Bound bound,
            List<String> jdks,
            String cell,
            String figure,
            Predicate<Contender> which,
            boolean most) {
        add(id, id, what, bound, jdks, jdk -> {
            Contender peer = best(jdk, cell, figure, which, most);
            Sample ratio = peer == null
                    ? null
                    : results.ratio(jdk, name(cell, Contender.PER_THREAD, figure), name(cell, peer, figure));
            return new Object[] {ratio, peer == null ? "" : peer.title};
        });
    }

    private void contended(String cell, String where, String id, List<String> jdks) {
        String ours = cell + Contender.PER_THREAD + "/";
        besideTheBest(
                id + "-throughput",
                where + ": throughput ÷ the best peer's",
                atLeast(0.97, " ×"),
                jdks,
                cell,
                "ops",
                peer -> true,
                true);
        add(
                id + "-longest",
                id + "-longest",
                where + ": longest wait ÷ threads ÷ resources × work as it took",
                atMost(1.3, " ×"),
                jdks,
                jdk -> new Object[] {results.ratio(jdk, ours + "max", ours + "ideal"), ""});
        add(
                id + "-least",
                id + "-least",
                where + ": the least served thread ÷ the mean",
                atLeast(0.8, " ×"),
                jdks,
                jdk -> new Object[] {results.get(jdk, ours + "least"), ""});
    }

    private void withoutWork(String cell) {
        String where = "64 threads over 8, no work: ";
        besideTheBest(
                "contended-throughput",
                where + "throughput ÷ the best peer's",
                atLeast(0.5, " ×"),
                JDKS,
                cell,
                "ops",
                peer -> true,
                true);
        besideTheBest(
                "contended-fair",
                where + "throughput ÷ the best fair peer's",
                atLeast(20, " ×"),
                JDKS,
                cell,
                "ops",
                peer -> peer.fair,
                true);
        besideTheBest(
                "contended-longest",
                where + "longest wait ÷ the best fair peer's",
                atMost(1, " ×"),
                JDKS,
                cell,
                "max",
                peer -> peer.fair,
                false);
    }

    private void memory() {
        add(
                "memory-unused",
                "memory-unused",
                "memory of a thread that never used it",
                new Bound(true, 0.99, "0 bytes"),
                jdk -> results.get(jdk, "memory/keep/unused"));
        for (String policy : List.of("keep", "lend")) {
            add(
                    "memory-" + policy,
                    "memory-entry",
                    "memory of an idle entry beside the resource, " + policy.toUpperCase(Locale.ROOT)
                            + ", without the watcher",
                    atMost(200, " bytes"),
                    jdk -> results.get(jdk, "memory/" + policy + "/entry"));
        }
        add(
                "memory-passing",
                "memory-passing",
                "memory left of each of 100,000 threads that used it once, virtual on 25",
                new Bound(true, 0.99, "0 bytes"),
                jdk -> results.get(jdk, "memory/passing/left"));
    }

    private void reclaim() {
        add(
                "reclaim-17",
                "reclaim-17",
                "from a thread's death to the closer, 10,000 platform owners: 99 %",
                atMost(1000, " ms"),
                List.of("17"),
                jdk -> new Object[] {results.get(jdk, "reclaim/platform/p99"), ""});
        for (String kind : List.of("platform", "virtual")) {
            add(
                    "reclaim-" + kind,
                    "reclaim-25",
                    "from a thread's death to the closer, 10,000 " + kind + " owners: median",
                    atMost(10, " ms"),
                    List.of("25"),
                    jdk -> new Object[] {results.get(jdk, "reclaim/" + kind + "/median"), ""});
        }
        add(
                "reclaim-cpu",
                "reclaim-cpu",
                "10,000 platform owners watched and idle: of a core",
                atMost(2, " %"),
                jdk -> results.get(jdk, "reclaim/platform/cpu"));
    }

    private void program() {
        ratio(
                "program-python",
                "program-python",
                "perthread fetch, closing each ÷ the Python way: requests per second",
                atLeast(1, " ×"),
                "program/fetch/rps",
                "program/python/rps");
        ratio(
                "program-bare",
                "program-bare",
                "perthread fetch, closing each ÷ bare Java sockets",
                atLeast(0.9, " ×"),
                "program/fetch/rps",
                "program/bareJava/rps");
        ratio(
                "program-keep",
                "program-keep",
                "perthread fetch --keep ÷ the Python way",
                atLeast(2.2, " ×"),
                "program/fetchKeep/rps",
                "program/python/rps");
        ratio(
                "program-keep-bare",
                "program-keep-bare",
                "perthread fetch --keep ÷ bare Java sockets that are kept",
                atLeast(0.85, " ×"),
                "program/fetchKeep/rps",
                "program/bareJavaKeep/rps");
        ratio(
                "program-start",
                "program-start",
                "perthread --version ÷ an empty Java program: milliseconds",
                atMost(1.6, " ×"),
                "program/version/ms",
                "program/emptyJava/ms");
    }
}
