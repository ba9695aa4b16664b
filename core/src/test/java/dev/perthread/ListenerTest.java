package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The listener is told each thing once, in order; one that throws harms nothing and is reported once. */
class ListenerTest {
    private final RecordingListener journal = new RecordingListener();

    private PerThread.Builder<Probe, RuntimeException> builder(IdlePolicy whenIdle) {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("db")
                .whenIdle(whenIdle)
                .reusing()
                .listener(journal);
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void theOrderOfTwoScopesAndAClose(IdlePolicy whenIdle) {
        PerThread<Probe, RuntimeException> pool = builder(whenIdle).build();
        pool.run(Probe::use);
        pool.run(Probe::use);
        pool.close();
        if (whenIdle == IdlePolicy.CLOSE) {
            assertThat(journal.take())
                    .containsExactly(
                            "opened 1",
                            "acquired 1",
                            "released 1",
                            "closed 1 SCOPE_END",
                            "opened 2",
                            "acquired 2",
                            "released 2",
                            "closed 2 SCOPE_END");
        } else {
            assertThat(journal.take())
                    .containsExactly(
                            "opened 1",
                            "acquired 1",
                            "released 1",
                            "acquired 1",
                            "released 1",
                            "closed 1 HOLDER_CLOSED");
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void theOrderWhenThereIsAWait(IdlePolicy whenIdle) throws Exception {
        try (PerThread<Probe, RuntimeException> pool =
                        builder(whenIdle).limit(1).build();
                Actor first = new Actor(ThreadKind.PLATFORM);
                Actor second = new Actor(ThreadKind.PLATFORM)) {
            Lease<Probe> lease = first.call(pool::acquire);
            FutureTask<Object> waiting = second.begin(() -> pool.call(probe -> probe));
            Actor.until(() -> pool.stats().waiting() == 1);
            first.call(() -> {
                lease.close();
                return whenIdle == IdlePolicy.KEEP && pool.release();
            });
            Actor.get(waiting);
            List<String> lines = journal.take();
            assertThat(lines.stream().filter(line -> line.equals("waited"))).hasSize(1);
            String second1 = whenIdle == IdlePolicy.LEND ? "acquired 1" : "acquired 2";
            assertThat(lines.indexOf("waited")).isLessThan(lines.lastIndexOf(second1));
            assertThat(lines.subList(0, 3)).containsExactly("opened 1", "acquired 1", "released 1");
        }
    }

    @Test
    void theOrderOfFailures() {
        AtomicBoolean failing = new AtomicBoolean(true);
        IOException no = new IOException("no route");
        IOException reset = new IOException("reset");
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (failing.get()) {
                        throw no;
                    }
                    return new Probe();
                })
                .closer(probe -> {
                    probe.close();
                    throw reset;
                })
                .listener(journal)
                .build();
        assertThatThrownBy(pool::acquire).isSameAs(no);
        failing.set(false);
        assertThatThrownBy(() -> pool.run(Probe::use)).hasCause(reset);
        assertThat(journal.failures).containsExactly(no, reset);
        List<String> lines = journal.take();
        assertThat(lines.get(0)).isEqualTo("openFailed");
        assertThat(lines.stream().skip(1).map(line -> line.replaceAll("[0-9]+", "n")))
                .containsExactly("opened n", "acquired n", "released n", "closeFailed n SCOPE_END");
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theInformationIsOfTheMoment(ThreadKind kind) throws Exception {
        List<ResourceInfo> all = new ArrayList<>();
        Listener listener = new Listener() {
            @Override
            public void opened(ResourceInfo resource) {
                all.add(resource);
            }

            @Override
            public void acquired(ResourceInfo resource) {
                all.add(resource);
            }

            @Override
            public void released(ResourceInfo resource) {
                all.add(resource);
            }

            @Override
            public void closed(ResourceInfo resource, CloseReason reason) {
                all.add(resource);
            }
        };
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .listener(listener)
                .build();
        Thread thread = kind.call(() -> {
            pool.run(Probe::use);
            return Thread.currentThread();
        });
        assertThat(all).hasSize(4).allSatisfy(info -> {
            assertThat(info.id()).isEqualTo(1);
            assertThat(info.threadId()).isEqualTo(Platform.id(thread));
            assertThat(info.threadName()).isEqualTo(thread.getName());
        });
        assertThat(all.stream().map(ResourceInfo::uses)).containsExactly(0L, 1L, 1L, 1L);
        assertThat(all.get(1).state()).isEqualTo(ResourceInfo.State.LEASED);
        assertThat(all.get(1).leasedSince()).isNotNull();
    }

    /** Says how long things took. */
    private static class Watch implements Listener {
        final List<String> told = new ArrayList<>();
        final List<Duration> took = new ArrayList<>();

        @Override
        public void opened(ResourceInfo resource, Duration opening) {
            told.add("opened");
            took.add(opening);
        }

        @Override
        public void openFailed(Throwable failure, Duration opening) {
            told.add("openFailed");
            took.add(opening);
        }

        @Override
        public void acquired(ResourceInfo resource) {
            told.add("acquired");
        }

        @Override
        public void released(ResourceInfo resource, Duration used) {
            told.add("released");
            took.add(used);
        }

        @Override
        public void closed(ResourceInfo resource, CloseReason reason) {
            told.add("closed");
        }
    }

    private static long spend() {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < 2_000_000) {
            Thread.onSpinWait();
        }
        return System.nanoTime() - begin;
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void theDurationsAreThoseOfTheOpenerAndOfTheLease(IdlePolicy whenIdle) throws Exception {
        List<Long> spent = new ArrayList<>();
        boolean[] failing = {true};
        Watch watch = new Watch();
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    spent.add(spend());
                    if (failing[0]) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .whenIdle(whenIdle)
                .reusing()
                .listener(watch)
                .build();
        long begin = System.nanoTime();
        assertThatThrownBy(pool::acquire).hasMessage("no route");
        failing[0] = false;
        pool.run(probe -> spent.add(spend()));
        long all = System.nanoTime() - begin;
        pool.close();
        assertThat(watch.told).containsExactly("openFailed", "opened", "acquired", "released", "closed");
        for (int i = 0; i < 3; i++) {
            assertThat(watch.took.get(i).toNanos()).isBetween(spent.get(i), all);
        }
    }

    @ParameterizedTest
    @EnumSource(IdlePolicy.class)
    void oneThatDoesNotWantLeasesIsToldOfAllTheRest(IdlePolicy whenIdle) {
        Watch watch = new Watch() {
            @Override
            public boolean wantsLeases() {
                return false;
            }
        };
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(whenIdle)
                .reusing()
                .listener(watch)
                .build();
        pool.run(Probe::use);
        pool.close();
        assertThat(watch.told).containsExactly("opened", "closed");
    }

    static Stream<Throwable> failures() {
        return Stream.of(
                new IllegalStateException("listener"),
                new LinkageError("listener"),
                new StackOverflowError("listener"));
    }

    private static Listener throwing(Throwable failure) {
        return (Listener) Proxy.newProxyInstance(
                ListenerTest.class.getClassLoader(), new Class<?>[] {Listener.class}, (proxy, method, arguments) -> {
                    if (method.getDeclaringClass() == Object.class) {
                        return method.getName().equals("hashCode") ? (Object) 1 : "a listener";
                    }
                    throw failure;
                });
    }

    @ParameterizedTest
    @MethodSource("failures")
    void oneThatThrowsHarmsNothingAndIsReportedOnce(Throwable failure) throws Exception {
        LogLines.expect("its listener");
        LogLines.expect("ended without closing its lease");
        AtomicBoolean failOpen = new AtomicBoolean();
        AtomicBoolean failClose = new AtomicBoolean();
        PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                    if (failOpen.get()) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .closer(probe -> {
                    probe.close();
                    if (failClose.get()) {
                        throw new IOException("reset");
                    }
                })
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .limit(1)
                .listener(throwing(failure))
                .build();
        pool.run(Probe::use);
        pool.run(Probe::use);
        assertThat(pool.release()).isTrue();
        failOpen.set(true);
        assertThatThrownBy(pool::acquire).isInstanceOf(IOException.class).hasNoSuppressedExceptions();
        failOpen.set(false);
        Lease<Probe> lease = pool.acquire();
        assertThatThrownBy(() -> ThreadKind.PLATFORM.call(() -> pool.acquire(Duration.ofMillis(1))))
                .isInstanceOf(AcquireTimeoutException.class);
        lease.invalidate();
        failClose.set(true);
        assertThatThrownBy(lease::close).isInstanceOf(ResourceCloseException.class);
        failClose.set(false);
        ThreadKind.PLATFORM.call(() -> pool.acquire());
        Actor.until(() -> pool.stats().leaked() == 1);
        pool.run(Probe::use);
        assertThat(pool.evictIdle()).isEqualTo(1);
        pool.close();
        Stats stats = pool.stats();
        assertThat(List.of(stats.open(), stats.leased(), stats.idle(), stats.opening(), stats.waiting()))
                .containsOnly(0);
        assertThat(Probe.opened()).isEqualTo(Probe.closed()).isEqualTo(4);
    }
}
