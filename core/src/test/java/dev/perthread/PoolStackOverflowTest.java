package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 8: a stack overflow at any depth of an operation leaves the pool usable, loses no place and no resource. */
class PoolStackOverflowTest {
    private static final int STACK = 200_000; // of platform threads
    private static final int FRAMES = 150; // of the recursion's, that many before the end of the stack
    private static final Duration LONG = Duration.ofSeconds(20);

    /** What overflows. */
    enum Operation {
        CALL(300) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.run(Probe::use);
            }
        },
        OVERFLOWING_BODY(300) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.run(probe -> depth(0));
                pool.run(probe -> endless());
            }
        },
        ACQUIRE(300) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                try (Lease<Probe> lease = pool.acquire()) {
                    lease.get().use();
                    lease.done();
                }
            }
        },
        NOT_DONE(300) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.acquire().close();
            }
        },
        RELEASE(300) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.run(Probe::use);
                pool.release();
            }
        },
        EVICT(60) { // on 17 each closes by threads of its own: 20 s for 200
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.run(Probe::use);
                pool.evictIdle();
                pool.run(Probe::use);
                pool.refresh();
            }
        },
        OTHERS(200) {
            @Override
            void run(PerThread<Probe, RuntimeException> pool) {
                pool.run(Probe::use);
                pool.stats();
                pool.snapshot();
                pool.reap();
                pool.setLimit(2);
                pool.tryAcquire().ifPresent(Lease::close);
                pool.isHeld();
            }
        };

        private final int overflows;

        Operation(int overflows) {
            this.overflows = overflows;
        }

        abstract void run(PerThread<Probe, RuntimeException> pool);
    }

    static Stream<Arguments> operations() {
        return Arrays.stream(Operation.values())
                .flatMap(operation -> Arrays.stream(IdlePolicy.values())
                        .flatMap(idle -> ThreadKind.available().map(kind -> Arguments.of(operation, idle, kind))));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void anOverflowAtAnyDepth_leavesThePoolUsable_forItsThreadAndForOthers(
            Operation operation, IdlePolicy idle, ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(idle)
                .limit(2)
                .acquireTimeout(LONG)
                .build();
        CountDownLatch end = new CountDownLatch(1);
        FutureTask<Integer> overflows = new FutureTask<>(() -> {
            Random random = new Random(1);
            pool.run(Probe::use);
            pool.run(Probe::use); // something is reused, or the log would say that nothing ever is
            int space = depth(0);
            for (int i = 0; i < operation.overflows; i++) {
                overflow(space - random.nextInt(FRAMES), () -> operation.run(pool));
                // The thread that it met goes on, with the same pool: not held, not stuck.
                if (pool.isHeld()) {
                    return 1; // the JVM left out a handler that calls nothing: rare, and not promised
                }
                pool.run(Probe::use);
            }
            return 0;
        });
        Thread thread = start(kind, () -> {
            overflows.run();
            try {
                end.await(); // lives on: nothing may depend on its end
            } catch (InterruptedException impossible) {
                throw new AssertionError(impossible);
            }
        });
        int kept = overflows.get(60, TimeUnit.SECONDS);
        if (kept > 0) {
            LogLines.expect("ended without closing its lease");
        }

        // Of the two places the thread has one at most, and may still use it. What the last overflow left is closed
        // aside.
        Actor.until(() -> pool.stats().leased() == kept);
        Actor.until(() -> {
            Stats stats = pool.stats();
            return stats.open() - kept == (idle == IdlePolicy.CLOSE ? 0 : stats.idle());
        });
        try (Actor other = new Actor(kind)) {
            other.call(() -> {
                pool.run(Probe::use);
                return null;
            });
        }
        end.countDown();
        thread.join();
        Actor.until(() -> pool.stats().leased() == 0);
        CloseReport report = pool.close(LONG);
        assertThat(report.forced()).isZero();
        assertThat(pool.stats().open()).isZero();
        assertThat(pool.stats().leaked()).isEqualTo(kept);
        assertThat(Probe.closed()).isEqualTo(Probe.opened());
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void anOverflowInClose_leavesAPoolThatCanBeClosed(ThreadKind kind) throws Exception {
        FutureTask<Object> overflows = new FutureTask<>(() -> {
            Random random = new Random(2);
            int space = depth(0);
            for (int i = 0; i < 100; i++) {
                PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .build();
                pool.prewarm(3);
                overflow(space - random.nextInt(FRAMES), () -> pool.close(Duration.ZERO));
                pool.close(LONG);
                assertThat(pool.isClosed()).isTrue();
                assertThat(pool.stats().open()).isZero();
            }
            return null;
        });
        start(kind, overflows);
        overflows.get(60, TimeUnit.SECONDS);
        Actor.until(() -> Probe.closed() == Probe.opened());
    }

    /** What the user has given overflows by itself, at its own depth. */
    enum Given {
        OPENER,
        CHECK,
        RESET,
        CLOSER,
        LISTENER
    }

    static Stream<Arguments> given() {
        return Arrays.stream(Given.values())
                .flatMap(given -> ThreadKind.available().map(kind -> Arguments.of(given, kind)));
    }

    @ParameterizedTest
    @MethodSource("given")
    void codeOfTheUserThatOverflows_losesNothing_andThePoolGoesOn(Given given, ThreadKind kind) throws Exception {
        if (given == Given.LISTENER) {
            LogLines.expect("its listener");
        }
        AtomicBoolean overflows = new AtomicBoolean();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(
                        () -> {
                            endlessIf(given == Given.OPENER && overflows.get());
                            return new Probe();
                        },
                        probe -> {
                            probe.close();
                            endlessIf(given == Given.CLOSER && overflows.get());
                        })
                .check(probe -> {
                    endlessIf(given == Given.CHECK && overflows.get());
                    return true;
                })
                .reset(probe -> endlessIf(given == Given.RESET && overflows.get()))
                .listener(new Listener() {
                    @Override
                    public void opened(ResourceInfo resource) {
                        endlessIf(given == Given.LISTENER && overflows.get());
                    }

                    @Override
                    public void closed(ResourceInfo resource, CloseReason reason) {
                        endlessIf(given == Given.LISTENER && overflows.get());
                    }
                })
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .acquireTimeout(LONG)
                .build();
        FutureTask<Object> overflow = new FutureTask<>(() -> {
            for (int i = 0; i < 20; i++) {
                if (given == Given.OPENER) {
                    pool.release();
                }
                overflows.set(true);
                mayOverflow(() -> pool.run(Probe::use));
                mayOverflow(pool::release);
                overflows.set(false);
                pool.run(Probe::use);
            }
            return null;
        });
        start(kind, overflow);
        overflow.get(60, TimeUnit.SECONDS);
        try (Actor other = new Actor(kind)) {
            other.call(() -> {
                pool.run(Probe::use);
                return null;
            });
        }
        Stats stats = pool.stats();
        assertThat(stats.leased() + stats.opening() + stats.waiting()).isZero();
        assertThat(stats.openFailures()).isEqualTo(given == Given.OPENER ? 20 : 0);
        assertThat(stats.closeFailures()).isEqualTo(given == Given.CLOSER ? 20 : 0);
        CloseReport report = pool.close(LONG);
        assertThat(report.failures()).isEmpty();
        assertThat(pool.stats().open()).isZero();
        assertThat(Probe.closed()).isEqualTo(Probe.opened());
    }

    private static void mayOverflow(Runnable operation) {
        try {
            operation.run();
        } catch (StackOverflowError | ResourceCloseException itsOwn) {
            // what the user's code did arrives as itself, or as a failed close
        }
    }

    private static void endlessIf(boolean overflow) {
        if (overflow) {
            endless();
        }
    }

    private static Thread start(ThreadKind kind, Runnable task) {
        if (kind == ThreadKind.VIRTUAL) {
            return kind.start(task);
        }
        Thread thread = new Thread(null, task, "small stack", STACK);
        thread.start();
        return thread;
    }

    /** From that depth on each frame runs the operation, until the stack ends in it. */
    private static void overflow(int calm, Runnable operation) {
        try {
            recurse(calm, operation);
        } catch (StackOverflowError wanted) {
            return;
        }
        throw new AssertionError("no overflow");
    }

    @SuppressWarnings("InfiniteRecursion") // on purpose
    private static void recurse(int calm, Runnable operation) {
        if (calm <= 0) {
            operation.run();
        }
        recurse(calm - 1, operation);
    }

    @SuppressWarnings("InfiniteRecursion") // on purpose
    private static void endless() {
        endless();
    }

    /** How deep a recursion can go from here. */
    @SuppressWarnings("InfiniteRecursion")
    private static int depth(int deep) {
        try {
            return depth(deep + 1);
        } catch (StackOverflowError end) {
            return deep;
        }
    }
}
