package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.ThreadKind;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.LongStream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever happens to an answer, at whichever of its bytes, is one exception of a documented kind, in time; nothing stays
 * open, and the next scope works. What happens is written to {@code target/fault-table.md}.
 *
 * <p>On TLS every 23rd position is tried, others on each Java; {@code -Dperthread.faults=all} tries all of them.
 */
@TestMethodOrder(MethodOrderer.MethodName.class)
class FaultTableTest {
    private static final boolean ALL = "all".equals(System.getProperty("perthread.faults"));
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String LATE = "`SocketTimeoutException`";
    private static final int WORKERS = 16;
    private static final int SLICE = 100; // as many as are surely done within the minute that a thread may take
    private static final byte[] QUESTION = bytes("ping\n");
    private static final byte[] ANSWER = bytes("pong 12345\n");
    private static final int MOST = 1_000;
    private static final Set<Class<?>> DOCUMENTED =
            Set.of(SocketTimeoutException.class, SocketException.class, EOFException.class, SSLException.class);
    private static final StringBuilder TABLE = new StringBuilder();
    private static final LongAdder EXCHANGES = new LongAdder();

    @TempDir
    Path directory;

    private final Map<Fault, Map<Long, String>> outcomes = new TreeMap<>();

    /** With keys whose signatures are all of one length, so that the positions are the same in each run. */
    private static TestServer server(Wire wire) throws IOException {
        TestServer.Talk talk = (in, out) -> {
            in.readNBytes(QUESTION.length);
            out.write(ANSWER);
        };
        if (!wire.isTls()) {
            return wire.server(talk);
        }
        Instant now = Instant.now();
        Certificates shown = TestTls.AUTHORITY.issue(
                "Ed25519", "localhost", now.minusSeconds(9999), now.plusSeconds(9999), false, "localhost");
        return new TestServer(talk, TestTls.listener(shown.server(null), "TLSv1.3"));
    }

    @ParameterizedTest
    @EnumSource(names = {"TCP", "TLS13", "UNIX"})
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // what all of them may take where there is much else to do
    void everyFaultAtEveryPosition(Wire wire) throws Exception {
        try (TestServer server = server(wire)) {
            long length;
            try (Client probe = new Client(wire, server)) {
                assertThat(probe.outcome(Fault.NONE, 0)).isEqualTo("the whole answer");
                length = probe.proxy.forwarded();
            }
            List<Fault> faults = List.of(Fault.values());
            for (Fault fault : faults) {
                Map<Long, String> at = new ConcurrentSkipListMap<>();
                outcomes.put(fault, at);
                long[] positions = fault.hasPositions() && fault != Fault.NONE ? positions(wire, length) : new long[1];
                for (int from = 0; from < positions.length; from += SLICE) {
                    tryAll(
                            wire,
                            server,
                            fault,
                            Arrays.copyOfRange(positions, from, Math.min(from + SLICE, positions.length)),
                            at);
                }
            }
            server.awaitOpen(0);
            write(wire);
        }
    }

    private void tryAll(Wire wire, TestServer server, Fault fault, long[] positions, Map<Long, String> at)
            throws Exception {
        AtomicInteger next = new AtomicInteger();
        ThreadKind.PLATFORM.inParallel(Math.min(WORKERS, positions.length), i -> {
            try (Client client = new Client(wire, server)) {
                for (int n = next.getAndIncrement(); n < positions.length; n = next.getAndIncrement()) {
                    at.put(positions[n], client.surely(fault, positions[n]));
                    EXCHANGES.add(fault == Fault.NONE ? 0 : 1);
                    if (!wire.isTls() || n % 10 == 0) {
                        assertThat(client.outcome(Fault.NONE, 0)).isEqualTo("the whole answer");
                    }
                }
            }
        });
    }

    private static long[] positions(Wire wire, long length) {
        int step = wire.isTls() && !ALL ? 23 : 1;
        int first = "17".equals(System.getProperty("perthread.test.jdk")) ? 0 : 11;
        return LongStream.range(0, length)
                .filter(i -> i % step == (step == 1 ? 0 : first))
                .toArray();
    }

    /** A proxy of its own, and what goes through it. */
    private final class Client implements AutoCloseable {
        private final Wire wire;
        private final FaultProxy proxy;
        private final Tls trusting = TestTls.trusting(directory);

        Client(Wire wire, TestServer server) throws IOException {
            this.wire = wire;
            this.proxy = new FaultProxy(server.address());
        }

