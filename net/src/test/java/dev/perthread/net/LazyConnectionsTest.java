package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.AcquireTimeoutException;
import dev.perthread.CloseReason;
import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.ReentryException;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One object for many hosts: two limits, each host told apart from the others, and nothing left of one that fails. */
class LazyConnectionsTest {
    private static final Duration AT_ONCE = Duration.ZERO;

    @TempDir
    Path directory;

    private static TestServer at(String address, TestServer.Talk talk) throws IOException {
        return new TestServer(talk, TestListener.of(new ServerSocket(0, 200, TestServer.address(address))));
    }

    /** Says who it is for each byte that it gets. */
    private static TestServer saying(String address) throws IOException {
        return at(address, (in, out) -> {
            while (in.read() >= 0) {
                out.write(bytes(address));
            }
        });
    }

    private static String ask(Connection mine, int length) throws IOException {
        mine.send(bytes("?"));
        byte[] answer = new byte[length];
        new DataInputStream(mine.input()).readFully(answer);
        return new String(answer, StandardCharsets.UTF_8);
    }

    private static void close(Actor actor, Connection connection) throws Exception {
        actor.call(() -> {
            connection.close();
            return null;
        });
    }

    // ---- limits ----

    @EachThreadKind
    void eachHost_hasItsOwnLimit_andAllHaveOne(ThreadKind kind) throws Exception {
        try (TestServer a = at("127.0.0.1", TestServer.SILENCE);
                TestServer b = at("127.0.0.2", TestServer.SILENCE);
                LazyConnections shared =
                        LazyConnections.tcp().limit(3).limitPerHost(2).build();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            Connection one = first.call(() -> shared.open("127.0.0.1", a.port()));
            Connection two = second.call(() -> shared.open("127.0.0.1", a.port()));
            assertThatThrownBy(() -> third.call(() -> shared.open("127.0.0.1", a.port(), AT_ONCE)))
                    .isExactlyInstanceOf(AcquireTimeoutException.class)
                    .hasMessageContaining("tcp://*[127.0.0.1:" + a.port() + "]");
            Connection other = third.call(() -> shared.open("127.0.0.2", b.port()));
            assertThatThrownBy(() -> first.call(() -> shared.open("127.0.0.2", b.port(), AT_ONCE)))
                    .as("the limit for all")
                    .isExactlyInstanceOf(AcquireTimeoutException.class);
            assertThat(shared.holder()
                            .stats(HostAndPort.of("127.0.0.1", a.port()))
                            .leased())
                    .isEqualTo(2);
            assertThat(shared.holder().snapshot())
                    .extracting(ResourceInfo::key)
                    .containsExactlyInAnyOrder(
                            "127.0.0.1:" + a.port(), "127.0.0.1:" + a.port(), "127.0.0.2:" + b.port());
            close(first, one);
            close(second, two);
            close(third, other);
            assertThat(shared.holder().keys()).isEmpty();
        }
    }

    @EachThreadKind
    void idleConnectionOfAnotherHost_makesRoom_whenAllAreAtTheLimit(ThreadKind kind) throws Exception {
        try (TestServer a = saying("127.0.0.1");
                TestServer b = saying("127.0.0.2");
                LazyConnections shared =
                        LazyConnections.tcp().whenIdle(IdlePolicy.LEND).limit(1).build()) {
            kind.call(() -> {
                assertThat(shared.<String, IOException>call("127.0.0.1", a.port(), mine -> ask(mine, 9)))
                        .isEqualTo("127.0.0.1");
                assertThat(shared.<String, IOException>call("127.0.0.2", b.port(), mine -> ask(mine, 9)))
                        .isEqualTo("127.0.0.2");
                return null;
            });
            a.awaitOpen(0);
            assertThat(b.open()).isEqualTo(1);
            assertThat(shared.holder().stats().closedByReason()).containsEntry(CloseReason.MADE_ROOM, 1L);
            assertThat(shared.holder().stats().mostOpen()).isEqualTo(1);
        }
    }

    @EachThreadKind
    void manyThreads_getAnswersOfTheHostTheyAsked_withinBothLimits(ThreadKind kind) throws Exception {
        try (TestServer a = saying("127.0.0.1");
                TestServer b = saying("127.0.0.2");
                TestServer c = saying("127.0.0.3");
                LazyConnections shared = LazyConnections.tcp()
                        .whenIdle(IdlePolicy.LEND)
                        .limit(4)
                        .limitPerHost(2)
                        .build()) {
            List<TestServer> servers = List.of(a, b, c);
            kind.inParallel(8, index -> {
                for (int i = 0; i < 15; i++) {
                    int which = (index + i) % 3;
                    String host = "127.0.0." + (which + 1);
                    String answer = shared.call(host, servers.get(which).port(), mine -> ask(mine, 9));
                    assertThat(answer).isEqualTo(host);
                }
            });
            assertThat(shared.holder().stats().acquired()).isEqualTo(120);
            assertThat(shared.holder().stats().mostOpen()).isBetween(1, 4);
            assertThat(shared.holder().stats().openFailures()).isZero();
        }
    }

