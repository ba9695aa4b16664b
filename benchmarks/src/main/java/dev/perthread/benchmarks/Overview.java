package dev.perthread.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perthread.benchmarks.Peers.Contender;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The one page a user reads: one row per situation, one column per library, and where PerThread is behind. All figures are
 * medians over the forks; {@link RawReport} has the spread.
 */
final class Overview {
    private static final String OURS = "PerThread";
    private static final String BY_HAND = "by hand";
    private static final List<String> COLUMNS = List.of(OURS, BY_HAND, "Stormpot", "HikariCP", "commons-pool2");

    /** With two threads it is as with one, and with 64 on a few cores a fork shows mostly the scheduler. */
    private static final List<Integer> SHOWN_THREADS = List.of(1, 8);

    /** Less than this is within the spread of the forks. */
    private static final double CLEARLY = 1.1;

    private final Results results;
    private final JsonNode run;
    private final List<Situation> situations = new ArrayList<>();

    Overview(Results results, JsonNode run) {
        this.results = results;
        this.run = run;
        uncontended();
        contended("contended/64x8/1ms/", "64 threads over 8 resources, 1 ms of work");
        contended("contended/64x8/0ms/", "64 threads over 8 resources, no work");
        contended("virtual/10000x64/1ms/", "10,000 virtual threads over 64 resources, 1 ms of work");
        others();
        situations.removeIf(situation -> cell(situation.entries.get(0), situation) == null);
    }

    /** What one library did: the figure's name, and what it is where the column does not say so. */
    private record Entry(String column, String figure, String remark) {}

    private record Situation(String what, boolean least, double scale, List<Entry> entries) {}

    private void uncontended() {
        List<Integer> counts = results.threads();
        List<Integer> shown = counts.stream().filter(SHOWN_THREADS::contains).toList();
        for (int threads : shown.isEmpty() ? counts : shown) {
            String in = "uncontended/t" + threads + "/";
            String who = threads == 1 ? "1 thread" : threads + " threads with a resource each";
            situations.add(pools("acquire and release (`KEEP`), " + who + ", ns", in, "perThreadKeep", "/ns"));
            if (threads == 1) {
                situations.add(pools("acquire and release (`LEND`), " + who + ", ns", in, "perThreadLend", "/ns"));
                situations.add(pools("bytes allocated by that", in, "perThreadKeep", "/bytes"));
            }
        }
    }

    private static Situation pools(String what, String in, String ours, String unit) {
        return new Situation(
                what,
                true,
                1,
                List.of(
                        new Entry(OURS, in + ours + unit, ""),
                        new Entry(BY_HAND, in + "threadLocalGet" + unit, "`ThreadLocal`"),
                        new Entry("Stormpot", in + "stormpot" + unit, ""),
                        new Entry("HikariCP", in + "hikari" + unit, ""),
                        new Entry("commons-pool2", in + "commonsPool" + unit, "")));
    }

    private void contended(String cell, String where) {
        situations.add(peers(where + ": uses per second", false, cell, "/ops"));
        situations.add(peers("… longest wait, ms", true, cell, "/max"));
        situations.add(peers("… least served thread ÷ mean", false, cell, "/least"));
    }

    private static Situation peers(String what, boolean least, String cell, String figure) {
        return new Situation(
                what,
                least,
                1,
                List.of(
                        new Entry(OURS, cell + Contender.PER_THREAD + figure, ""),
                        new Entry(BY_HAND, cell + Contender.SEMAPHORE_FAIR + figure, "fair `Semaphore`"),
                        new Entry("Stormpot", cell + Contender.STORMPOT + figure, ""),
                        new Entry("HikariCP", cell + Contender.HIKARI + figure, ""),
                        new Entry("commons-pool2", cell + Contender.COMMONS_POOL + figure, "")));
    }

