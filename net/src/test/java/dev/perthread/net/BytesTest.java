package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is sent arrives, what is received is complete and bounded, and the streams are views that end with the scope. */
class BytesTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @ParameterizedTest
    @MethodSource(KINDS)
    void manyBytesArriveAsTheyWere(ThreadKind kind) throws Exception {
        byte[] many = new byte[500_000];
        new Random(7).nextBytes(many);
        TestServer.Talk thatMany = (in, out) -> out.write(in.readNBytes(many.length));
        try (TestServer server = new TestServer(thatMany);
                LazyConnection shared = server.shared()) {
            byte[] back = kind.call(() -> shared.call(mine -> {
                mine.send(many);
                return mine.recvAll();
            }));
            assertThat(back).isEqualTo(many);
        }
    }

    @Test
    void recvAllTakesUpToItsBoundAndFailsPastIt() throws Exception {
        try (TestServer server = new TestServer(TestServer.answering("12345"));
                LazyConnection shared = server.builder().name("shop").build()) {
            assertThat(all(shared, 6)).isEqualTo(bytes("12345"));
            assertThat(all(shared, 5)).isEqualTo(bytes("12345"));
            assertThat(all(shared, Long.MAX_VALUE)).isEqualTo(bytes("12345"));
            assertThatThrownBy(() -> all(shared, 4))
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessage("shop: the answer must be at most 4 bytes, but was longer");
            assertThatThrownBy(() -> all(shared, 0)).hasMessageContaining("at most 0 bytes");
            assertThatThrownBy(() -> all(shared, -1))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("max must be zero or more, but was -1");
        }
    }

    private static byte[] all(LazyConnection shared, long max) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(bytes("?"));
            return mine.recvAll(max);
        }
    }

    @Test
    void recvTakesNoMoreThanItIsToldAndAnEmptyArrayIsTheEndOnly() throws Exception {
        try (TestServer server = new TestServer(TestServer.answering("12345"));
                LazyConnection shared = server.shared();
                Connection mine = shared.open()) {
            assertThatThrownBy(() -> mine.recv(0))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("max must be 1 or more, but was 0");
            mine.send(bytes("?"));
            assertThat(mine.recv(2)).isEqualTo(bytes("12"));
            assertThat(mine.recv(Integer.MAX_VALUE)).isEqualTo(bytes("345")); // and no such array is made
            assertThat(mine.recv(1)).isEmpty();
            assertThat(mine.recvAll()).isEmpty();
        }
    }

    @Test
    void anEarlyCloseByThePeerIsTheEndOfTheStream() throws Exception {
        try (TestServer server = new TestServer((in, out) -> {});
                LazyConnection shared = server.shared();
                Connection mine = shared.open()) {
            assertThat(mine.recvAll()).isEmpty();
            assertThat(mine.input().read()).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void closingAStreamEndsThatStreamAndNotTheConnection(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    OutputStream out = mine.output();
                    InputStream in = mine.input();
                    out.write('a');
                    out.write(bytes("\u00ffb\n"));
                    assertThat(in.read()).isEqualTo('a');
                    try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                        assertThat(lines.readLine()).isEqualTo("\u00ffb");
                    }
                    out.close();
                    closed(in::read);
                    closed(() -> in.read(new byte[1]));
                    closed(in::available);
                    closed(() -> out.write(1));
                    mine.send(bytes("on"));
                    assertThat(mine.input().readNBytes(2)).isEqualTo(bytes("on"));
                    assertThat(server.open()).isEqualTo(1);
                }
                return null;
            });
        }
    }

    private static void closed(ThrowingCallable call) {
        assertThatThrownBy(call).isExactlyInstanceOf(IOException.class).hasMessageContaining("this stream is closed");
    }

    @Test
    void aByteOf255IsNotTheEnd() throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.shared();
                Connection mine = shared.open()) {
            mine.send(new byte[] {(byte) 0xff});
            assertThat(mine.input().read()).isEqualTo(255);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void anotherThreadIsRefusedAndTheOwnerGoesOn(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = server.builder().name("shop").build();
                Connection mine = shared.open()) {
            InputStream in = mine.input();
            OutputStream out = mine.output();
            AtomicReference<String> other = new AtomicReference<>();
            kind.call(() -> {
                other.set("(id " + threadId() + ")");
                notYours(mine::close, other.get());
                notYours(() -> mine.send(bytes("x")), other.get());
                notYours(() -> mine.recv(1), other.get());
                notYours(in::read, other.get());
                notYours(() -> out.write(1), other.get());
                notYours(mine::invalidate, other.get());
                assertThat(mine).hasToString("Connection[shop, ended or another thread's]");
                return null;
            });
            mine.send(bytes("mine"));
            assertThat(mine.recv(100)).isEqualTo(bytes("mine"));
        }
    }

    @SuppressWarnings("deprecation") // threadId() is there from Java 19 on
    private static long threadId() {
        return Thread.currentThread().getId();
    }

    private static void notYours(ThrowingCallable call, String other) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shop: a lease of thread ")
                .hasMessageContaining(other);
    }
}
