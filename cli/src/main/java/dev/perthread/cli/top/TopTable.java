package dev.perthread.cli.top;

import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Times;
import dev.perthread.cli.top.PoolBeans.Held;
import dev.perthread.cli.top.PoolBeans.Holder;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The lines that {@code perthread top} shows: the pools with their numbers, below them their resources in the order
 * wanted. Remembers the last look, for rates.
 */
final class TopTable {
    private static final long NANOS_IN_MILLI = 1_000_000;
    private static final double NANOS = 1e9;
    private static final int LAST_NUMBER = 6; // the column, in the lower table
    // What says that something is wrong stands first: a narrow terminal cuts off the end.
    private static final String[] HOLDERS = {
        "HOLDER",
        "LIMIT",
        "OPEN",
        "LEASED",
        "IDLE",
        "WAITING",
        "LEAKED",
        "TIMEOUTS",
        "FAILED",
        "ACQUIRED",
        "/S",
        "WAITED",
        "OPENING",
        "RECLAIMED"
    };
    private static final String[] LEASES = {
        "RESOURCE", "THREAD", "ID", "STATE", "LEASED", "OPEN", "USES", "HOLDER", "ACQUIRED AT"
    };

    enum Sort {
        AGE,
        USES,
        THREAD,
        RESOURCE,
        HOLDER;

        /** By age, the longest lease is first, and what is not leased last: the one looked for does not end. */
        private Comparator<Held> order() {
            Comparator<Held> first = switch (this) {
                case AGE ->
                    Comparator.comparingLong(held -> held.leasedSince() == 0 ? Long.MAX_VALUE : held.leasedSince());
                case USES -> Comparator.comparingLong(Held::uses).reversed();
                case THREAD -> Comparator.comparing(Held::thread).thenComparingLong(Held::threadId);
                case RESOURCE -> Comparator.comparingLong(Held::id);
                case HOLDER -> Comparator.comparing(Held::holder);
            };
            return first.thenComparing(Held::holder).thenComparingLong(Held::id);
        }

        /** By its first letter, the key to press; another key changes nothing. */
        static Sort ofKey(int key, Sort now) {
            for (Sort sort : values()) {
                if (Character.toUpperCase(key) == sort.name().charAt(0)) {
                    return sort;
                }
            }
            return now;
        }
    }

    static final class SortConverter implements ITypeConverter<Sort> {
        @Override
        public Sort convert(String given) {
            for (Sort sort : Sort.values()) {
                if (sort.name().equalsIgnoreCase(given)) {
                    return sort;
                }
            }
            throw new TypeConversionException(
                    "'" + given + "' was given; age, uses, thread, resource or holder is allowed");
        }
    }

    private final String target;
    private Map<String, Long> acquiredBefore = Map.of();
    private long readBefore;
    private List<Holder> shown = List.of();
    private long readAt; // by the clock that the ages are told by
    private Map<String, String> rates = Map.of();

    TopTable(String target) {
        this.target = target;
    }

    List<String> lines(List<Holder> holders, Sort sort, int width, int height) {
        if (holders != shown) {
            shown = holders;
            readAt = System.currentTimeMillis();
            rates = rates(holders);
        }
        List<String> lines = new ArrayList<>();
        List<Held> resources = new ArrayList<>();
        holders.forEach(holder -> resources.addAll(holder.resources()));
        resources.sort(sort.order());
        lines.add("perthread top  " + target + "  "
                + LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS) + "  " + holders.size()
                + (holders.size() == 1 ? " holder, " : " holders, ")
                + resources.size() + " resources, by " + sort.name().toLowerCase(Locale.ROOT));
        lines.addAll(table(HOLDERS, holders.stream().map(this::row).toList(), 1));
        lines.add("");
        lines.addAll(
                table(LEASES, resources.stream().map(held -> row(held, readAt)).toList(), 2));
        return lines.stream()
                .limit(height)
                .map(line -> line.length() > width ? line.substring(0, width - 1) + "…" : line)
                .toList();
    }

    private Map<String, String> rates(List<Holder> holders) {
        long now = System.nanoTime();
        Map<String, Long> acquired = new HashMap<>();
        Map<String, String> perSecond = new HashMap<>();
        for (Holder holder : holders) {
            long count = holder.number("Acquired");
            acquired.put(holder.name(), count);
            Long before = acquiredBefore.get(holder.name());
            if (before != null) {
                perSecond.put(holder.name(), Long.toString(Math.round((count - before) * NANOS / (now - readBefore))));
            }
        }
        acquiredBefore = acquired;
        readBefore = now;
        return perSecond;
    }

    private String[] row(Holder holder) {
        long limit = holder.number("Limit");
        return new String[] {
            Output.plain(holder.name()),
            limit == 0 ? "-" : Long.toString(limit),
            number(holder, "Open"),
            number(holder, "Leased"),
            number(holder, "Idle"),
            number(holder, "Waiting"),
            number(holder, "Leaked"),
            number(holder, "Timeouts"),
            Long.toString(holder.number("OpenFailures") + holder.number("CloseFailures")),
            number(holder, "Acquired"),
            rates.getOrDefault(holder.name(), "-"),
            number(holder, "Waited"),
            number(holder, "Opening"),
            number(holder, "Reclaimed")
        };
    }

    private static String number(Holder holder, String name) {
        return Long.toString(holder.number(name));
    }

    private static String[] row(Held held, long now) {
        return new String[] {
            "#" + held.id(),
            held.thread().isEmpty() ? "-" : Output.plain(held.thread()),
            held.threadId() == 0 ? "-" : Long.toString(held.threadId()),
            held.state().toLowerCase(Locale.ROOT),
            age(held.leasedSince(), now),
            age(held.openedAt(), now),
            Long.toString(held.uses()),
            Output.plain(held.holder()),
            held.acquiredAt().lines().map(Output::plain).findFirst().orElse("-")
        };
    }

    private static String age(long since, long now) {
        return since == 0 ? "-" : Times.words(Math.max(0, now - since) * NANOS_IN_MILLI);
    }

    /** Words to the left, numbers to the right, as wide as their widest. */
    private static List<String> table(String[] titles, List<String[]> rows, int words) {
        int[] widths = new int[titles.length];
        for (int column = 0; column < titles.length; column++) {
            widths[column] = titles[column].length();
            for (String[] row : rows) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(line(titles, widths, words, titles));
        rows.forEach(row -> lines.add(line(row, widths, words, titles)));
        return lines;
    }

    private static String line(String[] cells, int[] widths, int words, String[] titles) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.length; column++) {
            boolean left = column < words || titles[column].startsWith("STATE") || (column > LAST_NUMBER && words > 1);
            String space = " ".repeat(widths[column] - cells[column].length());
            line.append(column == 0 ? "" : "  ").append(left ? cells[column] + space : space + cells[column]);
        }
        return line.toString().stripTrailing();
    }
}
