package dev.perthread.net;

import static dev.perthread.net.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.testkit.Pinned;
import dev.perthread.testkit.ThreadKind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Very many virtual threads share few connections, of every kind, and none of them pins its carrier. */
class ManyThreadsTest {
    private static final int THREADS = 10_000;
    private static final int CONNECTIONS = 64;

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(names = {"TLS13", "UNIX"})
    @EnabledForJreRange(minVersion = 21, disabledReason = "virtual threads")
    void tenThousandOverSixtyFour(Wire wire) throws Exception {
        AtomicInteger done = new AtomicInteger();
        // The JDK initializes its classes of TLS on first use, and whoever waits for that is pinned, whatever we do.
        try (TestServer server = wire.server(TestServer.ECHO);
                LazyConnection first = wire.to(server, directory).build()) {
            first.open().close();
        }
        try (TestServer server = wire.server(TestServer.ECHO);
                LazyConnection shared = wire.to(server, directory)
                        .whenIdle(IdlePolicy.LEND)
                        .limit(CONNECTIONS)
                        .acquireTimeout(Duration.ofSeconds(60))
                        .build();
                Pinned pinned = new Pinned()) {
            ThreadKind.VIRTUAL.inParallel(THREADS, i -> {
                try (Connection mine = shared.open()) {
                    byte[] own = bytes("thread " + i);
                    mine.send(own);
                    assertThat(mine.input().readNBytes(own.length)).isEqualTo(own);
                    mine.done();
                    done.incrementAndGet();
                }
            });
            List<String> ours = pinned.stacks().stream()
                    .filter(stack -> stack.contains("dev.perthread."))
                    .toList();
            assertThat(done).hasValue(THREADS);
            Figures.note(
                    THREADS + " virtual threads over kept connections, " + wire,
                    server.accepted() + " connections, " + server.peak() + " at once, " + ours.size()
                            + " times pinned");
            assertThat(ours).isEmpty();
            assertThat(server.accepted()).isLessThanOrEqualTo(CONNECTIONS);
            assertThat(server.peak()).isLessThanOrEqualTo(CONNECTIONS);
        }
    }
}
