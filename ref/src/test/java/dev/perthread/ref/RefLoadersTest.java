package dev.perthread.ref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.PerThread;
import dev.perthread.net.Connection;
import dev.perthread.testkit.CountingServer;
import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each class loader has holders of its own, and none of them keeps it in memory. */
class RefLoadersTest {
    @AfterEach
    void forgetAll() {
        ReferenceRegistry.closeAll(Duration.ZERO);
    }

    @Test
    void sameIdInTwoClassLoadersMustBeTwoPools() throws Exception {
        JobClassLoader one = new JobClassLoader();
        JobClassLoader two = new JobClassLoader();
        PerThreadRef<Probe, IOException> ref = one.ref();
        PerThreadRef<Probe, IOException> other = two.ref();
        ref.run(probe -> {});
        other.run(probe -> {});
        assertThat(Probe.opened()).isEqualTo(2);
        assertThat(ReferenceRegistry.pools()).hasSize(2).containsExactlyInAnyOrder(ref.get(), other.get());
        assertThat(ReferenceRegistry.closeAll(one, Duration.ofSeconds(1)).closed())
                .isEqualTo(1);
        assertThat(other.get().stats().open()).isEqualTo(1);
        assertThat(ReferenceRegistry.pools()).containsExactly(other.get());
        assertThat(ReferenceRegistry.closeAll(one, Duration.ofSeconds(1)).closed())
                .isZero();
        other.close();
        assertThat(Probe.closed()).isEqualTo(2);
    }

    @Test
    void referenceMustBelongToTheClassLoaderItWasReadInAndNotToTheUsers() throws Exception {
        JobClassLoader home = new JobClassLoader();
        PerThreadRef<Probe, IOException> ref = home.ref();
        byte[] sent = Serialized.bytesOf(ref);
        PerThreadRef<Probe, IOException> copy = JobClassLoader.runWith(home, () -> Serialized.read(sent));
        PerThread<Probe, IOException> holder =
                CompletableFuture.supplyAsync(copy::get).get();
        assertThat(holder).isSameAs(ref.get());
        AtomicReference<Object> none = new AtomicReference<>();
        Thread thread = new Thread(
                () -> none.set(LazyConnectionRef.to("none", "tcp://localhost:1").get()));
        thread.setContextClassLoader(null);
        thread.start();
        thread.join();
        assertThat(none.get()).isNotNull();
    }

