package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each exception names the holder, the thread with its id, the numbers, and the likely mistake. */
class MessagesTest {

    private static PerThread.Builder<Probe, RuntimeException> builder() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new).name("orders-db");
    }

    private static String id(Thread thread) {
        return "(id " + Platform.id(thread) + ")";
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLeaseInTheWrongThreadNamesBothAndTheOwnerGoesOn(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder().build();
        try (Actor owner = new Actor(kind);
                Actor other = new Actor(kind)) {
            Lease<Probe> lease = owner.call(pool::acquire);
            for (Runnable use : new Runnable[] {lease::get, lease::invalidate, lease::close}) {
                assertThatThrownBy(() -> other.call(() -> {
                            use.run();
                            return null;
                        }))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("orders-db")
                        .hasMessageContaining(id(owner.thread()))
                        .hasMessageContaining(id(other.thread()))
                        .hasMessageNotContaining("trace(true)"); // nobody asks where it was acquired
            }
            owner.call(() -> {
                lease.get().use();
                assertThat(lease.toString()).doesNotContain("closed");
                lease.close();
                return null;
            });
            assertThatThrownBy(() -> owner.call(lease::get))
                    .hasMessageContaining("orders-db")
                    .hasMessageContaining("this lease is closed")
                    .hasMessageContaining(id(owner.thread()));
            assertThat(lease.toString()).contains("orders-db", id(owner.thread()), "closed");
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aTimeoutSaysWhoHoldsTheLeasesInTheWayAndWhereTheyWereAcquired(ThreadKind kind) throws Exception {
        for (boolean trace : new boolean[] {true, false}) {
            PerThread<Probe, RuntimeException> pool =
                    builder().limit(1).trace(trace).build();
            try (Actor owner = new Actor(kind);
                    Actor other = new Actor(kind)) {
                Lease<Probe> lease = owner.call(() -> pool.acquire());
                assertThatThrownBy(() -> other.call(() -> pool.acquire(Duration.ofMillis(1))))
                        .isInstanceOf(AcquireTimeoutException.class)
                        .hasMessageContaining("some are never closed")
                        .hasMessageContaining(trace ? id(owner.thread()) + " at " + where() : "trace(true)");
                assertThatThrownBy(() -> other.call(lease::get))
                        .hasMessageContaining(trace ? "acquired at " + where() : id(owner.thread()));
                if (trace) {
                    assertThat(pool.snapshot().get(0).acquiredAt().get(0).getClassName())
                            .as("the caller's frame comes first")
                            .isEqualTo(MessagesTest.class.getName());
                }
                owner.call(() -> {
                    lease.close();
                    return null;
                });
            }
        }
    }

    private static String where() {
        return MessagesTest.class.getName() + ".";
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aTimeoutUnderKeepSaysThatTheIdleOnesAreReserved(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                builder().whenIdle(IdlePolicy.KEEP).reusing().limit(2).build();
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            first.call(() -> pool.call(probe -> probe));
            Lease<Probe> lease = second.call(pool::acquire);
            assertThatThrownBy(() -> third.call(() -> pool.acquire(Duration.ofMillis(20))))
                    .isInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("orders-db")
                    .hasMessageContaining(id(third.thread()))
                    .hasMessageContaining("limit 2, leased 1, idle 1")
                    .hasMessageContaining("waiting 0")
                    .hasMessageContaining("LEND")
                    .hasMessageMatching("(?s).*after \\d+ ms.*");
            second.call(() -> {
                lease.close();
                return null;
            });
        } finally {
            pool.close();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void reentryNamesTheThreadAndWhatToDo(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder().build();
        try (Actor actor = new Actor(kind)) {
            Lease<Probe> lease = actor.call(pool::acquire);
            assertThatThrownBy(() -> actor.call(pool::acquire))
                    .isInstanceOf(ReentryException.class)
                    .hasMessageContaining("orders-db")
                    .hasMessageContaining(id(actor.thread()))
                    .hasMessageContaining("already holds a lease")
                    .hasMessageContaining("SHARE");
            actor.call(() -> {
                lease.close();
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aFailedCloseNamesTheHolderAndTheFailure(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder()
                .closer(probe -> {
                    probe.close();
                    throw new IOException("connection reset");
                })
                .build();
        assertThatThrownBy(() -> kind.call(() -> {
                    pool.run(Probe::use);
                    return null;
                }))
                .isInstanceOf(ResourceCloseException.class)
                .hasMessageContaining("orders-db")
                .hasMessageContaining("connection reset");
        pool.close();
        assertThatThrownBy(() -> kind.call(pool::acquire))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("orders-db")
                .hasMessageContaining("is closed");
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aLeakIsLoggedOnceWithHolderThreadAndMistake(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        PerThread<Probe, RuntimeException> pool = builder().build();
        Thread first = kind.call(() -> {
            pool.acquire();
            return Thread.currentThread();
        });
        Actor.until(() -> pool.stats().leaked() == 1);
        kind.call(pool::acquire);
        Actor.until(() -> pool.stats().leaked() == 2);
        assertThat(LogLines.seen())
                .singleElement()
                .asString()
                .contains("orders-db", id(first), "trace(true)", "try-with-resources")
                .containsPattern("acquired \\d+ (s|ms|ns) ago");
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void nothingElseIsLoggedAboveDebug(ThreadKind kind) throws Exception {
        boolean[] failing = {true};
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (failing[0]) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .check(probe -> {
                    throw new IOException("stale");
                })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .limit(1)
                .build();
        assertThatThrownBy(pool::acquire).hasMessage("no route");
        failing[0] = false;
        try (Actor actor = new Actor(kind)) {
            actor.call(() -> pool.call(probe -> probe));
            actor.call(() -> pool.call(probe -> probe)); // another one, for the check failed
            assertThatThrownBy(() -> kind.call(() -> pool.acquire(Duration.ZERO)))
                    .isInstanceOf(AcquireTimeoutException.class);
        }
        Actor.until(() -> pool.stats().reclaimed() == 1);
        Lease<Probe> lease = kind.call(() -> {
            try (Actor other = new Actor(kind)) {
                Lease<Probe> forced = other.call(pool::acquire);
                assertThat(pool.close(Duration.ZERO).forced()).isEqualTo(1);
                return forced;
            }
        });
        assertThat(lease.toString()).contains("resource");
        assertThat(pool.stats().closeFailures()).isEqualTo(3);
        assertThat(LogLines.seen()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void namesOfPoolAndThread_mustBeEscapedAndCut_inAMessage(ThreadKind kind) throws Exception {
        String hostile = "a\nb\u001b[2J" + "x".repeat(1_000);
        PerThread<Probe, RuntimeException> pool = builder().name(hostile).build();
        try (Actor owner = new Actor(kind)) {
            Lease<Probe> lease = owner.call(() -> {
                Thread.currentThread().setName(hostile);
                return pool.acquire();
            });
            assertThatThrownBy(lease::get)
                    .satisfies(refusal -> assertThat(refusal.getMessage())
                            .startsWith("a\\nb\\u001b[2Jxxx")
                            .contains("\"a\\nb\\u001b[2Jxxx")
                            .doesNotContain("\n", "\u001b")
                            .hasSizeLessThan(1_000));
            owner.call(() -> {
                lease.close();
                return null;
            });
        }
    }

    @Test
    void halfPairsAndInvisibleOnes_mustBeEscaped_andNoPairBeCutInTwo() {
        assertThat(Messages.shown("a\ud800b\udb40\udc01c\u202e\u2028\ud83d\ude00"))
                .isEqualTo("a\\ud800b\\u{e0001}c\\u202e\\u2028\ud83d\ude00");
        assertThat(Messages.shown("x".repeat(199) + "\ud83d\ude00".repeat(2))).isEqualTo("x".repeat(199) + "…");
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aHolderAsTextHasItsNameAndNumbers(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool =
                builder().whenIdle(IdlePolicy.KEEP).reusing().build();
        try (Actor actor = new Actor(kind)) {
            actor.call(() -> pool.call(probe -> probe));
            assertThat(pool).hasToString("PerThread[orders-db, leased 0, idle 1, waiting 0]");
        } finally {
            pool.close();
        }
    }
}
