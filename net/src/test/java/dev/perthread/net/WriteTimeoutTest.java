package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.perthread.IdlePolicy;
import dev.perthread.testkit.ThreadKind;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** No write waits longer than it was told for a peer that takes nothing, on any kind of connection. */
class WriteTimeoutTest {
    private static final String ALL = "dev.perthread.net.Wire#onAllThreads";
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final int MORE_THAN_FITS = 20_000_000;

    @TempDir
    Path directory;

    /** Says something, and takes nothing until it is released; then takes all. */
    private static TestServer.Talk deaf(CountDownLatch until) {
        return (in, out) -> {
            in.readNBytes(1);
            out.write(bytes("hello"));
            out.flush();
            awaitUninterruptibly(until);
            in.transferTo(OutputStream.nullOutputStream());
        };
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void sendToAPeerThatTakesNothing_timesOut_andNothingMoreIsSent(Wire wire, ThreadKind kind) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        try (TestServer server = wire.server(deaf(done));
                LazyConnection shared = wire.to(server, directory)
                        .name("shop")
                        .whenIdle(IdlePolicy.LEND)
                        .writeTimeout(SHORT)
                        .build()) {
            kind.call(() -> {
                try (Connection mine = shared.open()) {
                    mine.send(new byte[1]);
                    long begin = System.nanoTime();
                    assertThatThrownBy(() -> mine.send(new byte[MORE_THAN_FITS]))
                            .isExactlyInstanceOf(SocketTimeoutException.class)
                            .hasMessage(
                                    "shop: not all was taken within 200 ms, the write timeout; the peer may have a part"
                                            + " of it");
                    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(SHORT, Duration.ofSeconds(10));
                    assertThatThrownBy(() -> mine.send(new byte[1]))
                            .isInstanceOf(SocketException.class)
                            .hasMessageContaining("nothing more can be sent: an earlier write timed out in the middle");
                    assertThatThrownBy(() -> mine.output().write(1)).isInstanceOf(SocketException.class);
                    assertThat(mine.recv(5)).isEqualTo(bytes("hello")); // reading goes on
                } finally {
                    done.countDown();
                }
                return null;
            });
            assertThat(shared.holder().stats().idle()).isZero();
            server.awaitOpen(0);
        }
    }

    /** A peer that takes little by little cannot hold a writer either: each 128 KiB must be taken in time. */
    @ParameterizedTest
    @EnumSource(Wire.class)
    void sendToAPeerThatTakesAByteAtATime_timesOut(Wire wire) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        TestServer.Talk slow = (in, out) -> {
            while (done.getCount() > 0 && in.read() >= 0) {
                LockSupport.parkNanos(10_000_000);
            }
            in.transferTo(OutputStream.nullOutputStream());
        };
        try (TestServer server = wire.server(slow);
                LazyConnection shared =
                        wire.to(server, directory).writeTimeout(SHORT).build()) {
            long begin = System.nanoTime();
            assertThatThrownBy(() -> shared.call(mine -> {
                        mine.send(new byte[MORE_THAN_FITS]);
                        return null;
                    }))
                    .isExactlyInstanceOf(SocketTimeoutException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
            done.countDown();
        }
    }

    /** The time is for each 128 KiB, so a long message may take longer than it, and arrives whole. */
    @ParameterizedTest
    @MethodSource(ALL)
    void sendToAPeerThatPauses_endsWhole(Wire wire, ThreadKind kind) throws Exception {
        byte[] message = new byte[MORE_THAN_FITS];
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) (i * 31 + i / 1000);
        }
        TestServer.Talk pausing = (in, out) -> {
            byte[] got = new byte[message.length];
            for (int at = 0; at < got.length; ) {
                at += in.readNBytes(got, at, Math.min(2_000_000, got.length - at));
                LockSupport.parkNanos(5_000_000);
            }
            out.write(Arrays.equals(got, message) ? 1 : 0);
            out.flush();
        };
        try (TestServer server = wire.server(pausing);
                LazyConnection shared = wire.to(server, directory)
                        .writeTimeout(Duration.ofSeconds(20))
                        .build()) {
            int whole = kind.call(() -> shared.call(mine -> {
                mine.send(message);
                return mine.input().read();
            }));
            assertThat(whole).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void interruptDuringAWrite_closesTheConnection(Wire wire, ThreadKind kind) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        CountDownLatch sending = new CountDownLatch(1);
        AtomicReference<Throwable> seen = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>();
        try (TestServer server = wire.server(deaf(done));
                LazyConnection shared = wire.to(server, directory).build()) {
            Thread writer = kind.start(() -> {
                seen.set(catchThrowable(() -> shared.call(mine -> {
                    mine.send(new byte[1]);
                    mine.recv(5);
                    sending.countDown();
                    mine.send(new byte[MORE_THAN_FITS]);
                    return null;
                })));
                flag.set(Thread.currentThread().isInterrupted());
            });
            sending.await();
            writer.interrupt();
            writer.join(10_000);
            done.countDown();
            assertThat(seen.get()).isExactlyInstanceOf(InterruptedIOException.class);
            assertThat(flag.get()).isTrue();
            server.awaitOpen(0);
        }
    }

    @Test
    void writeTimeout_isTheReadTimeout_unlessGiven() {
        assertThat(builder().options.writeTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(builder().readTimeout(SHORT).options.writeTimeout()).isEqualTo(SHORT);
        assertThat(builder()
                        .writeTimeout(SHORT)
                        .readTimeout(Duration.ZERO)
                        .options
                        .writeTimeout())
                .isEqualTo(SHORT);
        assertThat(LazyConnection.parse("udp://a:1?writeTimeout=200ms").options.writeTimeout())
                .isEqualTo(SHORT);
        assertThatThrownBy(() -> builder().writeTimeout(Duration.ofMillis(-1)))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("writeTimeout ");
    }

    private static LazyConnection.Builder builder() {
        return LazyConnection.tcp("localhost", 80);
    }
}
