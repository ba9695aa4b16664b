package dev.perthread.benchmarks;

import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import dev.perthread.benchmarks.Peers.Resource;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.commons.pool2.impl.GenericKeyedObjectPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * Acquire and release of an open resource of one of a hundred keys, beside a pool without keys. Every pool has as many
 * resources per key as there are threads ({@code -t}).
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(4)
public class KeyedBenchmark {
    private static final String[] KEYS =
            IntStream.range(0, 100).mapToObj(i -> "host-" + i + ":443").toArray(String[]::new);

    /** The next key, by turns. */
    @State(Scope.Thread)
    public static class Turn {
        private int next;

        String key() {
            next = next == KEYS.length - 1 ? 0 : next + 1;
            return KEYS[next];
        }
    }

    /** Ours. */
    @State(Scope.Benchmark)
    public static class Pools {
        final PerThread<Resource, RuntimeException> keep =
                Peers.perThread(IdlePolicy.KEEP).build();
        final PerThread<Resource, RuntimeException> lend =
                Peers.perThread(IdlePolicy.LEND).build();
        final KeyedPerThread<String, Resource, RuntimeException> keyedKeep = keyed(IdlePolicy.KEEP, 0);
        final KeyedPerThread<String, Resource, RuntimeException> keyedLend = keyed(IdlePolicy.LEND, 0);
        final KeyedPerThread<String, Resource, RuntimeException> keyedLendLimited = keyed(IdlePolicy.LEND, 100_000);

        private static KeyedPerThread<String, Resource, RuntimeException> keyed(IdlePolicy whenIdle, int limit) {
            KeyedPerThread.Builder<String, Resource, RuntimeException> builder =
                    KeyedPerThread.<String, Resource, RuntimeException>builder(key -> new Resource(), Closer.none())
                            .whenIdle(whenIdle)
                            .reuse(ReusePolicy.UNLESS_INVALIDATED);
            return (limit == 0 ? builder : builder.limit(limit).limitPerKey(limit / KEYS.length)).build();
        }

        /** Ends them. */
        @TearDown(Level.Trial)
        public void close() {
            keep.close();
            lend.close();
            keyedKeep.close();
            keyedLend.close();
            keyedLendLimited.close();
        }
    }

    /** Without keys. The key is taken all the same. */
    @Benchmark
    public Object perThreadKeep(Pools pools, Turn turn) {
        turn.key();
        return use(pools.keep.acquire());
    }

    /** The same, lent. */
    @Benchmark
    public Object perThreadLend(Pools pools, Turn turn) {
        turn.key();
        return use(pools.lend.acquire());
    }

    /** With keys. */
    @Benchmark
    public Object keyedKeep(Pools pools, Turn turn) {
        return use(pools.keyedKeep.acquire(turn.key()));
    }

    /** The same, lent. */
    @Benchmark
    public Object keyedLend(Pools pools, Turn turn) {
        return use(pools.keyedLend.acquire(turn.key()));
    }

    /** The same with limits, which are never reached: the pool has to know which has been idle longest. */
    @Benchmark
    public Object keyedLendLimited(Pools pools, Turn turn) {
        return use(pools.keyedLendLimited.acquire(turn.key()));
    }

    private static Resource use(Lease<Resource> lease) {
        Resource resource = lease.get();
        lease.close();
        return resource;
    }

    /** commons-pool2. */
    @State(Scope.Benchmark)
    public static class Commons {
        GenericKeyedObjectPool<String, Resource> pool;

        /** One a thread and key. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.commonsKeyedPool(params.getThreads());
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** Borrow and return. */
    @Benchmark
    public Object commonsKeyedPool(Commons state, Turn turn) throws Exception {
        String key = turn.key();
        Resource resource = state.pool.borrowObject(key);
        state.pool.returnObject(key, resource);
        return resource;
    }
}
