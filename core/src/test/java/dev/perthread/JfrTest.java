package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import outside.Caller;

/** Real recordings tell each thing once, with its holder, resource, owner, duration and reason. */
class JfrTest {
    private static final AtomicLong NAMES = new AtomicLong();

    private final String name = "recorded-" + NAMES.incrementAndGet();

    private PerThread.Builder<Probe, IOException> builder(Opener<Probe, IOException> opener) {
        return PerThread.<Probe, IOException>builder(opener).name(name);
    }

    /** This holder's own, without what is told from time to time. */
    private List<Recorded.Entry> stop(Recorded recorded) throws IOException {
        return recorded.stop().stream()
                .filter(entry -> entry.text("pool").equals(name))
                .filter(entry ->
                        !entry.name().equals("Statistics") && !entry.name().equals("Resource"))
                .toList();
    }

    private static List<String> lines(List<Recorded.Entry> entries) {
        return entries.stream()
                .map(entry -> entry.name() + " " + entry.number("resourceId")
                        + Stream.of("outcome", "reason", "failure", "served", "leaked", "uses")
                                .filter(entry.event()::hasField)
                                .map(field -> " " + entry.event().getValue(field))
                                .reduce("", String::concat))
                .toList();
    }

    private static Recorded.Entry only(List<Recorded.Entry> entries, String kind) {
        List<Recorded.Entry> found =
                entries.stream().filter(entry -> entry.name().equals(kind)).toList();
        assertThat(found).as(kind).hasSize(1);
        return found.get(0);
    }

    private static void isOf(Recorded.Entry entry, Thread owner) {
        assertThat(entry.number("ownerId")).as(entry.name()).isEqualTo(Platform.id(owner));
        assertThat(entry.text("ownerName")).as(entry.name()).isEqualTo(owner.getName());
    }

    private static Object end(Lease<?> lease) {
        lease.close();
        return lease;
    }

