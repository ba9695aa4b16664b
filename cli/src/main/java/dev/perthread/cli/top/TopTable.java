package dev.perthread.cli.top;

import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Times;
import dev.perthread.cli.top.PoolBeans.Held;
import dev.perthread.cli.top.PoolBeans.Pool;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The lines that {@code perthread top} shows: the pools with their numbers, below them their resources in the order
 * wanted. Remembers the last look, for rates.
 */
final class TopTable {
    private static final long NANOS_IN_MILLI = 1_000_000;
    private static final double NANOS = 1e9;
    private static final int LAST_NUMBER = 6; // the column, in the lower table
    // What says that something is wrong stands first: a narrow terminal cuts off the end.
    private static final String[] POOLS = {
        "POOL",
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
        "RESOURCE", "THREAD", "ID", "STATE", "LEASED", "OPEN", "USES", "POOL", "ACQUIRED AT"
    };
    private static final int MOST_OF_A_KEY = 32; // of up to 200 characters

    enum Sort {
        AGE,
        USES,
        THREAD,
        RESOURCE,
        POOL;

        /** By age, the longest lease is first, and what is not leased last: the one looked for does not end. */
        private Comparator<Held> order() {
            Comparator<Held> first = switch (this) {
                case AGE ->
                    Comparator.comparingLong(held -> held.leasedSince() == 0 ? Long.MAX_VALUE : held.leasedSince());
                case USES -> Comparator.comparingLong(Held::uses).reversed();
                case THREAD -> Comparator.comparing(Held::thread).thenComparingLong(Held::threadId);
                case RESOURCE -> Comparator.comparingLong(Held::id);
                case POOL -> Comparator.comparing(Held::pool);
            };
            return first.thenComparing(Held::pool).thenComparingLong(Held::id);
        }

        static Sort parse(String given) {
            for (Sort sort : values()) {
                if (sort.name().equalsIgnoreCase(given)) {
                    return sort;
                }
            }
            throw OptionConverters.wrong("age, uses, thread, resource or pool", given);
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

    private final String target;
    private Map<String, Long> acquiredBefore = Map.of();
    private long readBefore;
    private List<Pool> shown = List.of();
    private long readAt; // by the clock that the ages are told by
    private Map<String, String> rates = Map.of();

    TopTable(String target) {
        this.target = target;
    }

    List<String> lines(List<Pool> pools, Sort sort, int width, int height) {
        if (pools != shown) {
            shown = pools;
            readAt = System.currentTimeMillis();
            rates = rates(pools);
        }
        List<String> lines = new ArrayList<>();
        List<Held> resources = new ArrayList<>();
        pools.forEach(pool -> resources.addAll(pool.resources()));
        resources.sort(sort.order());
        lines.add("perthread top  " + target + "  "
                + LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS) + "  " + pools.size()
                + (pools.size() == 1 ? " pool, " : " pools, ")
                + resources.size() + " resources, by " + sort.name().toLowerCase(Locale.ROOT));
        List<String> rows = table(POOLS, pools.stream().map(this::row).toList(), 1);
        lines.add(rows.get(0));
        for (int pool = 0; pool < pools.size(); pool++) {
            lines.add(rows.get(pool + 1));
            String more = details(pools.get(pool));
            if (!more.isEmpty()) {
                lines.add("  " + more);
            }
        }
        lines.add("");
        lines.addAll(
                table(LEASES, resources.stream().map(held -> row(held, readAt)).toList(), 2));
        return lines.stream()
                .limit(height)
                .map(line -> line.length() > width ? line.substring(0, width - 1) + "…" : line)
                .toList();
    }

    private Map<String, String> rates(List<Pool> pools) {
        long now = System.nanoTime();
        Map<String, Long> acquired = new HashMap<>();
        Map<String, String> perSecond = new HashMap<>();
        for (Pool pool : pools) {
            long count = pool.number("Acquired");
            acquired.put(pool.name(), count);
            Long before = acquiredBefore.get(pool.name());
            if (before != null) {
                perSecond.put(pool.name(), Long.toString(Math.round((count - before) * NANOS / (now - readBefore))));
            }
        }
        acquiredBefore = acquired;
        readBefore = now;
        return perSecond;
    }

    private String[] row(Pool pool) {
        long limit = pool.number("Limit");
        return new String[] {
            Output.plain(pool.name()),
            limit == 0 ? "-" : Long.toString(limit),
            number(pool, "Open"),
            number(pool, "Leased"),
            number(pool, "Idle"),
            number(pool, "Waiting"),
            number(pool, "Leaked"),
            number(pool, "Timeouts"),
            Long.toString(pool.number("OpenFailures") + pool.number("CloseFailures")),
            number(pool, "Acquired"),
            rates.getOrDefault(pool.name(), "-"),
            number(pool, "Waited"),
            number(pool, "Opening"),
            number(pool, "Reclaimed")
        };
    }

    /** What is not nothing of the numbers that have no column, the ones that say that something is wrong first. */
    private static String details(Pool pool) {
        List<String> parts = new ArrayList<>();
        count(parts, pool, "held too long ", "HeldTooLong");
        count(parts, pool, "refused ", "Refused");
        count(parts, pool, "most open ", "MostOpen");
        count(parts, pool, "limit per key ", "LimitPerKey");
        time(parts, pool, "waited ", "WaitNanos");
        time(parts, pool, "opened ", "OpenNanos");
        time(parts, pool, "leased ", "LeaseNanos");
        return String.join(", ", parts);
    }

    private static void count(List<String> parts, Pool pool, String words, String name) {
        if (pool.number(name) > 0) {
            parts.add(words + pool.number(name));
        }
    }

    private static void time(List<String> parts, Pool pool, String words, String name) {
        if (pool.number(name) > 0) {
            parts.add(words + Times.words(pool.number(name)));
        }
    }

    private static String number(Pool pool, String name) {
        return Long.toString(pool.number(name));
    }

    private static String[] row(Held held, long now) {
        return new String[] {
            "#" + held.id() + (held.key().isEmpty() ? "" : " " + cut(Output.plain(held.key()))),
            held.thread().isEmpty() ? "-" : Output.plain(held.thread()),
            held.threadId() == 0 ? "-" : Long.toString(held.threadId()),
            Output.plain(held.state().toLowerCase(Locale.ROOT)),
            age(held.leasedSince(), now),
            age(held.openedAt(), now),
            Long.toString(held.uses()),
            Output.plain(held.pool()),
            held.acquiredAt().lines().map(Output::plain).findFirst().orElse("-")
        };
    }

    private static String cut(String key) {
        if (key.length() <= MOST_OF_A_KEY) {
            return key;
        }
        int end = MOST_OF_A_KEY - (Character.isHighSurrogate(key.charAt(MOST_OF_A_KEY - 2)) ? 2 : 1);
        return key.substring(0, end) + "…";
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
