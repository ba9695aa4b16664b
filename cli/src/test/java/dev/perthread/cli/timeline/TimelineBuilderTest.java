package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is concluded from events: who had what, when; and what is drawn where. Times are milliseconds. */
class TimelineBuilderTest {
    private static final long POOL = 1;
    private static final long OTHER_POOL = 2;
    private static final long OPENER = 11;
    private static final long USER = 12;

    private final TimelineBuilder builder = new TimelineBuilder();

    private static long ms(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private Timeline timeline() {
        builder.nameThread(OPENER, "opener");
        builder.nameThread(USER, "user");
        builder.namePool(POOL, "sockets");
        builder.namePool(OTHER_POOL, "files");
        return builder.build("test", Integer.MAX_VALUE);
    }

    private void opened(long resource, long from, long to) {
        builder.opened(POOL, resource, OPENER, ms(from), ms(to), "");
    }

    private static List<Span> leases(Timeline timeline) {
        return timeline.spans().stream()
                .filter(span -> span.kind() == Kind.LEASED)
                .toList();
    }

    private static String thread(Timeline timeline, Span span) {
        return timeline.lanes().get(span.lane()).thread();
    }

    @Test
    void withoutLeaseEvents_leaseNoticedAtTheEnd_beginsWhenItWasTaken() {
        opened(1, 0, 10);
        builder.seen(POOL, 1, USER, ms(119_000), ms(118_300), "acquired at\napp.Main");
        Timeline timeline = timeline();

        assertThat(leases(timeline)).singleElement().satisfies(lease -> {
            assertThat(thread(timeline, lease)).isEqualTo("user");
            assertThat(lease.from()).isEqualTo(ms(118_300));
            assertThat(lease.to()).isEqualTo(ms(119_000));
        });
        assertThat(timeline.spans())
                .filteredOn(span -> span.kind() == Kind.IDLE)
                .singleElement()
                .satisfies(idle -> {
                    assertThat(idle.note()).contains("not recorded");
                    assertThat(thread(timeline, idle)).isEqualTo("opener");
                });
    }

    @Test
    void withoutLeaseEvents_leaseNoticedInTheMiddle_isNotDrawnToTheEnd() {
        opened(1, 0, 10);
        builder.seen(POOL, 1, USER, ms(50_000), ms(49_000), "");
        builder.seen(POOL, 1, USER, ms(60_000), ms(49_000), "");
        builder.seen(POOL, 1, 0, ms(100_000), 0, "");
        Timeline timeline = timeline();

        assertThat(leases(timeline)).singleElement().satisfies(lease -> {
            assertThat(lease.from()).isEqualTo(ms(49_000));
            assertThat(lease.to()).isEqualTo(ms(60_000));
        });
    }

    /** Kept for a hundred seconds, and then its last lease was given back as broken. */
    @ParameterizedTest
    @ValueSource(strings = {"INVALIDATED", "FORCED"})
    void withoutLeaseEvents_keptResourceClosedAfterLease_isNotDrawnAsLeasedAllTheTime(String reason) {
        opened(1, 0, 10);
        builder.closed(POOL, 1, OPENER, ms(100_000), ms(100_001), reason, null);

        assertThat(leases(timeline())).isEmpty();
    }

    @Test
    void withLeaseEvents_leaseThatHasNotEnded_beginsWhenItWasTaken() {
        opened(1, 0, 10);
        builder.leased(POOL, 2, USER, ms(20), ms(30), "", "");
        builder.seen(POOL, 1, USER, ms(5_000), ms(4_000), "");
        Timeline timeline = timeline();

        assertThat(leases(timeline))
                .filteredOn(lease -> timeline.resources().get(lease.resource()).id() == 1)
                .singleElement()
                .extracting(Span::from)
                .isEqualTo(ms(4_000));
    }

    @Test
    void leakWithoutLeaseEvents_beginsWhenItWasTaken() {
        opened(1, 0, 10);
        builder.leaked(POOL, 1, USER, ms(9_000), ms(8_000), "");
        Timeline timeline = timeline();

        assertThat(leases(timeline)).singleElement().satisfies(lease -> {
            assertThat(lease.from()).isEqualTo(ms(8_000));
            assertThat(thread(timeline, lease)).isEqualTo("user");
        });
    }

    @Test
    void heldTooLong_isMarkedAtItsResource() {
        opened(1, 0, 10);
        builder.leased(POOL, 1, USER, ms(10), ms(900), "", "");
        builder.heldTooLong(POOL, 1, USER, ms(500), "acquired at\napp.Main");

        assertThat(timeline().marks()).singleElement().satisfies(mark -> {
            assertThat(mark.trouble()).isEqualTo(Trouble.HELD_TOO_LONG);
            assertThat(mark.place()).isZero();
            assertThat(mark.stack()).contains("app.Main");
        });
    }

    @Test
    void rowsOfAThread_areOfOnePoolEach() {
        for (long n = 0; n < 5; n++) {
            builder.leased(POOL, 1, USER, ms(10 * n), ms(10 * n + 4), "", "");
            builder.leased(OTHER_POOL, 1, USER, ms(10 * n + 5), ms(10 * n + 9), "", "");
        }
        Timeline timeline = timeline();

        assertThat(timeline.lanes())
                .singleElement()
                .satisfies(lane -> assertThat(lane.rowPools()).containsExactly(0, 1));
        assertThat(timeline.spans())
                .allSatisfy(
                        span -> assertThat(timeline.lanes().get(0).rowPools().get(span.row()))
                                .isEqualTo(span.pool()));
    }

    @Test
    void placesOfManyResources_areAsManyAsWereOpenAtOnce() {
        int resources = 3_000;
        for (int n = 0; n < resources; n++) {
            opened(n + 1, 10L * n, 10L * n + 1);
            builder.leased(POOL, n + 1, USER, ms(10L * n + 1), ms(10L * n + 25), "", "");
            builder.closed(POOL, n + 1, USER, ms(10L * n + 25), ms(10L * n + 26), "SCOPE_END", null);
        }
        Timeline timeline = timeline();

        assertThat(timeline.spans().stream().map(Span::place).distinct()).hasSize(3);
        assertThat(timeline.resources()).hasSize(resources);
    }

    @Test
    void moreSpansThanAllowed_areCondensed_withAllOfThemStillCounted() {
        int leases = 50_000;
        int most = 2_000;
        for (int n = 0; n < leases; n++) {
            long from = ms(10L * (n / 16)) + n;
            builder.leased(POOL, n % 16, n, from, from + ms(n == leases / 2 ? 900 : 3), "", "");
            if (n % 10 == 0) {
                builder.waited(POOL, n, from - ms(2), from, n != 20_000, "");
            }
        }
        Timeline timeline = builder.build("test", most);

        assertThat(timeline.spans().size()).isLessThanOrEqualTo(most);
        assertThat(timeline.spans().stream().map(Span::from)).isSorted();
        assertThat(timeline.condensed()).contains("bars of less than");
        assertThat(counted(timeline, Kind.LEASED, Kind.MANY)).isEqualTo(leases);
        assertThat(counted(timeline, Kind.WAITING, Kind.MANY_WAITS)).isEqualTo(leases / 10);
        assertThat(leases(timeline))
                .anySatisfy(span -> assertThat(span.to() - span.from()).isEqualTo(ms(900)));
        assertThat(timeline.marks())
                .singleElement()
                .extracting(Timeline.Mark::trouble)
                .isEqualTo(Trouble.NOT_SERVED);
        assertThat(timeline.all().threads()).isEqualTo(leases);
        assertThat(timeline.answers().sites().get(0)).satisfies(site -> {
            assertThat(site.count()).isEqualTo(leases);
            assertThat(site.median()).isEqualTo(ms(3));
            assertThat(site.longest()).isEqualTo(ms(900));
        });
    }

    private static long counted(Timeline timeline, Kind one, Kind many) {
        return timeline.spans().stream()
                .mapToLong(span -> span.kind() == one
                        ? 1
                        : span.kind() == many ? span.many().count() : 0)
                .sum();
    }

    @Test
    void text_showsLeasesAndWaits_whateverElseIsIdle() {
        builder.opened(OTHER_POOL, 1, USER, ms(0), ms(1), "");
        builder.leased(OTHER_POOL, 1, USER, ms(1), ms(2), "", "");
        for (long n = 1; n < 10; n++) {
            builder.waited(POOL, USER, ms(100 * n), ms(100 * n + 10), true, "");
            builder.leased(POOL, 3, USER, ms(100 * n + 10), ms(100 * n + 20), "", "");
        }
        builder.seen(OTHER_POOL, 1, USER, ms(1000), 0, "");
        List<String> lines = TimelineText.lines(timeline(), TimelineText.By.THREAD, 80).stream()
                .filter(line -> line.endsWith("|"))
                .toList();

        assertThat(lines).hasSize(2);
        assertThat(lines)
                .anySatisfy(line -> assertThat(line).startsWith("user sockets").contains("3", "."));
        assertThat(lines)
                .anySatisfy(line -> assertThat(line).startsWith("user files").contains("-"));
    }

    @Test
    void textByResource_hasALinePerResourceAndTheQueueOfEachPool() {
        builder.limit(POOL, 1);
        builder.leased(POOL, 1, OPENER, ms(0), ms(500), "", "");
        builder.waited(POOL, USER, ms(100), ms(500), true, "");
        builder.leased(POOL, 1, USER, ms(500), ms(1000), "", "");
        List<String> lines = TimelineText.lines(timeline(), TimelineText.By.RESOURCE, 60);

        assertThat(lines).contains("sockets, limit 1", "1 opener  2 user");
        assertThat(lines).anySatisfy(line -> assertThat(line).matches("waiting \\| +1{15,20} +\\|"));
        assertThat(lines).anySatisfy(line -> assertThat(line).matches("#1 +\\|1{25}2{25}\\|"));
    }

    @Test
    void textLines_areNeverLongerThanTheWidth() {
        String longName = "name ".repeat(100_000);
        builder.nameThread(USER, longName);
        builder.namePool(POOL, longName);
        builder.openFailed(POOL, USER, ms(0), ms(10), "x".repeat(400_000), "");
        builder.leased(POOL, 1, USER, ms(10), ms(20), "", "");
        builder.leased(OTHER_POOL, 1, USER, ms(10), ms(20), "", "");
        Timeline timeline = timeline();

        for (TimelineText.By by : TimelineText.By.values()) {
            assertThat(TimelineText.lines(timeline, by, 150)).allMatch(line -> line.length() <= 150);
        }
    }
}
