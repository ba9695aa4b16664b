package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** {@code warnWhenHeldFor}: one warning per lease, and a line when it comes back. Time is moved by the test alone. */
class WarnWhenHeldForTest {
    private static final Duration MOST = Duration.ofMillis(20);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - MOST.toNanos() / 2); // it wraps around meanwhile
    private final Queue<ResourceInfo> told = new ConcurrentLinkedQueue<>();

    private final Listener listener = new Listener() {
        @Override
        public void heldTooLong(ResourceInfo resource) {
            told.add(resource);
        }
    };

    private PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("held")
                .whenIdle(whenIdle)
                .warnWhenHeldFor(MOST)
                .listener(listener)
                .clock(now::get);
    }

    private static Object end(Lease<?> lease) {
        lease.done();
        lease.close();
        return lease;
    }

    @EachThreadKind
    void lease_mustBeWarnedOfOnce_withBothStacks_andOnceMoreWhenItComesBack(ThreadKind kind) throws Exception {
        CountDownLatch stays = new CountDownLatch(1);
        Queue<Throwable> stacks = new ConcurrentLinkedQueue<>();
        Handler handler = stacksTo(stacks);
        Logger.getLogger("").addHandler(handler);
        try (Recorded recorded = Recorded.everything();
                PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.KEEP).trace(true).build();
                Actor user = new Actor(kind)) {
            Lease<Probe> lease = user.call(() -> acquireHere(pool));
            now.addAndGet(MOST.toNanos() - 1);
            pool.pool.upkeep().sweep(now.get(), owner -> {});
            assertThat(pool.stats().heldTooLong()).isZero();
            FutureTask<Object> staying = user.beginAndWait(() -> stayHere(stays));
            LogLines.expect("held: " + Messages.of(user.thread()) + " has held resource 1 for 20 ms, acquired at ");
            now.incrementAndGet();
            Actor.until(() -> told.size() == 1);
            ResourceInfo info = told.peek();
            assertThat(info.id()).isEqualTo(1);
            assertThat(info.threadId()).isEqualTo(Platform.id(user.thread()));
            assertThat(info.state()).isEqualTo(ResourceInfo.State.LEASED);
            assertThat(info.acquiredAt())
                    .anyMatch(frame -> frame.getMethodName().equals("acquireHere"));
            assertThat(pool.stats().heldTooLong()).isEqualTo(1);
            assertThat(stacks.peek()).hasMessageContaining("the stack of " + Messages.of(user.thread()));
            assertThat(stacks.peek().getStackTrace())
                    .anyMatch(frame -> frame.getMethodName().equals("stayHere"));
            assertThat(LogLines.seen()).hasSize(1).allMatch(line -> line.contains("acquireHere"));
            now.addAndGet(100 * MOST.toNanos());
            for (int round = 0; round < 3; round++) {
                pool.pool.upkeep().sweep(now.get(), owner -> {});
            }
            assertThat(pool.stats().heldTooLong()).isEqualTo(1); // once
            LogLines.expect("held: resource 1 came back from " + Messages.of(user.thread()) + " after 2020 ms");
            stays.countDown();
            Actor.get(staying);
            user.call(() -> end(lease));
            assertThat(told).hasSize(1);
            List<Recorded.Entry> entries = recorded.stop().stream()
                    .filter(entry -> entry.name().equals("HeldTooLong"))
                    .toList();
            assertThat(entries).hasSize(1);
            assertThat(entries.get(0).number("resourceId")).isEqualTo(1);
            assertThat(entries.get(0).number("ownerId")).isEqualTo(Platform.id(user.thread()));
            assertThat(entries.get(0).text("acquiredAt")).contains("acquireHere");
        } finally {
            Logger.getLogger("").removeHandler(handler);
        }
    }

    /** What is logged at WARNING with a stack. */
    private static Handler stacksTo(Queue<Throwable> stacks) {
        return new Handler() {
            @Override
            public void publish(LogRecord line) {
                if (line.getLevel() == Level.WARNING && line.getThrown() != null) {
                    stacks.add(line.getThrown());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    private static Lease<Probe> acquireHere(PerThread<Probe, RuntimeException> pool) {
        return pool.acquire();
    }

    private static Object stayHere(CountDownLatch until) throws InterruptedException {
        until.await();
        return until;
    }

    @EachThreadKind
    void eachLease_mustBeWarnedOfForItself(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build();
                Actor user = new Actor(kind)) {
            for (int i = 1; i <= 2; i++) {
                LogLines.expect("has held resource 1");
                LogLines.expect("came back");
                Lease<Probe> lease = user.call(pool::acquire);
                now.addAndGet(MOST.toNanos());
                int times = i;
                Actor.until(() -> told.size() == times);
                user.call(() -> end(lease));
            }
            Lease<Probe> quick = user.call(pool::acquire);
            now.addAndGet(MOST.toNanos() - 1);
            user.call(() -> end(quick));
            now.addAndGet(MOST.toNanos()); // idle, which is no lease
            pool.pool.upkeep().sweep(now.get(), owner -> {});
            assertThat(pool.stats().heldTooLong()).isEqualTo(2);
        }
    }

    @EachThreadKind
    void lineOfALeaseThatHasEndedMeanwhile_mustTellOfThatLease(ThreadKind kind) throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        Listener slow = new Listener() {
            @Override
            public void heldTooLong(ResourceInfo resource) {
                told.add(resource);
                try {
                    stuck.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        LogLines.expect("has held resource 1 for 20 ms");
        LogLines.expect("came back");
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.CLOSE).listener(slow).build();
                Actor user = new Actor(kind)) {
            Lease<Probe> lease = user.call(pool::acquire);
            now.addAndGet(MOST.toNanos());
            Actor.until(() -> told.size() == 1);
            user.call(() -> end(lease)); // is not held up by a listener that is stuck
            assertThat(Probe.closed()).isEqualTo(1);
            stuck.countDown();
        }
    }

    @Test
    void warnings_mustNotBeOfTheLeaseThatEndsInTime() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.CLOSE).build()) {
            pool.run(Probe::use);
            now.addAndGet(MOST.toNanos());
            pool.run(Probe::use);
            pool.pool.upkeep().sweep(now.get(), owner -> {});
            assertThat(pool.stats().heldTooLong()).isZero();
        }
        assertThat(told).isEmpty();
    }
}
