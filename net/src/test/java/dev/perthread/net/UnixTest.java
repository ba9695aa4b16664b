package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.testkit.ThreadKind;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connecting to a Unix socket succeeds or fails at once, and a full queue is waited for within bounds. */
class UnixTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource(KINDS)
    void whatIsNoSocketOfAnybodyIsTold(ThreadKind kind) throws Exception {
        Path left = directory.resolve("left");
        try (ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            gone.bind(UnixDomainSocketAddress.of(left)); // closing it leaves the file behind
        }
        fails(kind, directory.resolve("none"), "No such file or directory");
        fails(kind, left, "Connection refused");
        fails(kind, Files.createFile(directory.resolve("file")), "Connection refused");
        fails(kind, directory.resolve("x".repeat(120)), "Unix domain path too long");
    }

    private static void fails(ThreadKind kind, Path path, String why) throws Exception {
        try (LazyConnection shared = LazyConnection.unix(path).build()) {
            kind.call(() -> assertThatThrownBy(shared::open)
                    .isExactlyInstanceOf(ConnectException.class)
                    .hasMessageStartingWith("cannot connect to unix:" + path + ": " + why));
            assertThat(shared.holder().stats().open()).isZero();
        }
    }

    /** A listener with a queue of few, all of them taken. */
    private final class Full implements AutoCloseable {
        final Path path = directory.resolve("full");
        private final ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        private final Deque<SocketChannel> waiting = new ArrayDeque<>();

        Full() throws Exception {
            listener.bind(UnixDomainSocketAddress.of(path), 1);
            while (waiting.size() < 50) {
                SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
                next.configureBlocking(false);
                try {
                    next.connect(UnixDomainSocketAddress.of(path));
                    waiting.add(next);
                } catch (SocketException full) {
                    next.close();
                    return;
                }
            }
            throw new AssertionError("the queue of one takes fifty");
        }

        void acceptOne() throws Exception {
            listener.accept().close();
        }

        @Override
        public void close() throws Exception {
            listener.close();
            Files.delete(path);
            for (SocketChannel one : waiting) {
                one.close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aFullQueueIsWaitedFor(ThreadKind kind) throws Exception {
        try (Full full = new Full();
                LazyConnection patient = LazyConnection.unix(full.path).build();
                LazyConnection hasty = LazyConnection.unix(full.path)
                        .connectTimeout(Duration.ofMillis(80))
                        .build()) {
            kind.call(() -> assertThatThrownBy(hasty::open)
                    .isExactlyInstanceOf(SocketTimeoutException.class)
                    .hasMessage("cannot connect to unix:" + full.path
                            + ": its queue was full for 80 ms; the server does not accept"));
            AtomicReference<Throwable> seen = new AtomicReference<>();
            Thread waiting = kind.start(
                    () -> seen.set(catchThrowable(() -> patient.open().close())));
            TestServer.await(() -> patient.holder().stats().opening() == 1);
            full.acceptOne();
            waiting.join(10_000);
            assertThat(seen.get()).isNull();
            assertThat(patient.holder().stats().opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void anInterruptAndACloseEndThatWait(ThreadKind kind) throws Exception {
        try (Full full = new Full()) {
            AtomicReference<Throwable> seen = new AtomicReference<>();
            LazyConnection shared = LazyConnection.unix(full.path)
                    .connectTimeout(Duration.ofSeconds(60))
                    .build();
            Thread first = kind.start(() -> seen.set(catchThrowable(shared::open)));
            TestServer.await(() -> shared.holder().stats().opening() == 1);
            first.interrupt();
            first.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(InterruptedIOException.class)
                    .hasMessage("cannot connect to unix:" + full.path + ": interrupted");
            Thread second = kind.start(() -> seen.set(catchThrowable(shared::open)));
            TestServer.await(() -> shared.holder().stats().opening() == 1);
            shared.close();
            second.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    @EnabledOnOs(OS.LINUX)
    void noDescriptorOfASelectorIsLeft(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO, TestListener.unix());
                LazyConnection shared = server.shared();
                LazyConnection nobody =
                        LazyConnection.unix(directory.resolve("none")).build()) {
            kind.call(() -> round(shared, nobody));
            server.awaitOpen(0);
            long before = descriptors();
            kind.call(() -> {
                for (int i = 0; i < 200; i++) {
                    round(shared, nobody);
                }
                return null;
            });
            server.awaitOpen(0);
            TestServer.await(() -> descriptors() <= before);
        }
    }

    private static Void round(LazyConnection shared, LazyConnection nobody) throws Exception {
        try (Connection mine = shared.open()) {
            mine.send(new byte[] {1});
            assertThat(mine.recv(1)).containsExactly(1);
        }
        assertThatThrownBy(nobody::open).isInstanceOf(ConnectException.class);
        return null;
    }

    private static long descriptors() throws Exception {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
