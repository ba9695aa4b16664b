package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.time.Duration;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisException;

/** Redis with {@code Jedis}, one connection: at most eight for any number of threads. */
final class JedisPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<Jedis, JedisException> redis;

    JedisPerThread(String host, int port) {
        JedisClientConfig config =
                DefaultJedisClientConfig.builder().timeoutMillis(2_000).build();
        redis = PerThread.<Jedis, JedisException>builder(() -> new Jedis(new HostAndPort(host, port), config))
                .name("redis")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(jedis -> "PONG".equals(jedis.ping()))
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(JedisPerThread::reset)
                .build();
    }

    /** A transaction that a body forgot to end, and a database that it chose, are not for the next thread. */
    private static void reset(Jedis jedis) {
        jedis.resetState();
        if (jedis.getDB() != 0) {
            jedis.select(0);
        }
    }

    /** Both or none. If this throws in the middle, the connection is closed, and its transaction with it. */
    void move(String from, String to, long amount) {
        redis.run(jedis -> {
            try (Transaction both = jedis.multi()) {
                both.decrBy(from, amount);
                both.incrBy(to, amount);
                both.exec();
            }
        });
    }
    // docs: end

    PerThread<Jedis, JedisException> pool() {
        return redis;
    }

    @Override
    public void close() {
        redis.close();
    }

    /** Takes the host and the port of a Redis server. */
    public static void main(String[] arguments) {
        try (JedisPerThread redis = new JedisPerThread(arguments[0], Integer.parseInt(arguments[1]))) {
            redis.move("from", "to", 5);
            System.out.println("moved, " + redis.pool().call(jedis -> jedis.mget("from", "to")));
        }
    }
}
