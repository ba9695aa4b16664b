package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.exceptions.JedisException;

class JedisPerThreadTest {
    @TempDir
    static Path directory;

    private ServerProgram server;
    private JedisPerThread redis;

    @BeforeEach
    void start() throws IOException {
        String program = ServerProgram.require("redis-server", "redis-server");
        server = ServerProgram.start(
                directory,
                port -> List.of(
                        program, "--port", "" + port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"));
        redis = new JedisPerThread("127.0.0.1", server.port());
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            redis.close();
            server.close();
        }
    }

    @Test
    void jedis_survivesARestartOfTheServer() throws Exception {
        redis.close();
        new Comparison<>(
                        "Jedis",
                        server,
                        JedisException.class,
                        () -> new Jedis("127.0.0.1", server.port(), 2_000),
                        Jedis::close,
                        jedis -> jedis.incr("uses"))
                .run(() -> new Way() {
                    private final JedisPerThread ours = new JedisPerThread("127.0.0.1", server.port());

                    @Override
                    public void use() {
                        ours.pool().run(jedis -> jedis.incr("uses"));
                    }

                    @Override
                    public void close() {
                        ours.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(JedisPerThread::main, "127.0.0.1", "" + server.port()))
                .isEqualTo("moved, [-5, 5]\n");
    }

    @EachThreadKind
    void transactionsOfManyThreads_areNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(32, i -> redis.move("from", "to", i));
        assertThat(redis.pool().<List<String>, JedisException>call(jedis -> jedis.mget("from", "to")))
                .containsExactly("-496", "496");
        assertThat(redis.pool().stats().mostOpen()).isBetween(1, 8);
    }

    /** What a pool that takes everything back would lend to the next thread. */
    @EachThreadKind
    void transactionLeftOpenByAFailingBody_isGoneForTheNextThread(ThreadKind kind) throws Exception {
        assertThatThrownBy(() -> redis.pool().run(jedis -> {
                    jedis.multi().set("key", "half");
                    throw new IllegalStateException("in the middle");
                }))
                .hasMessage("in the middle");
        assertThat(kind.<String>call(() -> redis.pool().<String, JedisException>call(jedis -> jedis.get("key"))))
                .isNull();
        assertThat(redis.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);

        AtomicBoolean first = new AtomicBoolean(true);
        try (CommonsPoolWay<Jedis> obvious =
                new CommonsPoolWay<>(() -> new Jedis("127.0.0.1", server.port()), Jedis::close, jedis -> {
                    if (first.getAndSet(false)) {
                        jedis.multi().set("key", "half");
                        throw new IllegalStateException("in the middle");
                    }
                    jedis.get("key");
                })) {
            assertThatThrownBy(obvious::use).hasMessage("in the middle");
            assertThatThrownBy(obvious::use).hasMessageContaining("in Multi");
        }
    }

    @EachThreadKind
    void transactionForgottenByABody_andItsDatabase_areReset(ThreadKind kind) throws Exception {
        redis.pool().run(jedis -> {
            jedis.select(3);
            jedis.multi().set("key", "half");
        });
        assertThat(kind.<String>call(() -> redis.pool().<String, JedisException>call(jedis -> {
                    assertThat(jedis.getDB()).isZero();
                    return jedis.get("key");
                })))
                .isNull();
        assertThat(redis.pool().stats().opened()).isEqualTo(1);
    }

    @Test
    void subscriptionLeftByAFailingBody_isGoneForTheNextThread() {
        JedisPubSub failing = new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int subscribed) {
                throw new IllegalStateException("while subscribed to " + channel);
            }
        };
        assertThatThrownBy(() -> redis.pool().run(jedis -> jedis.subscribe(failing, "news")))
                .hasMessage("while subscribed to news");
        assertThat(redis.pool().<String, JedisException>call(Jedis::ping)).isEqualTo("PONG");
        assertThat(redis.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
    }
}
