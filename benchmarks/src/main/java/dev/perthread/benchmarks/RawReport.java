package dev.perthread.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perthread.benchmarks.Goals.Figure;
import dev.perthread.benchmarks.Goals.Row;
import dev.perthread.benchmarks.Goals.Verdict;
import dev.perthread.benchmarks.Peers.Contender;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The page of raw figures: every figure with its spread over the forks, the goals, and the reasons where a goal is missed.
 * Everything is computed from the results except the reasons, which are kept in a file of their own.
 */
final class RawReport {
    private static final String NO_REASON = "no reason given yet";

    private final Results results;
    private final List<Row> rows;
    private final Map<String, String> reasons;
    private final JsonNode run;
    private final StringBuilder out = new StringBuilder();

    RawReport(Results results, Map<String, String> reasons, JsonNode run) {
        this.results = results;
        this.rows = Goals.rows(results);
        this.reasons = reasons;
        this.run = run;
    }

    /** Reads {@code ## id} and the text below it. */
    static Map<String, String> reasons(List<String> lines) {
        Map<String, String> reasons = new LinkedHashMap<>();
        String id = null;
        for (String line : lines) {
            if (line.startsWith("## ")) {
                id = line.substring(3).trim();
            } else if (id != null && !line.isBlank()) {
                reasons.merge(id, line.trim(), (before, more) -> before + " " + more);
            }
        }
        return reasons;
    }

    private static String figure(Figure figure) {
        if (figure == null) {
            return "";
        }
        Sample sample = figure.sample();
        if (sample == null) {
            return "not measured";
        }
        String text = Goals.number(sample.median());
        if (sample.forks() > 1) {
            text += " [" + Goals.number(sample.min()) + "–" + Goals.number(sample.max()) + "]";
        }
        return figure.remark().isEmpty() ? text : text + " (" + figure.remark() + ")";
    }

    private static String verdict(Figure figure) {
        return figure == null ? "" : figure.verdict().text;
    }

    private String count() {
        Map<Verdict, Long> counts = rows.stream()
                .flatMap(row -> row.byJdk().values().stream())
                .collect(Collectors.groupingBy(Figure::verdict, Collectors.counting()));
        return Stream.of(Verdict.values())
                .filter(counts::containsKey)
                .map(verdict -> counts.get(verdict) + " " + verdict.text.toLowerCase(Locale.ROOT))
                .collect(Collectors.joining("; "));
    }

    /** For docs/internals/benchmarks-raw.md. */
    String markdown() {
        line("<!-- Written by ./benchmarks/run; do not edit. The reasons come from benchmarks-notes.md. -->");
        line("# Benchmarks: raw figures");
        line("");
        line(
                "[benchmarks.md](benchmarks.md) has the one table to read. `./benchmarks/run table` writes both pages again from");
        line("what was measured last. [How to read it](#how-it-is-measured) is at the end.");
        line("");
        machine();
        goals();
        losses();
        uncontended();
        for (String cell : cells()) {
            contended(cell);
        }
        list("What an observer costs", "observation/", "ns");
        list("Opening and closing real sockets", "openclose/", "ns");
        list("Memory, in bytes each", "memory/", null);
        list("Reclaiming what a dead thread left, in milliseconds and per cent of a core", "reclaim/", null);
        list("Whole programs, in requests per second", "program/", "rps");
        list("Starting and ending a program, in milliseconds", "program/", "ms");
        method();
        return out.toString();
    }

    private void line(String text) {
        out.append(text).append('\n');
    }

    private void head(String... titles) {
        line("| " + String.join(" | ", titles) + " |");
        line("|" + "---|".repeat(titles.length));
    }

    private void machine() {
        line("| | |");
        line("|---|---|");
        run.path("machine")
                .properties()
                .forEach(entry ->
                        line("| " + entry.getKey() + " | " + entry.getValue().asText() + " |"));
        run.path("parts")
                .properties()
                .forEach(part ->
                        line("| part " + part.getKey() + " | " + part.getValue().asText() + " |"));
        line("");
    }

