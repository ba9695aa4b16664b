package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.IdlePolicy;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Neither a TLS server nor somebody in between can end a stream as if it were whole, or hold its reader. */
class HostileTlsPeerTest {

    @TempDir
    Path directory;

    /** What somebody in between sends, who has no key; then the connection ends. */
    enum Act {
        WARNING_OF_CLOSE_NOTIFY("15030300020100"),
        FATAL_ALERT("15030300020228"),
        LONG_ALERT("1503030003010000"),
        DATA_IN_PLAIN("170303000568656c6c6f"),
        EMPTY_DATA("1703030000"),
        HANDSHAKE_IN_PLAIN("160303000414000000"),
        GARBAGE("4741524241474521"),
        HALF_A_RECORD("1703030063010203"),
        NOTHING("");

        private final String hex;

        Act(String hex) {
            this.hex = hex;
        }

        byte[] bytes() {
            return HexFormat.of().parseHex(hex);
        }
    }

    @FunctionalInterface
    private interface Read {
        Object from(Connection connection) throws IOException;
    }

    private static final List<Read> READS = List.of(
            mine -> mine.recv(100),
            Connection::recvAll,
            mine -> mine.recvAll(1000),
            mine -> mine.input().read(),
            mine -> mine.input().readAllBytes(),
            mine -> mine.input().transferTo(OutputStream.nullOutputStream()));

