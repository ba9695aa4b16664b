package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.perthread.IdlePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the system does of its own: another language, no descriptors left, a socket connected to itself, copies of data. */
class SystemMoodsTest {
    private static final int LARGE = 40 * 1024 * 1024;

    @TempDir
    Path directory;

    /** In a process of its own: connects to a queue that is full, and to no socket at all. */
    static final class FullQueueAndNone {
        private FullQueueAndNone() {}

        public static void main(String[] arguments) throws IOException {
            Path path = Path.of(arguments[0]);
            Deque<SocketChannel> waiting = new ArrayDeque<>();
            try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                listener.bind(UnixDomainSocketAddress.of(path), 1);
                while (waiting.size() < 50) {
                    SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
                    waiting.add(next);
                    next.configureBlocking(false);
                    try {
                        next.connect(UnixDomainSocketAddress.of(path));
                    } catch (SocketException full) {
                        System.out.println(full.getMessage());
                        break;
                    }
                }
                open(LazyConnection.unix(path).connectTimeout(Duration.ofMillis(80)));
                open(LazyConnection.unix(Path.of(path + ".none")));
            } finally {
                for (SocketChannel one : waiting) {
                    one.close();
                }
            }
        }
    }

    private static void open(LazyConnection.Builder builder) {
        try (LazyConnection shared = builder.build()) {
            shared.open().close();
            System.out.println("opened");
        } catch (IOException failure) {
            System.out.println(failure.getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void fullQueueOfAUnixSocket_isWaitedForInEveryLanguage(String language) throws Exception {
        String installed = ChildJvmLocales.installed();
        assumeTrue(
                language.equals("C") || installed.contains(language.substring(0, 5)),
                () -> language + " is not installed, so the queue is not filled in it");
        Path path = directory.resolve("full");
        List<String> printed =
                ChildJvm.run(Map.of("LC_ALL", language), List.of(), FullQueueAndNone.class, path.toString());
        assertThat(printed).hasSize(3);
        if (!language.equals("C")) {
            assertThat(printed.get(0)).doesNotContain("temporarily unavailable");
        }
        assertThat(printed.get(1))
                .isEqualTo("cannot connect to unix:" + path
                        + ": its queue was full for 80 ms; the server does not accept");
        assertThat(printed.get(2)).startsWith("cannot connect to unix:" + path + ".none: ");
    }

    static Stream<String> languages() {
        return Stream.of("C", "de_DE.UTF-8");
    }

    /** Which languages this system has. */
    private static final class ChildJvmLocales {
        static String installed() throws IOException {
            return Program.find("locale").isEmpty()
                    ? ""
                    : new String(
                            new ProcessBuilder("locale", "-a")
                                    .start()
                                    .getInputStream()
                                    .readAllBytes(),
                            StandardCharsets.UTF_8);
        }
    }

    /** In a process of its own: uses all descriptors up, and connects with none left, one, two and so on. */
    static final class NoDescriptors {
        private NoDescriptors() {}

        public static void main(String[] arguments) throws IOException {
            all(arguments[0]); // so that all classes are there
            Deque<Closeable> open = new ArrayDeque<>();
            // The JVM itself opens a file for a moment now and then, of its control group for example: only who is
            // refused again and again has no descriptor left.
            for (int refused = 0; refused < 100; ) {
                try {
                    open.add(new FileInputStream("/dev/null"));
                    refused = 0;
                } catch (IOException none) {
                    refused++;
                    LockSupport.parkNanos(1_000_000);
                }
            }
            for (int left = 0; left < 4; left++) {
                all(arguments[0]);
                open.remove().close();
            }
            for (Closeable one : open) {
                one.close();
            }
        }

        private static void all(String path) {
            open(LazyConnection.unix(Path.of(path)));
            open(LazyConnection.tcp("127.0.0.1", 1));
            open(LazyConnection.tcp("some.host", 1)
                    .resolver(host -> List.of(TestServer.address("127.0.0.1"), TestServer.address("127.0.0.2"))));
        }
    }

    @Test
    void withoutDescriptorsLeft_isToldWhatWasTried() throws Exception {
        List<String> printed = ChildJvm.run(
                Map.of("LC_ALL", "C"),
                List.of("sh", "-c", "ulimit -n 300; exec \"$@\"", "sh"),
                NoDescriptors.class,
                directory.resolve("none").toString());
        assertThat(printed).hasSize(15).allSatisfy(line -> assertThat(line).startsWith("cannot connect to "));
        assertThat(printed.get(3)).endsWith(": Too many open files");
        assertThat(printed.get(4)).isEqualTo("cannot connect to 127.0.0.1:1: tried 127.0.0.1 (Too many open files)");
        assertThat(printed.get(5)).isEqualTo("cannot connect to some.host:1: Too many open files");
    }

    /** On a port that the system gives to clients too, sooner or later a client is its own server. */
    @ParameterizedTest
    @EnumSource(names = {"CLOSE", "KEEP"})
    void socketConnectedToItself_isRefused(IdlePolicy whenIdle) throws Exception {
        int port = freeEven();
        try (LazyConnection shared =
                LazyConnection.tcp("127.0.0.1", port).whenIdle(whenIdle).build()) {
            String told = "";
            for (int i = 0; i < 70_000 && !told.contains("itself"); i++) {
                try (Connection mine = shared.open()) {
                    throw new AssertionError("connected to " + mine);
                } catch (ConnectException refused) {
                    told = String.valueOf(refused.getMessage());
                }
            }
            assertThat(told)
                    .isEqualTo("cannot connect to 127.0.0.1:" + port + ": tried 127.0.0.1 (Connection refused: nothing"
                            + " listens there, and the socket was connected to itself)");
            new ServerSocket(port, 50, TestServer.address("127.0.0.1")).close(); // and the port is free for its server
        }
    }

    /** Linux gives clients the even ones of its range first. */
    private static int freeEven() throws IOException {
        for (int port = 40_000 + 2 * (int) (ProcessHandle.current().pid() % 5000); ; port += 2) {
            try (ServerSocket free = new ServerSocket(port, 50, TestServer.address("127.0.0.1"))) {
                return free.getLocalPort();
            } catch (BindException taken) {
                // the next one, then
            }
        }
    }

    @Test
    void socketWhoseAddressesAreTheSame_isItsOwnPeer() throws Exception {
        assertThatThrownBy(() -> ConnectFailures.refuseOwn(
                        new InetSocketAddress(TestServer.address("127.0.0.1"), 7),
                        new InetSocketAddress(TestServer.address("127.0.0.1"), 7)))
                .isExactlyInstanceOf(ConnectException.class);
        ConnectFailures.refuseOwn(
                new InetSocketAddress(TestServer.address("127.0.0.1"), 7),
                new InetSocketAddress(TestServer.address("127.0.0.2"), 7));
    }

    static Stream<Arguments> kindsAndPolicies() {
        List<Arguments> all = new ArrayList<>();
        for (Wire wire : List.of(Wire.TCP, Wire.UNIX)) {
            for (IdlePolicy whenIdle : List.of(IdlePolicy.CLOSE, IdlePolicy.KEEP)) {
                ThreadKind.available().forEach(kind -> all.add(Arguments.of(wire, whenIdle, kind)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("kindsAndPolicies")
    void largeArrays_areNotCopiedWholeOutsideTheHeap(Wire wire, IdlePolicy whenIdle, ThreadKind kind) throws Exception {
        TestServer.Talk backAndForth = (in, out) -> {
            in.skipNBytes(LARGE);
            byte[] piece = new byte[64 * 1024];
            for (int sent = 0; sent < LARGE; sent += piece.length) {
                out.write(piece);
            }
        };
        try (TestServer server = wire.server(backAndForth);
                LazyConnection shared =
                        wire.to(server, directory).whenIdle(whenIdle).build()) {
            long grown = kind.call(() -> {
                long before = outsideTheHeap();
                try (Connection mine = shared.open()) {
                    mine.send(new byte[LARGE]);
                    assertThat(mine.input().readNBytes(new byte[LARGE], 0, LARGE))
                            .isEqualTo(LARGE);
                    return outsideTheHeap() - before;
                }
            });
            assertThat(grown).isLessThan(8 * 1024 * 1024);
        }
    }

    private static long outsideTheHeap() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