    /** Keeps the calling thread for a time that can be told from none. */
    private static long spend() {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < 5_000_000) {
            Thread.onSpinWait();
        }
        return System.nanoTime() - begin;
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aScopeIsAnOpeningALeaseAndAClosingOfItsThread(ThreadKind kind) throws Exception {
        try (Recorded recorded = Recorded.everything();
                Actor actor = new Actor(kind)) {
            PerThread<Probe, IOException> pool = builder(Probe::new).build();
            actor.call(() -> pool.call(probe -> probe));
            pool.close();
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(lines(entries)).containsExactly("Open 1", "Lease 1 RELEASED 1", "Close 1 SCOPE_END");
            assertThat(entries).allSatisfy(entry -> {
                isOf(entry, actor.thread());
                assertThat(entry.threadName()).isEqualTo(actor.thread().getName());
                assertThat(entry.event().getThread().getJavaThreadId()).isEqualTo(Platform.id(actor.thread()));
                assertThat(entry.number("poolId"))
                        .isEqualTo(entries.get(0).number("poolId"))
                        .isPositive();
                assertThat(entry.event().getEventType().getCategoryNames()).containsExactly("PerThread");
            });
            assertThat(only(entries, "Open").event().getStackTrace().getFrames())
                    .anyMatch(frame -> frame.getMethod().getType().getName().equals(JfrTest.class.getName()));
            assertThat(only(entries, "Lease").event().getStackTrace()).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theDurationsAreThoseOfTheOpenerTheScopeAndTheCloser(ThreadKind kind) throws Exception {
        long[] spent = new long[3];
        try (Recorded recorded = Recorded.everything()) {
            PerThread<Probe, IOException> pool = builder(() -> {
                        spent[0] = spend();
                        return new Probe();
                    })
                    .closer(probe -> {
                        spent[2] = spend();
                        probe.close();
                    })
                    .build();
            kind.call(() -> {
                pool.run(probe -> spent[1] = spend());
                return null;
            });
            long before = System.nanoTime();
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(entries).extracting(Recorded.Entry::name).containsExactly("Open", "Lease", "Close");
            for (int i = 0; i < 3; i++) {
                assertThat(entries.get(i).event().getDuration().toNanos())
                        .as(entries.get(i).name())
                        .isBetween(spent[i] * 9 / 10, spent[i] + 2_000_000_000L);
            }
            Duration all = Duration.between(
                    entries.get(0).event().getStartTime(),
                    entries.get(2).event().getEndTime());
            assertThat(all.toNanos()).isLessThan(before).isGreaterThan(spent[0] + spent[1] + spent[2] - 1_000_000);
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void eachLeaseIsToldWithItsNumberAndHowItEnded(IdlePolicy whenIdle) throws Exception {
        try (Recorded recorded = Recorded.everything();
                PerThread<Probe, IOException> pool = builder(Probe::new)
                        .whenIdle(whenIdle)
                        .reusing()
                        .trace(true)
                        .build()) {
            pool.run(Probe::use);
            try (Lease<Probe> lease = Caller.acquireHere(pool)) {
                lease.invalidate();
            }
            pool.run(Probe::use);
            pool.release();
            List<Recorded.Entry> entries = stop(recorded);
            List<String> lines = lines(entries);
            lines = lines.stream().filter(line -> !line.startsWith("Open ")).toList();
            if (whenIdle == IdlePolicy.CLOSE) {
                assertThat(lines)
                        .containsExactly(
                                "Lease 1 RELEASED 1",
                                "Close 1 SCOPE_END",
                                "Lease 2 INVALIDATED 1",
                                "Close 2 INVALIDATED",
                                "Lease 3 RELEASED 1",
                                "Close 3 SCOPE_END");
            } else {
                assertThat(lines)
                        .containsExactly(
                                "Lease 1 RELEASED 1",
                                "Lease 1 INVALIDATED 2",
                                "Close 1 INVALIDATED",
                                "Lease 2 RELEASED 1",
                                "Close 2 RELEASED");
            }
            assertThat(entries.stream()
                            .filter(entry -> entry.name().equals("Lease"))
                            .skip(1)
                            .findFirst()
                            .orElseThrow()
                            .text("acquiredAt"))
                    .startsWith("outside.Caller.acquireHere(Caller.java:")
                    .contains("\ndev.perthread.JfrTest.");
        }
    }

    @Test
    void leasesThatShareAreOne() throws Exception {
        try (Recorded recorded = Recorded.everything();
                PerThread<Probe, IOException> pool = builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .reentry(ReentryPolicy.SHARE)
                        .build()) {
            Lease<Probe> first = pool.acquire();
            Lease<Probe> second = pool.acquire();
            first.close();
            second.close();
            assertThat(lines(stop(recorded))).containsExactly("Open 1", "Lease 1 RELEASED 2");
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aWaitIsToldWithWhatCameOfItAndTheResourceTravels(ThreadKind kind) throws Exception {
        try (Recorded recorded = Recorded.everything();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                PerThread<Probe, IOException> pool = builder(Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .reusing()
                        .limit(1)
                        .build()) {
            Lease<Probe> lease = first.call(pool::acquire);
            assertThatThrownBy(() -> second.call(() -> pool.acquire(Duration.ofMillis(5))))
                    .isInstanceOf(AcquireTimeoutException.class);
            FutureTask<Object> waiting = second.begin(() -> pool.call(probe -> probe));
            Actor.until(() -> pool.stats().waiting() == 1);
            first.call(() -> end(lease));
            Actor.get(waiting);
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(lines(entries))
                    .containsExactly(
                            "Open 1", "Lease 1 RELEASED 1", "Wait 0 false", "Wait 1 true", "Lease 1 RELEASED 2");
            isOf(entries.get(1), first.thread());
            entries.subList(2, 5).forEach(entry -> isOf(entry, second.thread()));
            assertThat(entries.get(2).event().getDuration()).isGreaterThanOrEqualTo(Duration.ofNanos(4_900_000));
            assertThat(entries.get(3).event().getEndTime())
                    .isBeforeOrEqualTo(entries.get(4).event().getStartTime());
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatOpenersAndClosersThrowIsTold(ThreadKind kind) throws Exception {
        boolean[] failing = {true};
        try (Recorded recorded = Recorded.everything();
                Actor actor = new Actor(kind)) {
            PerThread<Probe, IOException> pool = builder(() -> {
                        if (failing[0]) {
                            throw new IOException("no route");
                        }
                        return new Probe();
                    })
                    .closer(probe -> {
                        probe.close();
                        throw new IOException("reset");
                    })
                    .build();
            assertThatThrownBy(() -> actor.call(pool::acquire)).hasMessage("no route");
            failing[0] = false;
            assertThatThrownBy(() -> actor.call(() -> pool.call(probe -> probe)))
                    .isInstanceOf(ResourceCloseException.class);
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(lines(entries))
                    .containsExactly(
                            "OpenFailed 1 java.io.IOException: no route",
                            "Open 2",
                            "Lease 2 RELEASED 1",
                            "CloseFailed 2 SCOPE_END java.io.IOException: reset");
            entries.forEach(entry -> isOf(entry, actor.thread()));
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLeakIsToldWithItsDeadOwnerAndWhereItWasAcquired(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        try (Recorded recorded = Recorded.everything();
                PerThread<Probe, IOException> pool = builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .trace(true)
                        .build()) {
            long before = System.currentTimeMillis();
            Thread owner = kind.call(() -> {
                Caller.acquireHere(pool);
                return Thread.currentThread();
            });
            Thread idle = kind.call(() -> {
                pool.run(Probe::use);
                return Thread.currentThread();
            });
            Actor.until(() -> pool.stats().reclaimed() == 2);
            pool.close();
            List<Recorded.Entry> all = stop(recorded);
            List<Recorded.Entry> entries = all.stream()
                    .filter(entry -> entry.number("resourceId") == 1)
                    .toList();
            assertThat(lines(entries))
                    .containsExactlyInAnyOrder(
                            "Open 1", "Lease 1 LEAKED 1", "Leak 1", "Close 1 THREAD_ENDED", "Reclaim 1 true");
            entries.forEach(entry -> isOf(entry, owner));
            Recorded.Entry leak = only(entries, "Leak");
            assertThat(leak.text("acquiredAt")).startsWith("outside.Caller.acquireHere(Caller.java:");
            assertThat(leak.event().getInstant("leasedSince").toEpochMilli())
                    .isBetween(before - 1, System.currentTimeMillis());
            Recorded.Entry reclaim = only(entries, "Reclaim");
            assertThat(reclaim.event().getEndTime())
                    .isAfterOrEqualTo(only(entries, "Close").event().getEndTime());
            List<Recorded.Entry> others = all.stream()
                    .filter(entry -> entry.number("resourceId") == 2)
                    .toList();
            assertThat(lines(others))
                    .containsExactlyInAnyOrder(
                            "Open 2", "Lease 2 RELEASED 1", "Close 2 THREAD_ENDED", "Reclaim 2 false");
            others.forEach(entry -> isOf(entry, idle));
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aForcedCloseIsToldByTheCloserAndTheLeaseByItsUser(ThreadKind kind) throws Exception {
        try (Recorded recorded = Recorded.everything();
                Actor user = new Actor(kind)) {
            PerThread<Probe, IOException> pool =
                    builder(Probe::new).whenIdle(IdlePolicy.KEEP).reusing().build();
            Lease<Probe> lease = user.call(pool::acquire);
            pool.close(Duration.ZERO);
            user.call(() -> end(lease));
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(lines(entries)).containsExactly("Open 1", "Lease 1 FORCED 1", "Close 1 FORCED");
            entries.forEach(entry -> isOf(entry, user.thread()));
            assertThat(only(entries, "Close").event().getThread().getJavaThreadId())
                    .isNotEqualTo(Platform.id(user.thread()));
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aRecordingThatBeginsOrEndsInTheMiddleOfALeaseTellsTheWholeOnesAndWhoHoldsTheOthers(ThreadKind kind)
            throws Exception {
        try (Actor user = new Actor(kind);
                PerThread<Probe, IOException> pool =
                        builder(Probe::new).whenIdle(IdlePolicy.KEEP).reusing().build()) {
            Lease<Probe> before = user.call(pool::acquire);
            List<Recorded.Entry> all;
            try (Recorded recorded = Recorded.everything()) {
                user.call(() -> end(before));
                user.call(() -> pool.call(probe -> probe));
                Lease<Probe> beyond = user.call(pool::acquire);
                untilPeriodic();
                all = recorded.stop();
                user.call(() -> end(beyond));
            }
            assertThat(lines(all.stream()
                            .filter(entry -> entry.name().equals("Lease"))
                            .toList()))
                    .containsExactly("Lease 1 RELEASED 2");
            Recorded.Entry held = all.stream()
                    .filter(entry -> entry.name().equals("Resource"))
                    .filter(entry -> entry.text("pool").equals(name))
                    .reduce((first, last) -> last)
                    .orElseThrow();
            isOf(held, user.thread());
            assertThat(held.text("state")).isEqualTo("LEASED");
            assertThat(held.number("resourceId")).isEqualTo(1);
            assertThat(held.number("uses")).isEqualTo(3);
            assertThat(held.event().getInstant("leasedSince"))
                    .isAfterOrEqualTo(held.event().getInstant("openedAt"));
            user.call(() -> pool.call(probe -> probe)); // and nobody remembers the recording any more
        }
    }

    /** Until the reaper has found that there is a recording: it looks at least once a second. */
    private static void untilPeriodic() throws InterruptedException {
        CountDownLatch told = new CountDownLatch(1);
        try (RecordingStream stream = new RecordingStream()) {
            stream.enable("dev.perthread.Statistics").withPeriod(Duration.ofMillis(20));
            stream.onEvent("dev.perthread.Statistics", event -> told.countDown());
            stream.startAsync();
            assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void theCountersAreToldFromTimeToTimeAndAtTheEnd() throws Exception {
        List<Recorded.Entry> all;
        try (Recorded recorded = Recorded.everything()) {
            PerThread<Probe, IOException> pool = builder(Probe::new)
                    .whenIdle(IdlePolicy.KEEP)
                    .reusing()
                    .limit(7)
                    .build();
            pool.run(Probe::use);
            untilPeriodic();
            pool.run(Probe::use);
            pool.close();
            all = recorded.stop();
        }
        List<Recorded.Entry> told = all.stream()
                .filter(entry -> entry.name().equals("Statistics"))
                .filter(entry -> entry.text("pool").equals(name))
                .toList();
        assertThat(told).hasSizeGreaterThan(1);
        Recorded.Entry first = told.get(0);
        assertThat(List.of(first.number("open"), first.number("idle"), first.number("acquired"), first.number("limit")))
                .containsExactly(1L, 1L, 1L, 7L);
        Recorded.Entry last = told.get(told.size() - 1);
        assertThat(List.of(last.number("opened"), last.number("closed"), last.number("open"), last.number("acquired")))
                .containsExactly(1L, 1L, 0L, 2L);
    }

    @Test
    void withDefaultSettingsLeasesAreLeftOut() throws Exception {
        try (Recorded recorded = Recorded.byDefault()) {
            PerThread<Probe, IOException> pool =
                    builder(Probe::new).whenIdle(IdlePolicy.KEEP).reusing().build();
            pool.run(Probe::use);
            pool.close();
            assertThat(lines(stop(recorded))).containsExactly("Open 1", "Close 1 HOLDER_CLOSED");
        }
    }

    @Test
    void everyEventAndFieldIsLabelledAndDescribedAndTheSettingsNameThemAll() throws Exception {
        try (Recorded recorded = Recorded.everything()) {
            PerThread<Probe, IOException> pool = builder(Probe::new).build();
            pool.run(Probe::use);
            List<EventType> types = FlightRecorder.getFlightRecorder().getEventTypes().stream()
                    .filter(type -> type.getName().startsWith("dev.perthread."))
                    .toList();
            assertThat(types).hasSizeGreaterThanOrEqualTo(8).allSatisfy(type -> {
                assertThat(type.getLabel()).isNotBlank();
                assertThat(type.getDescription()).isNotBlank();
                type.getFields().stream()
                        .skip(3)
                        .forEach(field -> assertThat(field.getLabel())
                                .as(type.getName() + " " + field.getName())
                                .isNotBlank());
            });
            assertThat(Recorded.settings().keySet())
                    .contains("dev.perthread.Lease#enabled", "dev.perthread.Statistics#period");
            assertThat(Recorded.settings().keySet().stream()
                            .map(key -> key.replaceFirst("#.*", ""))
                            .distinct())
                    .containsAll(
                            types.stream().map(EventType::getName).distinct().toList())
                    .hasSize(11);
            recorded.stop();
        }
    }

    @Test
    void theSettingsMergeWithThoseOfTheJdkOnTheCommandLine(@TempDir Path folder) throws Exception {
        Path settings = folder.resolve("perthread.jfc");
        Files.write(
                settings,
                PerThread.class.getResourceAsStream("/META-INF/perthread.jfc").readAllBytes());
        Path file = folder.resolve("scopes.jfr");
        ForkedJvm.run(
                List.of("-XX:StartFlightRecording:settings=default,settings=" + settings + ",filename=" + file),
                "outside.Scopes",
                "scopes");
        List<Recorded.Entry> entries = Recorded.read(file);
        assertThat(entries.stream().filter(entry -> entry.text("pool").equals("scopes-KEEP")))
                .extracting(Recorded.Entry::name)
                .contains("Open", "Lease", "Wait", "Leak", "Reclaim", "Close", "Statistics");
        assertThat(entries.stream().filter(entry -> entry.name().equals("Lease")))
                .extracting(entry -> entry.text("outcome"))
                .contains("RELEASED", "INVALIDATED", "LEAKED");
    }
}
