package dev.perthread.ref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RefTest {
    private static final AtomicInteger READ = new AtomicInteger();
    private static final AtomicInteger LOADED = new AtomicInteger();

    @AfterEach
    void forgetAll() {
        ReferenceRegistry.closeAll(Duration.ZERO);
        assertThat(ReferenceRegistry.pools()).isEmpty();
    }

    private static PerThreadRef<Probe, IOException> kept(String id) {
        return PerThreadRef.<Probe, IOException>builder(id, Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .build();
    }

    @Test
    void copyMustFindTheSamePoolAndOpenNothingBeforeUse() throws Exception {
        PerThreadRef<Probe, IOException> ref = kept("copies");
        PerThreadRef<Probe, IOException> copy = Serialized.copyOf(ref);
        assertThat(ReferenceRegistry.pools()).isEmpty();
        assertThat(copy.get())
                .isSameAs(ref.get())
                .isSameAs(Serialized.copyOf(copy).holder());
        assertThat(copy.get().name()).isEqualTo("copies").isEqualTo(copy.id());
        assertThat(Probe.opened()).isZero();
        Probe mine = ref.call(probe -> probe);
        try (Lease<Probe> lease = copy.acquire()) {
            assertThat(lease.get()).isSameAs(mine);
            lease.done();
        }
        copy.run(probe -> assertThat(probe).isSameAs(mine));
        assertThat(Serialized.copyOf(ref).release()).isTrue();
        assertThat(ref.release()).isFalse();
        assertThat(Probe.opened()).isEqualTo(1);
    }

    @Test
    void copyOfAKeyedReferenceMustFindTheSamePoolWithItsLimitsAndReleaseAllKeysOfItsThread() throws Exception {
        KeyedPerThreadRef<String, Probe, IOException> ref = KeyedPerThreadRef.<String, Probe, IOException>builder(
                        "keyed", key -> new Probe())
                .whenIdle(IdlePolicy.KEEP)
                .limit(3)
                .limitPerKey(1)
                .build();
        KeyedPerThreadRef<String, Probe, IOException> copy = Serialized.copyOf(ref);
        assertThat(ReferenceRegistry.keyedPools()).isEmpty();
        Probe mine = ref.call("a", probe -> probe);
        copy.run("a", probe -> assertThat(probe).isSameAs(mine));
        copy.run("b", probe -> assertThat(probe).isNotSameAs(mine));
        assertThat(ReferenceRegistry.keyedPools()).singleElement().isSameAs(ref.get());
        assertThat(ReferenceRegistry.pools()).isEmpty();
        assertThat(copy.get().limit()).hasValue(3);
        ThreadKind.PLATFORM.call(() -> {
            assertThat(copy.get().tryAcquire("a")).as("limitPerKey").isEmpty();
            return null;
        });
        assertThat(Serialized.copyOf(ref).release()).isTrue();
        assertThat(Probe.closed()).isEqualTo(2);
        assertThat(ref.release()).isFalse();
        assertThatThrownBy(() -> PerThreadRef.of("keyed", Probe::new).get())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("limitPerKey 1");
    }

    @EachThreadKind
    void copiesThatArriveTogetherMustFindOnePool(ThreadKind kind) throws Exception {
        byte[] sent = Serialized.bytesOf(kept("together"));
        Set<PerThread<Probe, IOException>> found = ConcurrentHashMap.newKeySet();
        kind.inParallel(64, i -> {
            PerThreadRef<Probe, IOException> copy = Serialized.read(sent);
            found.add(copy.get());
        });
        assertThat(found).hasSize(1);
    }

    /** Notices that it is loaded, and that it is read. */
    static final class Noisy implements SerializableOpener<Probe, IOException> {
        private static final long serialVersionUID = 1;

        static {
            LOADED.incrementAndGet();
        }

        @Override
        public Probe open() {
            return new Probe();
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            READ.incrementAndGet();
        }
    }

    @Test
    void deserializationMustRunNoCodeOfTheOpener() throws Exception {
        byte[] sent = Serialized.bytesOf(PerThreadRef.of("noisy", new Noisy()));
        READ.set(0);
        PerThreadRef<Probe, IOException> copy = Serialized.read(sent);
        assertThat(READ).hasValue(0);
        copy.get();
        assertThat(READ).hasValue(1);
        assertThat(LOADED).hasValue(1);
    }

    @Test
    void secondConfigurationUnderOneIdMustBeRefusedWhicheverComesFirst() throws Exception {
        PerThreadRef<Probe, IOException> first = kept("two");
        first.get();
        PerThreadRef<Probe, IOException> other = PerThreadRef.<Probe, IOException>builder("two", new Noisy())
                .closer(Probe::close)
                .reentry(ReentryPolicy.SHARE)
                .whenIdle(IdlePolicy.LEND)
                .check(probe -> true)
                .idleTimeout(Duration.ofSeconds(9))
                .maxAge(Duration.ofMinutes(9))
                .limit(8)
                .acquireTimeout(Duration.ofSeconds(7))
                .closeTimeout(Duration.ofSeconds(6))
                .trace(true)
                .build();
        String lambda = "a lambda of " + RefTest.class.getName();
        assertThatThrownBy(other::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching("(?s)two configurations under one id, \"two\": the pool here has opener \\Q"
                        + lambda
                        + "\\E, whenIdle KEEP \\([0-9a-f]{8}\\); this reference has opener \\Q" + Noisy.class.getName()
                        + ", closer " + lambda + ", check " + lambda
                        + "\\E, reentry SHARE, whenIdle LEND, idleTimeout PT9S, maxAge PT9M, acquireTimeout PT7S,"
                        + " closeTimeout PT6S, limit 8, trace true \\([0-9a-f]{8}\\);.*");
        assertThatThrownBy(other::release).isInstanceOf(IllegalStateException.class);
        assertThat(kept("two").get()).isSameAs(first.get());
        first.close();
        assertThat(other.get().limit()).hasValue(8);
        assertThatThrownBy(kept("two")::get).isInstanceOf(IllegalStateException.class);
    }

    private static PerThreadRef<Probe, IOException> capturing(int port) {
        return PerThreadRef.of("captured", () -> {
            if (port < 0) {
                throw new IOException("no port");
            }
            return new Probe();
        });
    }

    @Test
    void capturedValuesOfALambdaMustBePartOfTheConfiguration() throws Exception {
        assertThat(capturing(1).get()).isSameAs(capturing(1).get());
        assertThatThrownBy(capturing(2)::get).hasMessageContaining("two configurations");
        PerThreadRef<Probe, IOException> failing = capturing(-1);
        ReferenceRegistry.closeAll(Duration.ZERO);
        assertThatThrownBy(failing::acquire).isInstanceOf(IOException.class).hasMessage("no port");
    }

    @Test
    void referencesOfTwoKindsUnderOneIdMustBeRefused() {
        kept("kinds").get();
        assertThatThrownBy(LazyConnectionRef.to("kinds", "tcp://localhost:1")::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("this reference has tcp://localhost:1 (");
    }

    @Test
    void refusalOfTwoConfigurationsMustNotShowPasswords() {
        LazyConnectionRef.to("secret", "tcp://localhost:1?proxy=socks5://me:hush@localhost:2&limit=1")
                .get();
        assertThatThrownBy(
                        LazyConnectionRef.to("secret", "tcp://localhost:1?limit=1&proxy=http://me:hush@localhost:2")
                                ::get)
                .hasMessageContaining("the pool here has tcp://localhost:1?proxy=...&limit=1 (")
                .hasMessageContaining("this reference has tcp://localhost:1?limit=1&proxy=... (")
                .hasMessageNotContaining("hush");
    }

    @Test
    void optionsMustArriveAtThePool() throws Exception {
        PerThreadRef<Probe, IOException> ref =
                Serialized.copyOf(PerThreadRef.<Probe, IOException>builder("options", Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .limit(1)
                        .reentry(ReentryPolicy.OPEN_NEW)
                        .acquireTimeout(Duration.ZERO)
                        .check(probe -> false)
                        .build());
        Probe first = ref.call(probe -> probe);
        try (Lease<Probe> lease = ref.acquire()) {
            assertThat(lease.get()).isNotSameAs(first);
            assertThatThrownBy(ref::acquire).isInstanceOf(dev.perthread.AcquireTimeoutException.class);
        }
    }

    @Test
    void reusePolicyAndUsesMustArriveAtThePool() throws Exception {
        PerThreadRef<Probe, IOException> ref =
                Serialized.copyOf(PerThreadRef.<Probe, IOException>builder("reuse", Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .reuse(ReusePolicy.UNLESS_INVALIDATED)
                        .maxUses(2)
                        .build());
        for (int i = 0; i < 4; i++) {
            ref.acquire().close(); // without done()
        }
        assertThat(Probe.opened()).isEqualTo(2);
    }

    @Test
    void closedPoolMustBeForgottenAndReplacedByTheNextUse() throws Exception {
        PerThreadRef<Probe, IOException> ref = kept("closed");
        ref.close();
        assertThat(ref.release()).isFalse();
        assertThat(ReferenceRegistry.pools()).isEmpty();
        PerThread<Probe, IOException> first = ref.get();
        ref.run(probe -> {});
        Serialized.copyOf(ref).close();
        assertThat(Probe.closed()).isEqualTo(1);
        assertThat(ref.get()).isNotSameAs(first);
        ref.run(probe -> {});
        assertThat(ReferenceRegistry.closeAll(Duration.ofSeconds(1)).closed()).isEqualTo(1);
        assertThatThrownBy(() -> ReferenceRegistry.closeAll(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("grace must be zero or more, but was PT-1S");
    }

    @Test
    void badReferenceMustBeRefusedWhenItIsBuilt() {
        Object here = new Object();
        assertThatThrownBy(() -> PerThreadRef.<AutoCloseable, IOException>of("stuck", () -> here::notify))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("reference \"stuck\" cannot be serialized: java.io.NotSerializableException:"
                        + " java.lang.Object; its functions,");
        assertThatThrownBy(() -> kept(" "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("id must have 1 to 200 printable characters, but was \" \"");
        assertThatThrownBy(() -> LazyConnectionRef.to("", "tcp://localhost:1"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LazyConnectionRef.to("id", "localhost:1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("localhost:1");
        assertThatThrownBy(() -> PerThreadRef.<Probe, IOException>builder("contradiction", Probe::new)
                        .maxAge(Duration.ofSeconds(1))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("maxAge ");
        assertThatThrownBy(() -> PerThreadRef.<Probe, IOException>builder("limit", Probe::new)
                        .limit(0)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("limit ");
    }

    /** Each closer waits for all of them; captures nothing, so it can be static. */
    private static final AtomicReference<CountDownLatch> CLOSERS = new AtomicReference<>();

    private static PerThreadRef<Probe, IOException> meeting(String id) {
        return PerThreadRef.<Probe, IOException>builder(id, Probe::new)
                .whenIdle(IdlePolicy.LEND)
                .closer(probe -> {
                    CLOSERS.get().countDown();
                    CLOSERS.get().await();
                    probe.close();
                })
                .build();
    }

    @Test
    void closeAllMustClosePoolsSideBySide() throws Exception {
        CLOSERS.set(new CountDownLatch(3));
        for (String id : List.of("one", "two", "three")) {
            meeting(id).run(probe -> {});
        }
        CloseReport report = ReferenceRegistry.closeAll(Duration.ofSeconds(1));
        assertThat(report.failures()).isEmpty(); // one after the other, the first two would have been given up
        assertThat(report.closed()).isEqualTo(3);
        assertThat(Probe.closed()).isEqualTo(3);
        assertThat(ReferenceRegistry.pools()).isEmpty();
    }

    @Test
    void closeAllMustNotWaitForLeasesOfTheCallingThread_norForOthersOnceItIsInterrupted() throws Exception {
        List<String> ids = List.of("mine", "also mine");
        List<Lease<Probe>> mine = new ArrayList<>();
        for (String id : ids) {
            mine.add(kept(id).acquire());
        }
        assertThat(ReferenceRegistry.closeAll(Duration.ofHours(1)).forced()).isEqualTo(2);
        mine.forEach(Lease::close);
        try (Actor other = new Actor(ThreadKind.PLATFORM)) {
            List<Lease<Probe>> others = other.call(() -> {
                List<Lease<Probe>> leases = new ArrayList<>();
                for (String id : ids) {
                    leases.add(kept(id).acquire());
                }
                return leases;
            });
            Thread.currentThread().interrupt();
            assertThat(ReferenceRegistry.closeAll(Duration.ofHours(1)).forced()).isEqualTo(2);
            assertThat(Thread.interrupted()).isTrue();
            other.call(() -> {
                others.forEach(Lease::close);
                return null;
            });
        }
    }

    @Test
    void resetAndBackoffMustTravel() throws Exception {
        PerThreadRef<Probe, IOException> ref =
                Serialized.copyOf(PerThreadRef.<Probe, IOException>builder("reset", Probe::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reset(probe -> {
                            throw new IOException("no");
                        })
                        .build());
        ref.run(Probe::use);
        assertThat(ref.get().stats().closedByReason()).containsOnlyKeys(CloseReason.RESET_FAILED);
        IOException down = new IOException("down");
        DOWN.set(down);
        PerThreadRef<Probe, IOException> spared =
                Serialized.copyOf(PerThreadRef.<Probe, IOException>builder("spared", () -> {
                            throw DOWN.get();
                        })
                        .openBackoff(Duration.ofHours(1), Duration.ofHours(2))
                        .build());
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(spared::acquire).isSameAs(down);
        }
        assertThat(spared.get().stats().openFailures()).isEqualTo(1);
        assertThatThrownBy(() -> PerThreadRef.<Probe, IOException>builder("less", Probe::new)
                        .openBackoff(Duration.ofHours(2), Duration.ofHours(1))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("most must not be less than first ");
    }

    private static final AtomicReference<IOException> DOWN = new AtomicReference<>();
}
