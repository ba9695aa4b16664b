package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many rounds leave no descriptor behind, on success and on failure, and no connection more than there were scopes. */
@EnabledOnOs(OS.LINUX)
class LeaksNothingTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";
    private static final int ROUNDS = 1_000;

    @ParameterizedTest
    @MethodSource(KINDS)
    void aThousandScopes(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.answering("ok"));
                LazyConnection shared = server.shared()) {
            kind.call(() -> round(shared)); // what the runtime itself opens once is open from here on
            server.awaitOpen(0);
            long before = descriptors();
            kind.inParallel(4, i -> {
                for (int round = 0; round < ROUNDS / 4; round++) {
                    assertThat(round(shared)).isEqualTo(2);
                }
            });
            server.awaitOpen(0);
            TestServer.await(() -> descriptors() <= before);
            assertThat(server.accepted()).isEqualTo(ROUNDS + 1);
            assertThat(shared.holder().stats().closed()).isEqualTo(ROUNDS + 1);
            assertThat(shared.holder().snapshot()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void aThousandFailedConnects(ThreadKind kind) throws Exception {
        try (TestServer server = new TestServer(TestServer.ECHO);
                LazyConnection shared = LazyConnection.tcp("two.dead", server.port())
                        .resolver(host -> List.of(TestServer.address("127.0.0.2"), TestServer.address("127.0.0.3")))
                        .build()) {
            kind.call(() -> assertThatThrownBy(shared::open).isInstanceOf(IOException.class));
            long before = descriptors();
            kind.call(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    assertThatThrownBy(shared::open).isInstanceOf(IOException.class);
                }
                return null;
            });
            TestServer.await(() -> descriptors() <= before);
            assertThat(server.accepted()).isZero();
        }
    }

    private static int round(LazyConnection shared) throws IOException {
        try (Connection mine = shared.open()) {
            mine.send(new byte[] {1});
            return mine.recvAll().length;
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
