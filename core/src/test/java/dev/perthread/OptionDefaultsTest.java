package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the javadoc says in passing. */
class OptionDefaultsTest {

    @Test
    void defaultsAreWhatTheBuilderSays() {
        PerThread.Builder<Probe, RuntimeException> builder = PerThread.builder(Probe::new);
        assertThat(builder.acquireNanos).isEqualTo(TimeUnit.SECONDS.toNanos(30));
        assertThat(builder.closeNanos).isEqualTo(TimeUnit.SECONDS.toNanos(5));
        assertThat(builder.whenIdle).isEqualTo(IdlePolicy.CLOSE);
        assertThat(builder.reentry).isEqualTo(ReentryPolicy.REJECT);
        try (PerThread<Probe, RuntimeException> pool = builder.build()) {
            assertThat(pool.limit()).isEmpty();
            assertThat(pool.name()).matches("perthread-\\d+");
        }
        try (PerThread<Probe, RuntimeException> pool = builder.limit(3).build()) {
            assertThat(pool.limit()).hasValue(3);
        }
    }

    @Test
    void whatWasToldCannotBeChanged() {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .trace(true)
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build();
        pool.run(probe -> {
            List<ResourceInfo> snapshot = pool.snapshot();
            assertThatThrownBy(snapshot::clear).isInstanceOf(UnsupportedOperationException.class);
            List<StackTraceElement> stack = snapshot.get(0).acquiredAt();
            assertThat(stack).isNotEmpty();
            assertThatThrownBy(stack::clear).isInstanceOf(UnsupportedOperationException.class);
        });
        List<Throwable> failures = pool.close(Duration.ZERO).failures();
        assertThat(failures).hasSize(1);
        assertThatThrownBy(failures::clear).isInstanceOf(UnsupportedOperationException.class);
        List<Throwable> mine = new ArrayList<>(failures);
        CloseReport report = new CloseReport(1, 0, mine);
        mine.clear();
        assertThat(report.failures()).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aListenerIsAskedOnceWhetherItWantsLeases(ThreadKind kind) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger told = new AtomicInteger();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .listener(new Listener() {
                    @Override
                    public boolean wantsLeases() {
                        return asked.incrementAndGet() == 1;
                    }

                    @Override
                    public void acquired(ResourceInfo resource) {
                        told.incrementAndGet();
                    }
                })
                .build();
        kind.call(() -> {
            pool.run(Probe::use);
            pool.run(Probe::use);
            return pool.release();
        });
        pool.close();
        assertThat(told).hasValue(2);
        assertThat(asked).hasValue(1);
    }

    @Test
    void aThreadWithoutANameIsShownWithout() throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                PerThread.<Probe, RuntimeException>builder(Probe::new).build()) {
            List<ResourceInfo> shown = new ArrayList<>();
            Thread unnamed = new Thread(() -> pool.run(probe -> shown.addAll(pool.snapshot())), "");
            unnamed.start();
            unnamed.join();
            assertThat(shown).singleElement().satisfies(info -> {
                assertThat(info.threadName()).isEmpty();
                assertThat(info.threadId()).isPositive();
            });
        }
    }

    /** The clock is not read at each acquire; but the reaper renews what it was in every round. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whenALeaseBeganIsAsOldAsTheReapersLastRound(ThreadKind kind) throws Exception {
        AtomicLong now = new AtomicLong(System.nanoTime());
        AtomicInteger rounds = new AtomicInteger();
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reusing()
                        .clock(() -> {
                            if (Thread.currentThread() == Reaper.thread()) {
                                rounds.incrementAndGet();
                            }
                            return now.get();
                        })
                        .build();
                Actor one = new Actor(kind)) {
            one.call(() -> pool.call(probe -> probe));
            now.addAndGet(TimeUnit.HOURS.toNanos(1));
            int before = rounds.get();
            Actor.until(() -> rounds.get() >= before + 2); // one may have read the clock before
            Instant since =
                    one.call(() -> pool.call(probe -> pool.snapshot().get(0).leasedSince()));
            assertThat(since).isAfter(Instant.now().minusSeconds(600));
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void failuresThatNobodyElseIsToldOfAreLoggedAtDebug(ThreadKind kind) throws Exception {
        Queue<LogRecord> lines = new ConcurrentLinkedQueue<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                if (entry.getMessage().startsWith("telnet")
                        || entry.getMessage().contains("removal callback")) {
                    lines.add(entry);
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("dev.perthread");
        logger.addHandler(handler);
        logger.setLevel(Level.FINE); // the JDK's name for DEBUG
        try {
            PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                    .name("telnet")
                    .whenIdle(IdlePolicy.KEEP)
                    .reusing()
                    .check(probe -> {
                        throw new IOException("no answer");
                    })
                    .closer(probe -> {
                        probe.close();
                        throw new IOException("no goodbye");
                    })
                    .build();
            ThreadStore<String> store = ThreadStore.<String>builder()
                    .onRemove((thread, value) -> {
                        throw new IllegalArgumentException("no use for " + value);
                    })
                    .build();
            kind.call(() -> {
                store.set("a value");
                pool.run(Probe::use);
                pool.run(Probe::use);
                return null;
            });
            // The check's, a closer's for it, a closer's for the thread that has ended, the callback's.
            Actor.until(() -> lines.size() >= 4);
            pool.close();
            store.close();
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(null);
        }
        assertThat(lines).allMatch(line -> line.getLevel() == Level.FINE).hasSize(4);
        assertThat(lines.stream()
                        .map(line -> line.getMessage() + ": " + line.getThrown().getMessage()))
                .containsExactlyInAnyOrder(
                        "telnet: the check before reuse failed, the resource is closed: no answer",
                        "telnet: closing a resource failed (CHECK_FAILED): no goodbye",
                        "telnet: closing a resource failed (THREAD_ENDED): no goodbye",
                        "a removal callback failed for a thread that has ended: no use for a value");
    }
}