    // ---- time ----

    @EachThreadKind
    void time_boundsConnectingToo(ThreadKind kind) throws Exception {
        try (FullBacklog full = new FullBacklog();
                LazyConnections shared = LazyConnections.tcp().build()) {
            kind.call(() -> {
                assertThatThrownBy(() -> shared.open("127.0.0.1", full.port(), Duration.ofMillis(200)))
                        .isExactlyInstanceOf(
                                SocketTimeoutException.class) // and not after 5 s, as long as connecting may take
                        .hasMessageMatching(".*(no answer in \\d{1,3} ms|\\d{1,3} ms that were left).*");
                return null;
            });
            assertThat(shared.holder().stats().openFailures()).isEqualTo(1);
        }
    }

    // ---- hosts ----

    @Test
    void host_isTheSameInWhateverCase_andKeepsOneConnection() throws Exception {
        try (TestServer a = saying("127.0.0.1");
                LazyConnections shared = LazyConnections.tcp()
                        .whenIdle(IdlePolicy.KEEP)
                        .resolver(host -> Resolver.SYSTEM.resolve("127.0.0.1"))
                        .build()) {
            shared.run("Some.Host", a.port(), mine -> ask(mine, 9));
            shared.run("some.HOST", a.port(), mine -> ask(mine, 9));
            assertThat(shared.holder().stats().opened()).isEqualTo(1);
            assertThat(shared.holder().keys()).containsExactly(HostAndPort.of("SOME.host", a.port()));
        }
    }

    @Test
    void hostsAndPorts_areEqual_ifTheyAreTheSamePlace() {
        HostAndPort one = HostAndPort.of("B\u00fccher.example", 80);
        assertThat(HostAndPort.of("XN--bcher-kva.EXAMPLE", 80)).isEqualTo(one).hasSameHashCodeAs(one);
        assertThat(HostAndPort.of("b\u00fccher.example", 81)).isNotEqualTo(one);
        assertThat(HostAndPort.of("[::1]", 80)).isEqualTo(HostAndPort.of("0:0:0:0:0:0:0:1", 80));
        assertThat(HostAndPort.of("fe80::1%Eth0", 80)).isNotEqualTo(HostAndPort.of("fe80::1%eth0", 80));
        assertThat(HostAndPort.of("[::1]", 80)).hasToString("[::1]:80");
        assertThat(HostAndPort.of("[::1]", 80).host()).isEqualTo("::1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostAndPort.of("a", 0))
                .withMessage("port must be between 1 and 65535, but was 0");
    }

    @Test
    void thread_mayBeInsideScopesOfSeveralHosts_andReentryIsPerHost() throws Exception {
        try (TestServer a = saying("127.0.0.1");
                TestServer b = saying("127.0.0.2");
                LazyConnections shared = LazyConnections.tcp().build();
                Connection one = shared.open("127.0.0.1", a.port());
                Connection two = shared.open("127.0.0.2", b.port())) {
            assertThat(ask(one, 9)).isEqualTo("127.0.0.1");
            assertThat(ask(two, 9)).isEqualTo("127.0.0.2");
            assertThatThrownBy(() -> shared.open("127.0.0.1", a.port())).isExactlyInstanceOf(ReentryException.class);
        }
    }

    @EachThreadKind
    void hostThatFails_leavesNothing_andHarmsNoOther(ThreadKind kind) throws Exception {
        int nobody = FreePort.next();
        try (TestServer a = saying("127.0.0.1");
                LazyConnections shared =
                        LazyConnections.tcp().limit(2).whenIdle(IdlePolicy.LEND).build()) {
            kind.call(() -> {
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(() -> shared.open("127.0.0.1", nobody))
                            .isExactlyInstanceOf(ConnectException.class)
                            .hasMessageContaining("127.0.0.1:" + nobody);
                    shared.run("127.0.0.1", a.port(), mine -> ask(mine, 9));
                }
                return null;
            });
            assertThat(shared.holder().keys()).containsExactly(HostAndPort.of("127.0.0.1", a.port()));
            assertThat(shared.holder().stats().openFailures()).isEqualTo(3);
            assertThat(shared.holder().stats().opened()).isEqualTo(1);
        }
    }

    // ---- TLS ----

    private TestServer showing(String address, String... hosts) throws IOException {
        SSLServerSocket listener = (SSLServerSocket) TestTls.AUTHORITY
                .issue("leaf", hosts)
                .server(null)
                .getServerSocketFactory()
                .createServerSocket(0, 200, TestServer.address(address));
        return new TestServer(TestServer.ECHO, TestListener.of(listener));
    }