    private void others() {
        situations.add(new Situation(
                "memory per idle resource beside the resource, bytes",
                true,
                1,
                List.of(
                        new Entry(OURS, "memory/keep/entry", ""),
                        new Entry(BY_HAND, "memory/threadLocal/entry", "`ThreadLocal`"),
                        new Entry("Stormpot", "memory/stormpot/entry", ""),
                        new Entry("commons-pool2", "memory/commonsPool/entry", ""))));
        pair(
                "a loopback connection: open, one request, close, µs",
                true,
                1e-3,
                "openclose/t1/",
                "/ns",
                "perThreadClose",
                "bareSocket",
                "bare `Socket`");
        pair(
                "a kept loopback connection: one request, µs",
                true,
                1e-3,
                "openclose/t1/",
                "/ns",
                "perThreadKeep",
                "bareSocketKept",
                "bare `Socket`");
        pair(
                "`perthread fetch`, closing each: requests per second",
                false,
                1,
                "program/",
                "/rps",
                "fetch",
                "bareJava",
                "bare Java");
        pair("… beside the Python recipe", false, 1, "program/", "/rps", "fetch", "python", "Python");
        pair(
                "`perthread fetch --keep`: requests per second",
                false,
                1,
                "program/",
                "/rps",
                "fetchKeep",
                "bareJavaKeep",
                "bare Java");
        pair(
                "start and end of `perthread --version`, ms",
                true,
                1,
                "program/",
                "/ms",
                "version",
                "emptyJava",
                "empty Java");
        situations.add(new Situation(
                "from a thread's end to the close of what it kept, median, ms",
                true,
                1,
                List.of(new Entry(OURS, "reclaim/platform/median", ""))));
    }

    private void pair(
            String what,
            boolean least,
            double scale,
            String in,
            String unit,
            String ours,
            String theirs,
            String remark) {
        situations.add(new Situation(
                what,
                least,
                scale,
                List.of(new Entry(OURS, in + ours + unit, ""), new Entry(BY_HAND, in + theirs + unit, remark))));
    }

    /** The medians on each Java version, or null if there are none. */
    private String cell(Entry entry, Situation situation) {
        List<String> medians = new ArrayList<>();
        for (String jdk : Goals.JDKS) {
            Sample sample = results.get(jdk, entry.figure);
            medians.add(sample == null ? "–" : Goals.number(shown(sample, situation)));
        }
        if (medians.stream().allMatch("–"::equals)) {
            return null;
        }
        return String.join(" / ", medians) + (entry.remark.isEmpty() ? "" : " (" + entry.remark + ")");
    }

    /** Less than a hundredth is what the profiler adds: no library allocates the thousandth part of a byte. */
    private static double shown(Sample sample, Situation situation) {
        double median = sample.median() * situation.scale;
        return median < 0.01 ? 0 : median;
    }

    /** How many times as good as ours, by the newest Java version that has both; NaN if none has. */
    private double advantage(Situation situation, Entry entry) {
        double advantage = Double.NaN;
        for (String jdk : Goals.JDKS) {
            Sample ours = results.get(jdk, situation.entries.get(0).figure);
            Sample theirs = results.get(jdk, entry.figure);
            if (ours != null && theirs != null) {
                double better = shown(situation.least ? ours : theirs, situation);
                double worse = shown(situation.least ? theirs : ours, situation);
                advantage = better == worse ? 1 : better / worse;
            }
        }
        return advantage;
    }

