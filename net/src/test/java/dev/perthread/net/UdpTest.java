package dev.perthread.net;

import static dev.perthread.net.TestServer.address;
import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.CloseReason;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A datagram is sent and received whole, what is not there for datagrams is refused, and nobody is waited for for ever. */
class UdpTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    /** Sends every datagram back, "twice" twice, "empty" empty, and "silence" not at all. */
    private static final class Echo implements AutoCloseable {
        private final DatagramSocket socket;
        private final Thread thread = new Thread(this::serve);

        Echo(String at) throws IOException {
            socket = new DatagramSocket(0, address(at));
            thread.start();
        }

        private void serve() {
            byte[] room = new byte[65_535];
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(room, room.length);
                    socket.receive(packet);
                    String text = new String(room, 0, Math.min(10, packet.getLength()), StandardCharsets.UTF_8);
                    if (text.equals("empty")) {
                        packet.setLength(0);
                    }
                    for (int i = 0; i < (text.equals("silence") ? 0 : text.equals("twice") ? 2 : 1); i++) {
                        socket.send(packet);
                    }
                }
            } catch (SocketException closed) {
                // the end
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        @Override
        public void close() throws Exception {
            socket.close();
            thread.join();
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void theBoundariesOfDatagramsAreKept(ThreadKind kind) throws Exception {
        for (String host : List.of("127.0.0.1", "::1")) {
            try (Echo echo = new Echo(host);
                    LazyConnection shared =
                            LazyConnection.udp(host, echo.port()).build()) {
                assertThat(shared.holder().name())
                        .isEqualTo("udp://" + Host.of(host).endpoint(echo.port()));
                kind.call(() -> {
                    try (Connection mine = shared.open()) {
                        mine.send(bytes("one"));
                        mine.send(bytes("three"));
                        mine.send(bytes("empty"));
                        mine.send(new byte[60_000]);
                        assertThat(mine.recv(100)).isEqualTo(bytes("one"));
                        assertThat(mine.recv(5)).isEqualTo(bytes("three"));
                        assertThat(mine.recv(100)).isEmpty();
                        assertThat(mine.recv(Integer.MAX_VALUE)).hasSize(60_000);
                        assertThat(mine.remoteAddress()).isEqualTo(new InetSocketAddress(address(host), echo.port()));
                        assertThat(mine.unwrap(DatagramChannel.class)).isPresent();
                        assertThat(mine.unwrap(DatagramSocket.class)).isPresent();
                    }
                    return null;
                });
            }
        }
    }

    @Test
    void oneThatIsLongerThanAskedForIsNotCutOffSilently() throws Exception {
        try (Echo echo = new Echo("127.0.0.1");
                LazyConnection shared =
                        LazyConnection.udp("127.0.0.1", echo.port()).build();
                Connection mine = shared.open()) {
            mine.send(bytes("three"));
            assertThatThrownBy(() -> mine.recv(4))
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessage("a datagram of 5 bytes came, and only 4 were asked for; the rest of it would be lost");
            mine.send(bytes("next"));
            assertThat(mine.recv(4)).isEqualTo(bytes("next"));
            assertThatThrownBy(() -> mine.send(new byte[70_000])).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> mine.send(new byte[0]))
                    .isExactlyInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("a datagram must have one byte or more, but was empty");
        }
    }

    @Test
    void whatIsThereForStreamsOnlyIsRefused() throws Exception {
        try (Echo echo = new Echo("127.0.0.1");
                LazyConnection shared =
                        LazyConnection.udp("127.0.0.1", echo.port()).name("dns").build();
                Connection mine = shared.open()) {
            refused(mine::recvAll, "recvAll; recv takes one");
            refused(() -> mine.recvAll(5), "recvAll; recv takes one");
            refused(mine::input, "input; recv takes one");
            refused(mine::output, "output; send sends one");
            refused(mine::shutdownOutput, "shutdownOutput; send sends one");
        }
    }

    private static void refused(ThrowingCallable call, String end) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("dns: datagrams are no stream that could end, and so there is no " + end);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void silenceTimesOutAndNobodyThereIsAnException(ThreadKind kind) throws Exception {
        int nobody;
        try (Echo echo = new Echo("127.0.0.1");
                LazyConnection shared = LazyConnection.udp("127.0.0.1", echo.port())
                        .readTimeout(Duration.ofMillis(50))
                        .build()) {
            nobody = echo.port();
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("silence"));
                    assertThatThrownBy(() -> mine.recv(10)).isExactlyInstanceOf(SocketTimeoutException.class);
                    mine.send(bytes("again"));
                    assertThat(mine.recv(10)).isEqualTo(bytes("again"));
                }
                return null;
            });
        }
        try (LazyConnection shared = LazyConnection.udp("127.0.0.1", nobody).build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(bytes("hello"));
                    assertThatThrownBy(() -> mine.recv(10)).isExactlyInstanceOf(PortUnreachableException.class);
                }
                return null;
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aKeptOneOnWhichADatagramWaitsIsReplaced(ThreadKind kind) throws Exception {
        List<CloseReason> reasons = new CopyOnWriteArrayList<>();
        try (Echo echo = new Echo("127.0.0.1");
                LazyConnection shared = LazyConnection.udp("127.0.0.1", echo.port())
                        .whenIdle(IdlePolicy.LEND)
                        .listener(new Listener() {
                            @Override
                            public void closed(ResourceInfo resource, CloseReason reason) {
                                reasons.add(reason);
                            }
                        })
                        .build()) {
            kind.call(() -> {
                for (int i = 0; i < 10; i++) {
                    try (Connection mine = shared.open()) {
                        mine.send(bytes("a" + i));
                        assertThat(mine.recv(10)).isEqualTo(bytes("a" + i));
                        mine.done();
                    }
                }
                assertThat(reasons).isEmpty();
                try (Connection mine = shared.open()) {
                    mine.send(bytes("twice"));
                    assertThat(mine.recv(10)).isEqualTo(bytes("twice"));
                    mine.done();
                }
                return null;
            });
            TestServer.await(() -> {
                shared.run(Connection::localAddress); // until the second one is there
                return reasons.contains(CloseReason.CHECK_FAILED);
            });
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void anInterruptAndACloseFreeReaders(ThreadKind kind) throws Exception {
        try (Echo echo = new Echo("127.0.0.1")) {
            AtomicReference<Throwable> seen = new AtomicReference<>();
            LazyConnection shared = LazyConnection.udp("127.0.0.1", echo.port())
                    .name("dns")
                    .readTimeout(Duration.ZERO)
                    .build();
            Thread reader = kind.start(() -> seen.set(catchThrowable(() -> shared.call(mine -> mine.recv(1)))));
            TestServer.await(() -> shared.holder().stats().leased() == 1);
            reader.interrupt();
            reader.join(10_000);
            assertThat(seen.get())
                    .isExactlyInstanceOf(InterruptedIOException.class)
                    .hasMessage("dns: interrupted, and the connection closed thereby");

            Queue<Throwable> all = new ConcurrentLinkedQueue<>();
            CountDownLatch opened = new CountDownLatch(100);
            long[] begin = new long[1];
            Thread closer = new Thread(() -> {
                TestServer.await(() -> opened.getCount() == 0);
                begin[0] = System.nanoTime();
                shared.close(Duration.ofMillis(100));
            });
            closer.start();
            kind.inParallel(
                    100,
                    i -> all.add(catchThrowable(() -> {
                        try (Connection mine = shared.open()) {
                            opened.countDown();
                            mine.recv(1);
                        }
                    })));
            assertThat(Duration.ofNanos(System.nanoTime() - begin[0])).isLessThan(Duration.ofSeconds(10));
            closer.join();
            assertThat(all)
                    .hasSize(100)
                    .allSatisfy(failure ->
                            assertThat(failure).hasMessageContaining("dns: the resource was closed under its user"));
        }
    }

    @Test
    void theWayThereIsTheFirstAddressThatHasOne() throws Exception {
        try (Echo echo = new Echo("127.0.0.1");
                LazyConnection shared = LazyConnection.udp("some.host", echo.port())
                        .resolver(host -> List.of(address("127.0.0.1")))
                        .bindTo(address("127.0.0.7"))
                        .build();
                Connection mine = shared.open()) {
            assertThat(((InetSocketAddress) mine.localAddress()).getAddress()).isEqualTo(address("127.0.0.7"));
            mine.send(bytes("x"));
            assertThat(mine.recv(9)).isEqualTo(bytes("x"));
        }
        try (LazyConnection shared =
                LazyConnection.udp("127.0.0.1", 9).bindTo(address("192.0.2.1")).build()) {
            assertThatThrownBy(shared::open)
                    .hasMessageStartingWith("cannot connect to 127.0.0.1:9: tried 127.0.0.1 (Cannot assign");
        }
    }
}
