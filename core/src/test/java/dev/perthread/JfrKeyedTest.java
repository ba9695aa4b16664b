package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;

/** Recordings of a pool with keys: one pool by name and number, and each event with its key in words. */
class JfrKeyedTest {
    private static final AtomicLong NAMES = new AtomicLong();

    private final String name = "keyed-" + NAMES.incrementAndGet();

    private KeyedPerThread.Builder<String, Probe, RuntimeException> builder() {
        return KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                .name(name);
    }

    private List<Recorded.Entry> stop(Recorded recorded) throws IOException {
        return recorded.stop().stream()
                .filter(entry -> entry.text("pool").startsWith(name))
                .toList();
    }

    private static List<String> keysOf(String kind, List<Recorded.Entry> entries) {
        return entries.stream()
                .filter(entry -> entry.name().equals(kind))
                .map(entry -> entry.text("key"))
                .toList();
    }

    @EachThreadKind
    void eventsOfAKeyedPool_mustHaveOnePoolAndTheirKey_alsoWhenAKeyComesBack(ThreadKind kind) throws Exception {
        String lengthy = "k".repeat(300) + "\n";
        try (Recorded recorded = Recorded.everything();
                Actor user = new Actor(kind)) {
            KeyedPerThread<String, Probe, RuntimeException> pool = builder().build();
            user.call(() -> pool.call("a", Probe::number));
            user.call(() -> pool.call(lengthy, Probe::number));
            user.call(() -> pool.call("a", Probe::number)); // its entry had gone
            pool.close();
            List<Recorded.Entry> entries = stop(recorded);
            String cut = "k".repeat(199) + "…"; // 200 characters
            for (String event : List.of("Open", "Lease", "Close")) {
                assertThat(keysOf(event, entries)).as(event).containsExactly("a", cut, "a");
            }
            assertThat(entries).extracting(entry -> entry.text("pool")).containsOnly(name);
            assertThat(entries)
                    .extracting(entry -> entry.number("poolId"))
                    .containsOnly(entries.get(0).number("poolId"));
            Recorded.Entry last = entries.get(entries.size() - 1);
            assertThat(last.name()).isEqualTo("Statistics");
            assertThat(last.text("key")).isEmpty();
            assertThat(List.of(last.number("opened"), last.number("closed"), last.number("acquired")))
                    .containsExactly(3L, 3L, 3L);
        }
    }

    @EachThreadKind
    void waitOfAKeyedPool_mustHaveItsKey(ThreadKind kind) throws Exception {
        try (Recorded recorded = Recorded.everything();
                Actor user = new Actor(kind);
                Actor other = new Actor(kind)) {
            KeyedPerThread<String, Probe, RuntimeException> pool =
                    builder().limit(5).limitPerKey(1).build();
            Lease<Probe> lease = user.call(() -> pool.acquire("a"));
            FutureTask<Integer> waiting = other.beginAndWait(() -> pool.call("a", Probe::number));
            user.call(() -> {
                lease.close();
                return null;
            });
            Actor.get(waiting);
            pool.close();
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(keysOf("Wait", entries)).containsExactly("a");
        }
    }

    @EachThreadKind
    void leakOfAKeyedPool_mustTellItsKey_inTheEventAndInTheLog(ThreadKind kind) throws Exception {
        LogLines.expect(name + "[db7:5432]: ");
        try (Recorded recorded = Recorded.everything();
                KeyedPerThread<String, Probe, RuntimeException> pool =
                        builder().whenIdle(IdlePolicy.KEEP).build()) {
            try (Actor user = new Actor(kind)) {
                user.call(() -> pool.acquire("db7:5432"));
            }
            Actor.until(() -> pool.reap() + pool.stats().reclaimed() > 0);
            pool.close();
            List<Recorded.Entry> entries = stop(recorded);
            assertThat(keysOf("Leak", entries)).containsExactly("db7:5432");
            assertThat(keysOf("Reclaim", entries)).containsExactly("db7:5432");
        }
    }
}
