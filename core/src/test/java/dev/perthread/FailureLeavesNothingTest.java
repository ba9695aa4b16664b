package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariants 5 and 6: a failure at any step leaves the slot empty, the place free, the next served; nothing is lost. */
class FailureLeavesNothingTest {

    /** Where it fails. */
    enum Step {
        OPEN,
        OPEN_NULL,
        CHECK,
        CLOSE_AT_SCOPE_END,
        CLOSE_AT_RELEASE,
        CLOSE_AT_EVICT,
        CLOSE_AFTER_CHECK,
        BODY
    }

    /** How it fails. */
    enum Fault {
        EXCEPTION,
        UNCHECKED,
        ERROR,
        INTERRUPTED,
        INTERRUPT_FLAG
    }

    static Stream<Arguments> faults() {
        return Arrays.stream(Step.values())
                .flatMap(step -> Arrays.stream(Fault.values())
                        .flatMap(fault -> Stream.of(IdlePolicy.KEEP, IdlePolicy.LEND)
                                .flatMap(idle ->
                                        ThreadKind.available().map(kind -> Arguments.of(step, fault, idle, kind)))));
    }

    private final AtomicReference<Step> armed = new AtomicReference<>();
    private final AtomicReference<Throwable> thrown = new AtomicReference<>();

    private boolean fails(Step step, Fault fault) throws Exception {
        if (!armed.compareAndSet(step, null)) {
            return false;
        }
        if (fault == Fault.INTERRUPT_FLAG) {
            Thread.currentThread().interrupt();
            return false;
        }
        Throwable failure = switch (fault) {
            case EXCEPTION -> new IOException("on purpose");
            case UNCHECKED -> new IllegalArgumentException("on purpose");
            case ERROR -> new LinkageError("on purpose");
            default -> new InterruptedException("on purpose");
        };
        thrown.set(failure);
        if (failure instanceof Error error) {
            throw error;
        }
        throw (Exception) failure;
    }

    /** The clock stands for any line of the library in which memory or stack may run out. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aFailureInALineOfTheLibraryItselfLosesNoPlace(ThreadKind kind) throws Exception {
        loseNoPlace(kind, UnaryOperator.identity());
    }

    /** Where resources expire the clock is read when a lease ends, too. */
    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aFailureInALineOfTheLibraryThatEndsALeaseLosesNoPlace(ThreadKind kind) throws Exception {
        loseNoPlace(kind, builder -> builder.idleTimeout(Duration.ofHours(1)));
    }