    private void goals() {
        line("## The goals");
        line("");
        line("The median of the forks, and [the least–the most] of any fork. In all: " + count() + ".");
        line("");
        List<String> titles = new ArrayList<>(List.of("id", "goal", "wanted"));
        Goals.JDKS.forEach(jdk -> titles.addAll(List.of("JDK " + jdk, "")));
        head(titles.toArray(new String[0]));
        for (Row row : rows) {
            if (!row.isMeasured()) {
                continue;
            }
            StringBuilder text = new StringBuilder(
                    "| `" + row.id() + "` | " + row.what() + " | " + row.bound().text());
            for (String jdk : Goals.JDKS) {
                Figure figure = row.byJdk().get(jdk);
                String verdict = verdict(figure);
                text.append(" | ").append(figure(figure)).append(" | ");
                text.append(figure != null && figure.verdict().missed() ? "**" + verdict + "**" : verdict);
            }
            line(text + " |");
        }
        line("");
    }

    private void losses() {
        line("## Where we lose");
        line("");
        Set<String> told = new TreeSet<>();
        for (Row row : rows) {
            if (row.missed() && told.add(reasons.containsKey(row.id()) ? row.id() : row.group())) {
                String same = rows.stream()
                        .filter(other -> other.missed() && other.group().equals(row.group()))
                        .map(other -> "`" + other.id() + "`")
                        .collect(Collectors.joining(", "));
                line("- " + same + ": " + reasons.getOrDefault(row.id(), reasons.getOrDefault(row.group(), NO_REASON)));
            }
        }
        reasons.forEach((id, text) -> {
            if (id.startsWith("also-")) {
                line("- " + text);
            }
        });
        if (told.isEmpty()) {
            line("No goal that was measured is missed. Peers that are ahead in a table below are marked ◂ there.");
        } else {
            line("");
            line("Peers that are ahead in a table below are marked ◂ there.");
        }
        line("");
    }

    private static String cell(Sample sample) {
        if (sample == null) {
            return "";
        }
        String text = Goals.number(sample.median());
        return sample.forks() < 2
                ? text
                : text + " (" + Goals.number(sample.min()) + "; " + Goals.number(sample.mean()) + " ± "
                        + Goals.number(sample.error()) + ")";
    }

    private void uncontended() {
        List<Integer> threads = results.threads();
        for (String jdk : results.jdks()) {
            Set<String> methods = results.names("uncontended/", jdk).stream()
                    .map(name -> name.split("/")[2])
                    .collect(Collectors.toCollection(TreeSet::new));
            if (methods.isEmpty()) {
                continue;
            }
            line("## Nobody waits, JDK " + jdk + ", ns an operation");
            line("");
            line(
                    "Median (least; mean ± 95 %) over the forks, as in all tables below; ◂ is faster than `perThreadKeep`.");
            line("");
            List<String> titles = new ArrayList<>(List.of("", "bytes"));
            threads.forEach(count -> titles.add(count == 1 ? "1 thread" : count + " threads"));
            head(titles.toArray(new String[0]));
            for (String method : methods) {
                StringBuilder text = new StringBuilder("| " + method + " | ");
                Sample bytes = results.get(jdk, "uncontended/t" + threads.get(0) + "/" + method + "/bytes");
                text.append(bytes == null ? "" : Goals.number(Math.round(bytes.median())));
                for (int count : threads) {
                    Sample sample = results.get(jdk, "uncontended/t" + count + "/" + method + "/ns");
                    Sample ours = results.get(jdk, "uncontended/t" + count + "/perThreadKeep/ns");
                    boolean ahead = sample != null && ours != null && sample.median() < ours.median();
                    text.append(" | ")
                            .append(cell(sample))
                            .append(ahead && !method.startsWith("perThread") ? " ◂" : "");
                }
                line(text + " |");
            }
            line("");
        }
    }

    private List<String> cells() {
        return Stream.of("contended/", "virtual/")
                .flatMap(prefix -> results.names(prefix).stream())
                .map(name -> String.join("/", List.of(name.split("/")).subList(0, 3)) + "/")
                .distinct()
                .toList();
    }