    private List<String[]> table() {
        List<String[]> table = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("JDK " + String.join(" / ", Goals.JDKS)));
        head.addAll(COLUMNS);
        table.add(head.toArray(new String[0]));
        for (Situation situation : situations) {
            Map<String, String> cells = new LinkedHashMap<>();
            double best = situation.entries.stream()
                    .mapToDouble(entry -> advantage(situation, entry))
                    .filter(advantage -> !Double.isNaN(advantage))
                    .max()
                    .orElse(Double.NaN);
            for (Entry entry : situation.entries) {
                String cell = cell(entry, situation);
                double mine = advantage(situation, entry);
                boolean wins = situation.entries.size() > 1 && (mine == best || mine * CLEARLY >= best);
                cells.put(entry.column, cell == null ? "" : wins ? "**" + cell + "**" : cell);
            }
            List<String> line = new ArrayList<>(List.of(situation.what));
            COLUMNS.forEach(column -> line.add(cells.getOrDefault(column, "")));
            table.add(line.toArray(new String[0]));
        }
        return table;
    }

    /** For the terminal. */
    String text() {
        List<String[]> table = table();
        int[] widths = IntStream.range(0, table.get(0).length)
                .map(column -> table.stream()
                        .mapToInt(line -> line[column].length())
                        .max()
                        .orElse(0))
                .toArray();
        StringBuilder text = new StringBuilder();
        for (String[] line : table) {
            StringBuilder one = new StringBuilder();
            for (int i = 0; i < line.length; i++) {
                one.append(line[i]).append(" ".repeat(widths[i] - line[i].length() + 2));
            }
            text.append(one.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** For docs/internals/benchmarks.md. */
    String markdown() {
        StringJoiner page = new StringJoiner("\n", "", "\n");
        page.add("<!-- Written by ./benchmarks/run; do not edit. -->");
        page.add("# Benchmarks");
        page.add("");
        page.add(
                "Medians on JDK 17 / JDK 25; in bold the best of each row on 25, and what comes within a tenth of it. *By hand*"
                        + "\nis what one would write without a pool, and does less: nothing bounds, lists or closes what a"
                        + "\n`ThreadLocal` or a bare socket holds.");
        page.add("");
        List<String[]> table = table();
        for (int i = 0; i < table.size(); i++) {
            page.add("| " + String.join(" | ", table.get(i)) + " |");
            if (i == 0) {
                page.add("|---|" + "---:|".repeat(COLUMNS.size()));
            }
        }
        page.add("");
        behind(page);
        page.add("## How it was measured");
        page.add("");
        page.add(machine());
        page.add("");
        page.add(
                "Every fork is a fresh JVM, and the contenders take turns. The machine was otherwise idle. A difference of less"
                        + "\nthan a tenth is within the spread. [benchmarks-raw.md](benchmarks-raw.md) has every figure"
                        + "\nwith its spread over the forks, the goals, and the reasons where one is missed; the peers' configuration is in"
                        + "\n`benchmarks/src/main/java/dev/perthread/benchmarks/Peers.java`.");
        page.add("");
        page.add(
                "`./benchmarks/run quick` measures this table again and takes less than 25 minutes; `full` takes many hours.");
        return page.toString();
    }

    private void behind(StringJoiner page) {
        List<String> lines = new ArrayList<>();
        String where = "";
        for (Situation situation : situations) {
            where = situation.what.startsWith("…") ? where : situation.what.replaceFirst(": .*", "");
            String what = situation.what.startsWith("…") ? where + ":" + situation.what.substring(1) : situation.what;
            String ahead = situation.entries.stream()
                    .filter(entry -> advantage(situation, entry) > CLEARLY)
                    .map(entry -> (entry.remark.isEmpty() ? entry.column : entry.remark) + " "
                            + (Double.isInfinite(advantage(situation, entry))
                                    ? ""
                                    : Goals.number(advantage(situation, entry)) + " ×"))
                    .map(String::trim)
                    .collect(Collectors.joining(", "));
            if (!ahead.isEmpty()) {
                lines.add("- " + what + ": " + ahead);
            }
        }
        page.add("## Where PerThread is behind");
        page.add("");
        page.add(
                lines.isEmpty() ? "In none of these situations." : "By more than a tenth, on the newest JDK measured:");
        page.add("");
        lines.forEach(page::add);
        if (!lines.isEmpty()) {
            page.add("");
        }
    }

    private String machine() {
        JsonNode machine = run.path("machine");
        StringJoiner commits = new StringJoiner(", ");
        run.path("parts").properties().stream()
                .map(part -> part.getValue().asText().replaceFirst(".*(\\d{4}-\\d{2}-\\d{2}).*(commit .*)", "$1, $2"))
                .distinct()
                .forEach(commits::add);
        return machine.path("processor").asText("unknown processor") + ", "
                + machine.path("cores").asText("?")
                + " cores, " + machine.path("system").asText("unknown system") + "; "
                + machine.path("JDK 17").asText("")
                + "; " + machine.path("JDK 25").asText("") + ". Measured: " + commits + ".";
    }
}
