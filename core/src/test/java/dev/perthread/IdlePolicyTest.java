package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a resource when its lease closes: KEEP, LEND, check, invalidate. */
class IdlePolicyTest {

    private static PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reusing();
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void lendPrefersTheThreadsOwn(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.LEND).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Lease<Probe> a = first.call(pool::acquire);
            Lease<Probe> b = second.call(pool::acquire);
            Probe mine = first.call(() -> endAndGet(a));
            Probe other = second.call(() -> endAndGet(b));
            assertThat(mine).isNotSameAs(other);
            for (int i = 0; i < 10; i++) {
                assertThat(first.<Probe>call(() -> pool.call(probe -> probe))).isSameAs(mine);
                assertThat(second.<Probe>call(() -> pool.call(probe -> probe))).isSameAs(other);
            }
        }
    }

    private static Probe endAndGet(Lease<Probe> lease) {
        Probe probe = lease.get();
        lease.close();
        return probe;
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void lendGivesAnIdleOneToAThreadThatHasNone(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.LEND).limit(1).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            Probe probe = first.call(() -> pool.call(it -> it));
            assertThat(second.<Probe>call(() -> pool.call(it -> it))).isSameAs(probe);
            assertThat(first.<Probe>call(() -> pool.call(it -> it))).isSameAs(probe);
            assertThat(Probe.opened()).isEqualTo(1);
            ResourceInfo info = pool.snapshot().get(0);
            assertThat(info.threadId()).isEqualTo(Platform.id(first.thread()));
            assertThat(info.uses()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void lendOutlivesItsThread(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.LEND).limit(1).build()) {
            Probe probe = kind.call(() -> pool.call(it -> it));
            pool.reap();
            assertThat(probe.isClosed()).isFalse();
            assertThat(pool.stats().idle()).isEqualTo(1);
            assertThat(kind.<Probe>call(() -> pool.call(it -> it))).isSameAs(probe);
            assertThat(pool.stats().reclaimed()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void lendHandsAReleasedOneToTheLongestWaiterEvenIfItsThreadComesBackAtOnce(ThreadKind kind) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(IdlePolicy.LEND).limit(1).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind)) {
            AtomicReference<Lease<Probe>> lease = new AtomicReference<>(first.call(pool::acquire));
            FutureTask<Lease<Probe>> waiting = second.beginAndWait(pool::acquire);
            Actor.until(() -> pool.stats().waiting() == 1);
            FutureTask<Probe> back = first.begin(() -> {
                lease.get().close();
                return pool.call(it -> it); // queues behind, or has it first while nobody is there to take it
            });
            Lease<Probe> served = Actor.get(waiting);
            second.call(() -> endAndGet(served));
            Actor.get(back);
            assertThat(Probe.opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void anInvalidatedOneIsClosedWithItsScopeAndReplaced(IdlePolicy whenIdle) {
        RecordingListener journal = new RecordingListener();
        try (PerThread<Probe, RuntimeException> pool =
                builder(whenIdle).limit(1).listener(journal).build()) {
            try (Lease<Probe> lease = pool.acquire()) {
                lease.invalidate();
                lease.invalidate();
                lease.get().use();
            }
            assertThat(journal.take()).containsExactly("opened 1", "acquired 1", "released 1", "closed 1 INVALIDATED");
            pool.run(Probe::use);
            assertThat(Probe.opened()).isEqualTo(2);
            assertThat(pool.stats().idle()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void aBodyThatFailsInvalidatesByDefault(IdlePolicy whenIdle) {
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle).build()) {
            IOException failure = new IOException("half read");
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw failure;
                    }))
                    .isSameAs(failure);
            assertThat(Probe.closed()).isEqualTo(1);
            assertThatThrownBy(() -> pool.call(probe -> {
                        throw new AssertionError("error");
                    }))
                    .isInstanceOf(AssertionError.class);
            assertThat(Probe.closed()).isEqualTo(2);
            assertThat(pool.isHeld()).isFalse();
            pool.run(Probe::use);
            assertThat(Probe.closed()).isEqualTo(2);
        }
    }

    @Test
    void invalidateWhenDecidesAndItsOwnFailureCountsAsYes() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .invalidateWhen(failure -> {
                    if (failure instanceof Error) {
                        throw new IllegalStateException("cannot say");
                    }
                    return failure instanceof IOException;
                })
                .build()) {
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw new IllegalArgumentException("harmless");
                    }))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(Probe.closed()).isZero();
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw new IOException("half read");
                    }))
                    .isInstanceOf(IOException.class);
            assertThat(Probe.closed()).isEqualTo(1);
            assertThatThrownBy(() -> pool.run(probe -> {
                        throw new AssertionError("error");
                    }))
                    .isInstanceOf(AssertionError.class)
                    .satisfies(e ->
                            assertThat(e.getSuppressed()).singleElement().isInstanceOf(IllegalStateException.class));
            assertThat(Probe.closed()).isEqualTo(2);
        }
    }

    @Test
    void aFailedBodyUnderTryWithResourcesKeepsTheResource() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build()) {
            assertThatThrownBy(() -> {
                        try (Lease<Probe> lease = pool.acquire()) {
                            lease.get().use();
                            throw new IOException("who knows");
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(Probe.closed()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void aCheckThatSaysNoOrThrowsHasItReplacedInItsPlace(IdlePolicy whenIdle) throws Exception {
        RecordingListener journal = new RecordingListener();
        AtomicReference<Throwable> answer = new AtomicReference<>();
        try (PerThread<Probe, RuntimeException> pool = builder(whenIdle)
                .limit(1)
                .listener(journal)
                .check(probe -> {
                    assertThat(probe.isClosed()).isFalse();
                    Throwable failure = answer.get();
                    if (failure instanceof Error error) {
                        throw error;
                    }
                    if (failure instanceof IOException exception) {
                        throw exception;
                    }
                    return failure == null;
                })
                .build()) {
            pool.run(Probe::use); // a new one is not checked
            pool.run(Probe::use);
            assertThat(Probe.opened()).isEqualTo(1);
            try (Actor waiter = new Actor(ThreadKind.PLATFORM)) {
                int expected = 1;
                for (Throwable failure :
                        new Throwable[] {new Exception("no"), new IOException("broken"), new LinkageError("bad")}) {
                    answer.set(failure);
                    FutureTask<Probe> other = null;
                    try (Lease<Probe> lease = pool.acquire()) {
                        assertThat(lease.get().isClosed()).isFalse();
                        expected++;
                        assertThat(Probe.opened()).isEqualTo(expected);
                        assertThat(Probe.peak()).isEqualTo(1);
                        answer.set(null);
                        if (whenIdle == IdlePolicy.LEND) {
                            other = waiter.beginAndWait(() -> pool.call(it -> it));
                        }
                    }
                    if (other != null) {
                        Actor.get(other);
                    }
                }
            }
            assertThat(pool.stats().closed()).isEqualTo(3);
        }
        assertThat(journal.take().stream().filter(line -> line.startsWith("closed")))
                .containsExactly(
                        "closed 1 CHECK_FAILED",
                        "closed 2 CHECK_FAILED",
                        "closed 3 CHECK_FAILED",
                        "closed 4 HOLDER_CLOSED");
    }

    @Test
    void aCheckThatIsInterruptedLeavesTheFlagSet() {
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP)
                .check(probe -> {
                    throw new InterruptedException("while asking");
                })
                .build()) {
            pool.run(Probe::use);
            pool.run(Probe::use);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(Probe.closed()).isEqualTo(1);
        }
    }

    @Test
    void whatIsNotCloseableNeedsNoCloser() {
        try (PerThread<StringBuilder, RuntimeException> pool = PerThread.<StringBuilder, RuntimeException>builder(
                        StringBuilder::new, Closer.none())
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build()) {
            pool.run(text -> text.append('a'));
            assertThat(pool.<String, RuntimeException>call(
                            text -> text.append('b').toString()))
                    .isEqualTo("ab");
        }
    }

    @Test
    void closeTimeoutAndNamesAreOptionsThatArePossible() {
        assertThat(builder(IdlePolicy.KEEP).build().name()).startsWith("perthread-");
        PerThread<Probe, RuntimeException> pool =
                builder(IdlePolicy.KEEP).name("n").closeTimeout(Duration.ZERO).build();
        pool.close();
        assertThat(pool.name()).isEqualTo("n");
    }

    @Test
    void optionsThatContradictEachOtherAreRefusedAtOnceNamingBoth() {
        assertThatThrownBy(() -> builder(IdlePolicy.CLOSE)
                        .idleTimeout(Duration.ofSeconds(1))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("idleTimeout")
                .hasMessageContaining("whenIdle(CLOSE)");
        assertThatThrownBy(() ->
                        builder(IdlePolicy.CLOSE).maxAge(Duration.ofSeconds(1)).build())
                .hasMessageContaining("maxAge");
        assertThatThrownBy(() -> builder(IdlePolicy.CLOSE).check(probe -> true).build())
                .hasMessageContaining("check");
        assertThatThrownBy(() -> builder(IdlePolicy.KEEP).limit(0))
                .hasMessageContaining("limit must be 1 or more, but was 0");
        assertThatThrownBy(() -> builder(IdlePolicy.KEEP).idleTimeout(Duration.ZERO))
                .hasMessageContaining("idleTimeout");
        assertThatThrownBy(() -> builder(IdlePolicy.KEEP).acquireTimeout(Duration.ofNanos(-1)))
                .hasMessageContaining("acquireTimeout");
        assertThatThrownBy(() -> builder(IdlePolicy.KEEP).closeTimeout(Duration.ofNanos(-1)))
                .hasMessageContaining("closeTimeout");
        try (PerThread<Probe, RuntimeException> pool = builder(IdlePolicy.KEEP).build()) {
            assertThatThrownBy(() -> pool.acquire(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pool.close(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
            pool.run(Probe::use);
        }
    }

    @Test
    void aBuilderMayBeUsedAgainWithoutChangingWhatItBuilt() {
        PerThread.Builder<Probe, RuntimeException> builder = builder(IdlePolicy.KEEP);
        PerThread<Probe, RuntimeException> keeping = builder.build();
        PerThread<Probe, RuntimeException> closing =
                builder.whenIdle(IdlePolicy.CLOSE).build();
        closing.run(Probe::use);
        assertThat(Probe.closed()).isEqualTo(1);
        keeping.run(Probe::use);
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(keeping.name()).isNotEqualTo(closing.name());
        keeping.close();
    }
}