    private void contended(String cell) {
        String[] names = cell.split("/");
        String threads =
                names[1].replace("x", names[0].equals("virtual") ? " virtual threads over " : " threads over ");
        for (String jdk : results.jdks()) {
            if (results.names(cell, jdk).isEmpty()) {
                continue;
            }
            String work = names[2].equals("0ms") ? "no work" : names[2].replace("ms", " ms of work");
            line("## " + threads + ", " + work + ", JDK " + jdk);
            line("");
            line("Waits in milliseconds. ◂ has more throughput than perThread.");
            line("");
            head("", "operations/s", "p50", "p99", "p99.9", "longest", "least served ÷ mean", "Jain");
            Sample ours = results.get(jdk, cell + Contender.PER_THREAD + "/ops");
            for (Contender peer : Contender.values()) {
                Sample ops = results.get(jdk, cell + peer + "/ops");
                if (ops == null) {
                    continue; // not in this run
                }
                StringBuilder text = new StringBuilder("| " + peer.title + " | " + cell(ops));
                text.append(ours != null && ops.median() > ours.median() ? " ◂" : "");
                for (String figure : List.of("p50", "p99", "p999", "max", "least", "jain")) {
                    text.append(" | ")
                            .append(Goals.number(
                                    results.get(jdk, cell + peer + "/" + figure).median()));
                }
                line(text + " |");
            }
            line("");
        }
    }

    private void list(String title, String prefix, String unit) {
        Set<String> names = results.names(prefix);
        if (names.isEmpty()) {
            return;
        }
        line("## " + title);
        line("");
        List<String> titles = new ArrayList<>(List.of(""));
        results.jdks().forEach(jdk -> titles.add("JDK " + jdk));
        head(titles.toArray(new String[0]));
        for (String name : names) {
            if (unit != null && !name.endsWith("/" + unit)) {
                continue;
            }
            String shown = name.substring(prefix.length()).replace(unit == null ? "\0" : "/" + unit, "");
            StringBuilder text = new StringBuilder("| " + shown);
            results.jdks().forEach(jdk -> text.append(" | ").append(cell(results.get(jdk, name))));
            line(text + " |");
        }
        line("");
    }

    private void method() {
        line("## How it is measured");
        line("");
        line(
                "- A fork is a fresh JVM. The forks take turns: one of every contender, then the next of every contender. A fork's");
        line(
                "  value is the median of its iterations. A ratio is taken within a round, of forks that ran minutes apart at most;");
        line(
                "  the table shows the median of these ratios, and the least and the most. *Not by every fork* says that the median");
        line("  meets the goal and the worst fork does not.");
        line("- ± is half the 95 % interval of the mean over the forks (Student's t). With few forks it is wide.");
        line(
                "- Uncontended: JMH, average time, allocation by its `gc` profiler; every pool has as many resources as there are");
        line(
                "  threads. `floor` is one `ThreadLocal.get`, one uncontended compare-and-set and one release store on a padded slot.");
        line("- Contended: all threads start together, warm up, and count for a fixed time. Each wait is timed by two");
        line(
                "  `nanoTime`, which costs every contender the same. A wait not over at the end counts as long as it had lasted.");
        line(
                "  The ideal wait is threads ÷ resources × the work as it took on average, since a park of 1 ms takes longer.");
        line(
                "- Memory: difference of the used heap after full collections (serial collector). The resource is one shared object.");
        line("  The watcher is the virtual thread that waits for an owner's end, on 21 and later.");
        line(
                "- Reclaim: from the last thing a thread does to its closer, deaths at random times. The processor's share is that of");
        line("  the whole process, less what the same process takes before anything is kept.");
        line("- Whole programs: 2 threads, 20,000 requests of 1 kB, wall time of the whole process, one server in C.");
        line("- The peers' versions are in `benchmarks/pom.xml`, their configuration and why in `Peers.java`.");
    }
}