    @Test
    void missingClassOfTheOpenerMustFailTheFirstUseAndNotTheReading() throws Exception {
        String sent = new String(Serialized.bytesOf(new JobClassLoader().ref()), StandardCharsets.ISO_8859_1);
        PerThreadRef<Probe, IOException> lost =
                Serialized.read(sent.replace("Making", "Absent").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(lost::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("reference \"travel\" cannot be used here: java.lang.ClassNotFoundException:"
                        + " travel.Absent, with class loader ")
                .hasMessageContaining("must have the job's context class loader");
    }

    @Test
    @SuppressWarnings("unchecked")
    void capturedObjectsMustBeReadWithTheOpenersClassLoaderInAnyThread() throws Exception {
        JobClassLoader home = new JobClassLoader();
        byte[] sent = Serialized.bytesOf(home.made("travel.Capturing"));
        PerThreadRef<Probe, IOException> copy = JobClassLoader.runWith(home, () -> Serialized.read(sent));
        copy.run(probe -> {}); // in a thread that is not the job's
        assertThat(ReferenceRegistry.pools()).extracting(PerThread::name).containsExactlyInAnyOrder("outer", "inner");
        ReferenceRegistry.closeAll(home, Duration.ZERO);
        assertThat(ReferenceRegistry.pools()).isEmpty();
    }

    @Test
    void closeAllMustRefuseNullInsteadOfClosingEveryLoadersPools() throws Exception {
        PerThreadRef<Probe, IOException> ref = new JobClassLoader().ref();
        PerThread<Probe, IOException> holder = ref.get();
        assertThatThrownBy(() -> ReferenceRegistry.closeAll(null, Duration.ZERO))
                .isInstanceOf(NullPointerException.class);
        assertThat(ReferenceRegistry.pools()).containsExactly(holder);
    }

    private static WeakReference<ClassLoader> used(JobClassLoader loader) throws Exception {
        PerThreadRef<Probe, IOException> ref = loader.ref();
        Thread thread = new Thread(() -> {
            try {
                ref.run(probe -> {});
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        thread.start();
        thread.join();
        Awaitility.await().until(() -> Probe.closed() == 1);
        assertThat(ReferenceRegistry.pools()).hasSize(1);
        return new WeakReference<>(loader);
    }

    private static WeakReference<ClassLoader> used(boolean parent) throws Exception {
        return used(parent ? new JobClassLoader() : JobClassLoader.withoutParent());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void droppedClassLoaderMustBeCollectedWithItsPool(boolean parent) throws Exception {
        WeakReference<ClassLoader> loader = used(parent);
        Awaitility.await().until(() -> {
            System.gc();
            return loader.get() == null;
        });
        assertThat(ReferenceRegistry.pools()).isEmpty();
    }

    private static WeakReference<ClassLoader> connected(int port) throws Exception {
        JobClassLoader loader = new JobClassLoader();
        JobClassLoader.runWith(loader, () -> {
            LazyConnectionRef ref = LazyConnectionRef.to("orphan", "tcp://127.0.0.1:" + port + "?whenIdle=lend");
            ref.call(connection -> {
                connection.send("orphan here\n".getBytes(StandardCharsets.UTF_8));
                return connection.recv(4);
            });
            return ref.get();
        });
        return new WeakReference<>(loader);
    }

    @Test
    void poolThatOutlivesItsClassLoaderMustBeClosedByTheNextUseOfAnyReference() throws Exception {
        try (CountingServer server = CountingServer.start()) {
            WeakReference<ClassLoader> loader = connected(server.port());
            Awaitility.await().until(() -> {
                System.gc();
                return loader.get() == null;
            });
            assertThat(server.visits("orphan")).hasSize(1).noneMatch(CountingServer.Visit::ended);
            Awaitility.await().until(() -> {
                LazyConnectionRef.to("next", "tcp://127.0.0.1:1").get().close();
                LazyConnectionRef.to("next", "tcp://127.0.0.1:1").close();
                return server.open("orphan") == 0;
            });
        }
    }

    private static WeakReference<ClassLoader> made(Map<String, LazyConnectionRef> refs, int port) throws Exception {
        JobClassLoader loader = new JobClassLoader();
        return JobClassLoader.runWith(loader, () -> {
            for (String id : List.of("idle", "used")) {
                LazyConnectionRef ref = LazyConnectionRef.to(id, "tcp://127.0.0.1:" + port + "?whenIdle=keep");
                ref.call(connection -> say(connection, id));
                refs.put(id, ref);
            }
            return new WeakReference<>(loader);
        });
    }

    private static byte[] say(Connection connection, String word) throws IOException {
        connection.send((word + " here\n").getBytes(StandardCharsets.UTF_8));
        return connection.recv(4);
    }

    @Test
    void poolThatOutlivesItsClassLoaderMustStayOpenWhileInUse() throws Exception {
        try (CountingServer server = CountingServer.start()) {
            Map<String, LazyConnectionRef> refs = new HashMap<>();
            WeakReference<ClassLoader> loader = made(refs, server.port());
            LazyConnectionRef next = LazyConnectionRef.to("next", "tcp://127.0.0.1:1");
            try (Connection mine = refs.get("used").open()) {
                Awaitility.await().until(() -> {
                    System.gc();
                    return loader.get() == null;
                });
                Awaitility.await().until(() -> {
                    next.get();
                    next.close();
                    return server.open("idle") == 0;
                });
                next.get(); // both went at once, but one of them may have been told first
                assertThat(say(mine, "used")).isNotEmpty();
            }
            Awaitility.await().until(() -> {
                next.close();
                next.get();
                return server.open("used") == 0;
            });
        }
    }
}