    private static List<Arguments> tampering() {
        List<Arguments> all = new ArrayList<>();
        for (Wire wire : List.of(Wire.TLS12, Wire.TLS13)) {
            for (Act act : Act.values()) {
                all.add(Arguments.of(wire, act, false));
                all.add(Arguments.of(wire, act, true));
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("tampering")
    void streamThatWasTamperedWith_failsEachRead_andNeverEnds(Wire wire, Act act, boolean afterShutdown)
            throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        TestServer.Talk hello = (in, out) -> {
            in.readNBytes(1);
            out.write(bytes("hello"));
            out.flush();
            await(done);
        };
        try (TestServer server = wire.server(hello);
                Relay relay = new Relay(server.port());
                LazyConnection shared = LazyConnection.tls("localhost", relay.port())
                        .tls(TestTls.trusting(directory))
                        .readTimeout(Duration.ofSeconds(5))
                        .build()) {
            for (Read first : READS) {
                try (Connection mine = shared.open()) {
                    mine.send(new byte[1]);
                    assertThat(mine.recv(5)).isEqualTo(bytes("hello"));
                    if (afterShutdown) {
                        mine.shutdownOutput();
                    }
                    relay.endWith(act.bytes());
                    fails(first, mine);
                    for (Read again : READS) {
                        fails(again, mine);
                    }
                    if (!afterShutdown) {
                        assertThatThrownBy(() -> mine.send(new byte[1])).isInstanceOf(IOException.class);
                    }
                }
            }
            done.countDown();
        }
    }

    private static void fails(Read read, Connection mine) {
        Throwable failure = catchThrowable(() -> read.from(mine));
        assertThat(failure).isInstanceOf(IOException.class).isNotInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void keyUpdatesWithoutEnd_fromAServerThatReadsNothing_doNotHoldARead() throws Exception {
        try (Server server = new Server("TLSv1.3", socket -> {
                    while (true) {
                        socket.startHandshake(); // asks for a key update, each of which wants an answer
                    }
                });
                LazyConnection shared = server.builder(directory)
                        .readTimeout(
                                Duration.ofSeconds(2)) // some 300 updates, until the answers are stuck, come sooner
                        .sendBuffer(4096)
                        .receiveBuffer(4096)
                        .build()) {
            long begin = System.nanoTime();
            assertThatThrownBy(() -> shared.call(mine -> {
                        mine.send(new byte[1]);
                        return mine.recv(1);
                    }))
                    .isExactlyInstanceOf(SocketTimeoutException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void keptConnection_whoseServerWantsANewHandshake_isReplaced() throws Exception {
        CountDownLatch ask = new CountDownLatch(1);
        try (Server server = new Server("TLSv1.2", socket -> {
                    socket.getInputStream().read();
                    await(ask);
                    socket.startHandshake(); // sends a HelloRequest, and waits for the answer
                });
                LazyConnection shared =
                        server.builder(directory).whenIdle(IdlePolicy.LEND).build()) {
            Socket kept = shared.call(mine -> {
                mine.send(new byte[1]);
                return mine.unwrap(Socket.class).orElseThrow();
            });
            assertThat(shared.holder().stats().idle()).isEqualTo(1);
            ask.countDown();
            TestServer.await(() -> kept.getInputStream().available() > 0);
            shared.call(mine -> {
                assertThat(mine.unwrap(Socket.class).orElseThrow()).isNotSameAs(kept);
                mine.send(new byte[1]);
                return null;
            });
        }
    }

    @Test
    void sessionCache_isSmall() throws Exception {
        try (TestServer server = Wire.TLS13.server(TestServer.ECHO);
                LazyConnection shared = TestTls.to(server, directory).build()) {
            shared.call(mine -> {
                SSLSession session = mine.unwrap(SSLSession.class).orElseThrow();
                assertThat(session.getSessionContext().getSessionCacheSize()).isEqualTo(16);
                return null;
            });
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @FunctionalInterface
    private interface Script {
        void with(SSLSocket socket) throws IOException;
    }

    /** A TLS server that has its sockets, and not only their streams. */
    private static final class Server implements AutoCloseable {
        private final SSLServerSocket listener;
        private final List<Socket> sockets = new ArrayList<>();

        Server(String protocol, Script script) throws IOException {
            listener =
                    (SSLServerSocket) TestTls.CONTEXT.getServerSocketFactory().createServerSocket();
            listener.setReceiveBufferSize(4096); // before it listens: an accepted socket has its window by then
            listener.bind(new InetSocketAddress(TestServer.address("127.0.0.1"), 0), 50);
            listener.setEnabledProtocols(new String[] {protocol});
            daemon("hostile", () -> {
                while (true) {
                    SSLSocket socket = (SSLSocket) listener.accept();
                    synchronized (sockets) {
                        sockets.add(socket);
                    }
                    daemon("hostile-to", () -> {
                        try (socket) {
                            socket.startHandshake();
                            script.with(socket);
                        } catch (SSLException refused) {
                            // The client has gone.
                        }
                    });
                }
            });
        }

        LazyConnection.Builder builder(Path directory) throws IOException {
            return LazyConnection.tls("localhost", listener.getLocalPort()).tls(TestTls.trusting(directory));
        }

        @Override
        public void close() throws IOException {
            listener.close();
            synchronized (sockets) {
                for (Socket socket : sockets) {
                    socket.close();
                }
            }
        }
    }

    /** Passes on all that both sides say, until it is told to end the server's side its own way. */
    private static final class Relay implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 50, TestServer.address("127.0.0.1"));
        private final LinkedBlockingQueue<Socket> clients = new LinkedBlockingQueue<>();
        private final List<Socket> all = new ArrayList<>();

        Relay(int port) throws IOException {
            daemon("relay", () -> {
                while (true) {
                    Socket client = listener.accept();
                    Socket server = new Socket(TestServer.address("127.0.0.1"), port);
                    synchronized (all) {
                        all.add(client);
                        all.add(server);
                    }
                    clients.add(client);
                    daemon("relay-up", () -> client.getInputStream().transferTo(server.getOutputStream()));
                    daemon("relay-down", () -> server.getInputStream().transferTo(client.getOutputStream()));
                }
            });
        }

        int port() {
            return listener.getLocalPort();
        }

        void endWith(byte[] bytes) throws Exception {
            Socket client = clients.take();
            client.getOutputStream().write(bytes);
            client.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            listener.close();
            synchronized (all) {
                for (Socket socket : all) {
                    socket.close();
                }
            }
        }
    }

    @FunctionalInterface
    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(String name, Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (SocketException closed) {
                        // As all of them end.
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }
}
