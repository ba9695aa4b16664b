package dev.perthread.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.top.PoolBeans.Held;
import dev.perthread.cli.top.PoolBeans.Pool;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The lines of {@code perthread top}, for pools that are given. */
class TopTableTest {
    private static final int NARROW = 80;

    private static Held held(long id, String key) {
        return new Held("hosts", id, key, "worker-1", 31, "LEASED", 1, 1, 7, "");
    }

    private static List<String> lines(int width, Pool... pools) {
        return new TopTable("process 1").lines(List.of(pools), TopTable.Sort.RESOURCE, width, Integer.MAX_VALUE);
    }

    @Test
    void resourceOfAKeyedPool_mustBeShownWithItsKey_cutAndEscaped() {
        String lengthy = "h".repeat(30) + "\ud83d\ude00".repeat(10);
        List<String> lines = lines(
                NARROW,
                new Pool(
                        "hosts",
                        Map.of("Limit", 64L, "LimitPerKey", 4L),
                        List.of(held(1, "db7:5432"), held(2, lengthy), held(3, "a\u001b[41m"), held(4, ""))));
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(NARROW));
        assertThat(lines).contains("  limit per key 4");
        assertThat(lines).anyMatch(line -> line.startsWith("#1 db7:5432  "));
        assertThat(lines).anyMatch(line -> line.startsWith("#2 " + "h".repeat(30) + "…  "));
        assertThat(lines).anyMatch(line -> line.startsWith("#3 a\\u001b[41m  "));
        assertThat(lines).anyMatch(line -> line.startsWith("#4  "));
    }

    @Test
    void numbersWithoutAColumn_mustStandBelowTheirPool_withoutWhatIsZero() {
        Pool busy = new Pool(
                "busy",
                Map.of(
                        "HeldTooLong", 2L,
                        "Refused", 3L,
                        "MostOpen", 12L,
                        "WaitNanos", 4_200_000_000L,
                        "OpenNanos", 310_000_000L,
                        "LeaseNanos", 0L),
                List.of());
        Pool fresh = new Pool("fresh", Map.of("MostOpen", 0L), List.of());
        List<String> lines = lines(NARROW, busy, fresh);
        assertThat(lines.get(2)).startsWith("busy ");
        assertThat(lines.get(3)).isEqualTo("  held too long 2, refused 3, most open 12, waited 4.20 s, opened 310 ms");
        assertThat(lines.get(4)).startsWith("fresh ");
        assertThat(lines.get(5)).isEmpty();
    }
}