    private static void loseNoPlace(ThreadKind kind, UnaryOperator<PerThread.Builder<Probe, RuntimeException>> options)
            throws Exception {
        for (int failAt = 1; failAt <= 6; failAt++) {
            AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);
            AtomicReference<Thread> user = new AtomicReference<>(); // the reaper reads the clock too
            PerThread<Probe, RuntimeException> pool = options.apply(
                            PerThread.<Probe, RuntimeException>builder(Probe::new)
                                    .limit(1)
                                    .whenIdle(IdlePolicy.LEND)
                                    .reusing())
                    .trace(true)
                    .clock(() -> {
                        if (Thread.currentThread() == user.get() && left.decrementAndGet() == 0) {
                            throw new StackOverflowError("planted");
                        }
                        return 0;
                    })
                    .build();
            int n = failAt;
            kind.call(() -> {
                user.set(Thread.currentThread());
                left.set(n);
                int failures = 0;
                for (int turn = 0; turn < 8; turn++) {
                    try {
                        pool.run(Probe::use);
                    } catch (StackOverflowError planted) {
                        failures++;
                    }
                }
                assertThat(failures).isEqualTo(1);
                Stats stats = pool.stats();
                assertThat(stats.opened() - stats.closed()).isEqualTo(1);
                assertThat(stats.opening() + stats.leased()).isZero();
                return null;
            });
            pool.close();
            assertThat(pool.stats().open()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("faults")
    void whateverFailsWhereverTheNextIsServedAndTheThreadGoesOn(
            Step step, Fault fault, IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        RecordingListener journal = new RecordingListener();
        boolean closing = step.name().startsWith("CLOSE");
        PerThread<Probe, Exception> pool = PerThread.<Probe, Exception>builder(() -> {
                    fails(Step.OPEN, fault);
                    if (step == Step.OPEN_NULL && armed.compareAndSet(Step.OPEN_NULL, null)) {
                        thrown.set(new NullPointerException());
                        return null;
                    }
                    return new Probe();
                })
                .whenIdle(whenIdle)
                .reusing()
                .limit(1)
                .check(probe -> {
                    fails(Step.CHECK, fault);
                    return step != Step.CLOSE_AFTER_CHECK;
                })
                .closer(probe -> {
                    probe.close();
                    if (closing) {
                        fails(step, fault);
                    }
                })
                .listener(journal)
                .build();
        try (Actor actor = new Actor(kind);
                Actor next = new Actor(kind)) {
            if (step == Step.CHECK || closing) {
                actor.call(() -> pool.call(probe -> probe));
            }
            armed.set(step);
            Throwable seen = actor.call(() -> {
                try {
                    switch (step) {
                        case CLOSE_AT_RELEASE -> pool.release();
                        case CLOSE_AT_EVICT -> pool.evictIdle();
                        case BODY -> pool.run(probe -> fails(Step.BODY, fault));
                        default -> {
                            Lease<Probe> lease = pool.acquire();
                            if (step == Step.CLOSE_AT_SCOPE_END) {
                                lease.invalidate();
                            }
                            lease.close();
                        }
                    }
                    return null;
                } catch (Throwable failure) {
                    return failure;
                } finally {
                    boolean flagged = Thread.interrupted();
                    if (step == Step.CLOSE_AT_EVICT) {
                        assertThat(flagged).as("a closer that runs aside").isFalse();
                    } else if (fault == Fault.INTERRUPT_FLAG && step != Step.OPEN_NULL) {
                        assertThat(flagged).as("the flag stays").isTrue();
                    } else if (fault == Fault.INTERRUPTED && (closing || step == Step.CHECK)) {
                        assertThat(flagged)
                                .as("a swallowed interrupt is set again")
                                .isTrue();
                    }
                }
            });
            expectTold(step, fault, seen, journal);
            assertThat(armed).hasValue(null);
            actor.call(() -> {
                assertThat(pool.isHeld()).isFalse();
                try (Lease<Probe> lease = pool.acquire(Duration.ZERO)) {
                    lease.get().use();
                    FutureTask<Object> waiting = next.begin(() -> pool.call(probe -> {
                        probe.use();
                        return probe;
                    }));
                    Actor.until(() -> pool.stats().waiting() == 1);
                    lease.invalidate();
                    assertThat(waiting.isDone()).isFalse();
                }
                return null;
            });
            next.call(() -> {
                pool.run(Probe::use);
                return pool.release();
            });
        }
        Stats stats = pool.stats();
        assertThat(stats.opening() + stats.leased() + stats.waiting()).isZero();
        pool.close();
        assertThat(pool.stats().open()).isZero();
        assertThat(Probe.opened()).isEqualTo(Probe.closed());
        assertThat(Probe.peak()).isEqualTo(1);
    }

    /** Nothing is swallowed: what failed was thrown, or told to the listener. A failed check is an answer. */
    private void expectTold(Step step, Fault fault, Throwable seen, RecordingListener journal) {
        if (step == Step.OPEN_NULL) {
            assertThat(seen).isInstanceOf(NullPointerException.class).hasMessageContaining("opener");
            return;
        }
        if (fault == Fault.INTERRUPT_FLAG || step == Step.CHECK) {
            assertThat(seen).isNull();
            return;
        }
        Throwable failure = thrown.get();
        switch (step) {
            case OPEN -> {
                assertThat(seen).isSameAs(failure);
                assertThat(journal.failures).containsExactly(failure);
            }
            case BODY -> assertThat(seen).isSameAs(failure);
            case CLOSE_AT_EVICT, CLOSE_AFTER_CHECK -> {
                assertThat(seen).isNull();
                assertThat(journal.failures).containsExactly(failure);
            }
            default -> {
                if (fault == Fault.ERROR) {
                    assertThat(seen).isSameAs(failure);
                } else {
                    assertThat(seen).isInstanceOf(ResourceCloseException.class).hasCause(failure);
                }
                assertThat(journal.failures).containsExactly(failure);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.ALL)
    void theBodysFailureStaysPrimaryWithThatOfClosingSuppressed(Matrix matrix) throws Exception {
        PerThread<Probe, RuntimeException> pool = matrix.<Probe, RuntimeException>builder(Probe::new)
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .build();
        matrix.kind().call(() -> {
            IllegalArgumentException body = new IllegalArgumentException("body");
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw body;
                    }))
                    .isSameAs(body);
            assertThat(body.getSuppressed())
                    .singleElement()
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(ResourceCloseException.class)
                            .hasCauseInstanceOf(IOException.class));
            LinkageError error = new LinkageError("body");
            assertThatThrownBy(() -> pool.call(probe -> {
                        throw error;
                    }))
                    .isSameAs(error);
            assertThat(error.getSuppressed()).hasSize(1);
            IllegalArgumentException inTry = new IllegalArgumentException("in try");
            assertThatThrownBy(() -> {
                        try (Lease<Probe> lease = pool.acquire()) {
                            lease.invalidate();
                            throw inTry;
                        }
                    })
                    .isSameAs(inTry);
            assertThat(inTry.getSuppressed()).hasSize(1);
            assertThat(pool.isHeld()).isFalse();
            return null;
        });
        assertThat(pool.stats().closeFailures()).isEqualTo(3);
        assertThat(pool.stats().open()).isZero();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aCloserThatThrowsWhatTheBodyThrewSuppressesNothingOntoItself(ThreadKind kind) throws Exception {
        LinkageError same = new LinkageError("same");
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .closer(probe -> {
                    probe.close();
                    throw same;
                })
                .build();
        assertThatThrownBy(() -> kind.call(() -> {
                    pool.run(probe -> {
                        throw same;
                    });
                    return null;
                }))
                .isInstanceOf(AssertionError.class)
                .hasCause(same);
        assertThat(same.getSuppressed()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aDeadThreadsCloserThatFailsIsToldToTheListenerAndFreesThePlace(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        RecordingListener journal = new RecordingListener();
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .closer(probe -> {
                    probe.close();
                    throw new LinkageError("on purpose");
                })
                .limit(1)
                .listener(journal)
                .build();
        kind.call(pool::acquire);
        assertThatThrownBy(() -> pool.run(Probe::use)).isInstanceOf(LinkageError.class);
        assertThat(journal.failures).hasSize(2);
        assertThat(pool.stats().closeFailures()).isEqualTo(2);
        assertThat(journal.take()).contains("leaked 1", "closeFailed 1 THREAD_ENDED");
    }
}
