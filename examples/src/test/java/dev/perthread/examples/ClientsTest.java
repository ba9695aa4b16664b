package dev.perthread.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.net.LazyConnection;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples with clients do what they say, on every kind of thread, against real servers where there are some. */
class ClientsTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource(KINDS)
    void moneyMovesAmongAccountsAndTheSumStays(ThreadKind kind) throws Exception {
        try (Accounts accounts = new Accounts("jdbc:h2:mem:" + kind + ";DB_CLOSE_DELAY=-1")) {
            accounts.create(10, 10_000);
            kind.inParallel(16, thread -> {
                for (int i = 0; i < 20; i++) {
                    accounts.move((thread + i) % 10, (thread + 3 * i + 1) % 10, i);
                }
            });
            assertThat(accounts.sum()).isEqualTo(100_000);
            assertThat(accounts.opened()).isBetween(1L, 4L);
            assertThatThrownBy(() -> accounts.move(0, 1, 1_000_000)).isInstanceOf(SQLException.class);
            assertThat(accounts.sum()).isEqualTo(100_000);
        }
    }

    @Test
    void theProgramWithAccounts() throws Exception {
        assertThat(Printed.by(Accounts::main)).isEqualTo("the sum is still 10000\n");
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void redisAnswers(ThreadKind kind) throws Exception {
        try (Redis server = Redis.start(directory);
                LazyConnection redis =
                        LazyConnection.to("tcp://127.0.0.1:" + server.port() + "?whenIdle=lend&limit=4")) {
            kind.inParallel(16, i -> {
                assertThat(RedisPing.ask(redis, "PING")).isEqualTo("+PONG");
                assertThat(RedisPing.ask(redis, "ECHO", "h\u00e4llo")).isEqualTo("$6 h\u00e4llo");
                assertThat(RedisPing.ask(redis, "NONSENSE")).startsWith("-ERR");
            });
            assertThat(RedisPing.ask(redis, "INCR", "once")).isEqualTo(":1");
            assertThat(redis.holder().stats().mostOpen()).isBetween(1, 4);
        }
    }

    @Test
    void theProgramWithRedis() throws Exception {
        try (Redis server = Redis.start(directory)) {
            assertThat(Printed.by(RedisPing::main, "tcp://127.0.0.1:" + server.port()))
                    .isEqualTo("+PONG\n");
        }
        assertThatThrownBy(() -> RedisPing.main(new String[] {"tcp://127.0.0.1:1"}))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot connect to 127.0.0.1:1");
    }

    @Test
    void everyOneOfVeryManyThreadsGetsItsOwnAnswerOverAFewConnections() throws Exception {
        ExecutorService threads = ManyThreads.threads();
        try (Redis server = Redis.start(directory);
                ManyThreads many = new ManyThreads("127.0.0.1", server.port())) {
            assertThat(many.increment("counter", 10_000, threads)).isEqualTo(10_000);
            assertThat(many.opened()).isBetween(1L, 16L);
            assertThat(Printed.by(ManyThreads::main, "127.0.0.1", "" + server.port()))
                    .containsPattern("^10000 numbers, over [0-9]+ connections\n$");
        } finally {
            threads.shutdown();
        }
    }
}