        /**
         * For the whole table, where there is much else to do for the machine: who was only too slow gets more time. A
         * stall in the handshake is what a timeout is there for; garbage in a length can be one, or else is a failure.
         */
        String surely(Fault fault, long position) throws IOException {
            String outcome = outcome(fault, position);
            String reset = outcomes.getOrDefault(Fault.RESET, Map.of()).getOrDefault(position, "");
            boolean slow = fault == Fault.GARBAGE
                    ? outcome.contains(LATE)
                    : fault == Fault.STALL
                            && outcome.startsWith("while opening")
                            && reset.startsWith("while answering");
            return slow && ALL
                    ? outcome(fault, position, PATIENCE, fault == Fault.STALL ? fault.reading : PATIENCE)
                    : outcome;
        }

        private LazyConnection through(Duration opening, Duration reading) throws IOException {
            LazyConnection.Builder builder = proxy.address() instanceof UnixDomainSocketAddress unix
                    ? LazyConnection.unix(unix.getPath())
                    : wire.isTls()
                            ? LazyConnection.tls("localhost", ((InetSocketAddress) proxy.address()).getPort())
                                    .tls(trusting)
                            : LazyConnection.tcp("127.0.0.1", ((InetSocketAddress) proxy.address()).getPort());
            return builder.name("shop")
                    .connectTimeout(opening)
                    .openTimeout(opening)
                    .readTimeout(reading)
                    .build();
        }

        String outcome(Fault fault, long position) throws IOException {
            return outcome(fault, position, fault.opening, fault.reading);
        }

        private String outcome(Fault fault, long position, Duration opening, Duration reading) throws IOException {
            proxy.next(fault, position);
            try (LazyConnection shared = through(opening, reading)) {
                String outcome;
                long begin = System.nanoTime();
                try (Connection mine = shared.open()) {
                    outcome = "while answering: ";
                    try {
                        mine.send(QUESTION);
                        byte[] got = mine.recvAll(MOST);
                        outcome = Arrays.equals(got, ANSWER)
                                ? "the whole answer"
                                : got.length == ANSWER.length
                                        ? "no exception: the bytes, as they came"
                                        : "no exception: what came until then, and the end";
                    } catch (IOException failure) {
                        outcome += words(failure);
                    }
                } catch (IOException failure) {
                    outcome = "while opening: " + words(failure);
                }
                // Opening and one read, each with its timeout; and a busy machine.
                assertThat(Duration.ofNanos(System.nanoTime() - begin))
                        .isLessThan(opening.plus(reading).plusSeconds(5));
                assertThat(shared.holder().stats().open()).isZero();
                return outcome;
            }
        }

        @Override
        public void close() throws Exception {
            proxy.close();
        }
    }

    private static String words(IOException failure) {
        if (failure.getClass() == IOException.class) {
            assertThat(failure).hasMessage("shop: the answer must be at most 1000 bytes, but was longer");
            return "`IOException`: more than the " + MOST + " bytes that were allowed";
        }
        assertThat(DOCUMENTED)
                .as("%s", failure)
                .anySatisfy(kind -> assertThat(kind).isAssignableFrom(failure.getClass()));
        Class<?> kind = DOCUMENTED.stream()
                .filter(one -> one.isInstance(failure))
                .findAny()
                .orElseThrow();
        return "`" + kind.getSimpleName() + "`";
    }

    private void write(Wire wire) {
        for (Map.Entry<Fault, Map<Long, String>> one : outcomes.entrySet()) {
            if (!one.getKey().hasPositions() || one.getKey() == Fault.NONE) {
                line(wire, one.getKey(), "", one.getValue().get(0L));
                continue;
            }
            List<Long> positions = new ArrayList<>(one.getValue().keySet());
            int from = 0;
            for (int i = 1; i <= positions.size(); i++) {
                String outcome = one.getValue().get(positions.get(from));
                if (i == positions.size() || !outcome.equals(one.getValue().get(positions.get(i)))) {
                    long first = positions.get(from);
                    long last = positions.get(i - 1);
                    line(wire, one.getKey(), first == last ? "" + first : first + " to " + last, outcome);
                    from = i;
                }
            }
        }
    }

    private static void line(Wire wire, Fault fault, String where, String outcome) {
        TABLE.append("| ")
                .append(wire == Wire.TLS13 ? "tls" : wire.name().toLowerCase(Locale.ROOT))
                .append(" | ")
                .append(fault.words)
                .append(" | ")
                .append(where)
                .append(" | ")
                .append(outcome)
                .append(" |\n");
    }

    @AfterAll
    static void keep() throws IOException {
        Figures.note("exchanges with a fault", String.valueOf(EXCHANGES.sum()));
        Files.createDirectories(Path.of("target"));
        Files.writeString(
                Path.of("target", "fault-table.md"),
                "| kind | fault | before byte | what `open`, `send` and `recvAll(1000)` do |\n|---|---|---|---|\n"
                        + TABLE);
    }
}