    @EachThreadKind
    void eachHost_isAskedForByItsName_andMustShowItsOwnCertificate(ThreadKind kind) throws Exception {
        try (TestServer a = showing("127.0.0.1", "a.example");
                TestServer b = showing("127.0.0.2", "b.example");
                LazyConnections shared = LazyConnections.tls()
                        .tls(TestTls.trusting(directory))
                        .resolver(host -> Resolver.SYSTEM.resolve(host.startsWith("a.") ? "127.0.0.1" : "127.0.0.2"))
                        .build()) {
            kind.call(() -> {
                for (String host : List.of("a.example", "b.example")) {
                    int port = host.startsWith("a.") ? a.port() : b.port();
                    shared.run(host, port, mine -> {
                        mine.send(bytes("x"));
                        assertThat(mine.recv(1)).isEqualTo(bytes("x"));
                        SSLEngine engine = mine.unwrap(SSLEngine.class).orElseThrow();
                        assertThat(engine.getSSLParameters().getServerNames())
                                .singleElement()
                                .asString()
                                .contains(host);
                    });
                }
                assertThatThrownBy(() -> shared.open("a.other", a.port()))
                        .isExactlyInstanceOf(SSLHandshakeException.class)
                        .hasMessageContaining("for a.example and not for a.other");
                return null;
            });
        }
    }

    @Test
    void withoutTls_connectsToTheseHostsInTheClear_underTheSameLimit() throws Exception {
        try (TestServer encrypted = showing("127.0.0.1", "127.0.0.1");
                TestServer plain = saying("127.0.0.2");
                LazyConnections shared = LazyConnections.tls()
                        .tls(TestTls.trusting(directory))
                        .withoutTls(to -> to.port() == plain.port())
                        .limit(1)
                        .build()) {
            shared.run(
                    "127.0.0.2", plain.port(), mine -> assertThat(ask(mine, 9)).isEqualTo("127.0.0.2"));
            shared.run("127.0.0.1", encrypted.port(), mine -> {
                assertThat(mine.unwrap(SSLEngine.class)).isPresent();
                assertThatThrownBy(() -> shared.open("127.0.0.2", plain.port(), AT_ONCE))
                        .isExactlyInstanceOf(AcquireTimeoutException.class);
            });
        }
    }

    // ---- close ----

    @EachThreadKind
    void close_freesThreadsThatRead_andThoseThatConnect_whateverTheirHost(ThreadKind kind) throws Exception {
        Queue<Throwable> seen = new ConcurrentLinkedQueue<>();
        try (TestServer a = at("127.0.0.1", TestServer.SILENCE);
                TestServer b = at("127.0.0.2", TestServer.SILENCE);
                FullBacklog full = new FullBacklog();
                Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                Actor third = new Actor(kind)) {
            LazyConnections shared = LazyConnections.tcp()
                    .name("web")
                    .connectTimeout(Duration.ofMinutes(2))
                    .build();
            FutureTask<?> readsA = first.begin(() -> seen.add(reading(shared, "127.0.0.1", a.port())));
            FutureTask<?> readsB = second.begin(() -> seen.add(reading(shared, "127.0.0.2", b.port())));
            FutureTask<Throwable> connects =
                    third.begin(() -> catchThrowable(() -> shared.open("127.0.0.1", full.port())));
            Actor.until(() -> shared.holder().stats().leased() == 2
                    && shared.holder().stats().opening() == 1);
            CloseReport report = shared.close(Duration.ofMillis(50));
            Actor.get(readsA);
            Actor.get(readsB);
            assertThat(Actor.get(connects))
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("web")
                    .hasMessageContaining("closed");
            assertThat(report.forced()).isEqualTo(2);
            assertThat(report.failures()).isEmpty();
            assertThat(seen)
                    .hasSize(2)
                    .allSatisfy(failure -> assertThat(failure)
                            .hasMessageMatching(
                                    "(?s)web\\[127.0.0.[12]:\\d+]: the resource was closed under its user.*"));
            a.awaitOpen(0);
            b.awaitOpen(0);
            assertThatThrownBy(() -> shared.open("127.0.0.1", a.port()))
                    .isExactlyInstanceOf(IllegalStateException.class);
            shared.close();
        }
    }

    private static Throwable reading(LazyConnections shared, String host, int port) {
        return catchThrowable(() -> {
            try (Connection mine = shared.open(host, port)) {
                mine.recv(1);
            }
        });
    }

    // ---- options ----

    @Test
    void options_areRefused_whereTheyHaveNoEffectOrNoSense() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LazyConnections.tcp().limitPerHost(0))
                .withMessage("limitPerHost must be 1 or more, but was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LazyConnections.tcp().withoutTls(to -> true).build())
                .withMessage("withoutTls has no effect on a tcp connection; leave it out");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LazyConnections.tcp()
                        .checkAfterIdle(Duration.ofSeconds(1))
                        .build())
                .withMessageContaining("checkAfterIdle has no effect with whenIdle(CLOSE)");
    }

    @Test
    void builder_changedAfterBuild_changesNothingBuilt() throws Exception {
        try (TestServer a = saying("127.0.0.1")) {
            LazyConnections.Builder builder =
                    LazyConnections.tcp().resolver(host -> Resolver.SYSTEM.resolve("127.0.0.1"));
            try (LazyConnections shared = builder.build()) {
                builder.bindTo(TestServer.address("::1")).resolver(host -> List.of());
                shared.run(
                        "some.host", a.port(), mine -> assertThat(ask(mine, 9)).isEqualTo("127.0.0.1"));
            }
        }
    }
}
