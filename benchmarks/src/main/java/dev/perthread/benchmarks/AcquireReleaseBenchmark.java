package dev.perthread.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.ConcurrentBag;
import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ThreadStore;
import dev.perthread.benchmarks.Peers.BagEntry;
import dev.perthread.benchmarks.Peers.Resource;
import io.agroal.api.AgroalDataSource;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.pool2.impl.GenericObjectPool;
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
import org.vibur.objectpool.PoolService;

/**
 * Uncontended acquire and release: PerThread, its peers, and the floor under all of them. Every pool has as many
 * resources as there are threads ({@code -t}).
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(4)
public class AcquireReleaseBenchmark {

    // --- What is below everything.

    abstract static class PadBefore {
        long b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15;
    }

    abstract static class Word extends PadBefore {
        int word;
    }

    /** A word with cache lines of its own, wherever the collector puts it. */
    static final class PaddedSlot extends Word {
        static final VarHandle WORD;

        static {
            try {
                WORD = MethodHandles.lookup().findVarHandle(Word.class, "word", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        final Resource resource = new Resource();
        long a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15;
    }

    /** The bare means of the JDK and of Netty. */
    @State(Scope.Benchmark)
    public static class Bare {
        final ThreadLocal<PaddedSlot> slots = ThreadLocal.withInitial(PaddedSlot::new);
        final ThreadLocal<Resource> threadLocal = ThreadLocal.withInitial(Resource::new);
        final ConcurrentHashMap<Thread, Resource> map = new ConcurrentHashMap<>();
        final FastThreadLocal<Resource> fast = new FastThreadLocal<>() {
            @Override
            protected Resource initialValue() {
                return new Resource();
            }
        };
    }

    /** One {@code ThreadLocal.get}, one uncontended compare-and-set, one release store. */
    @Benchmark
    public Object floor(Bare bare) {
        PaddedSlot slot = bare.slots.get();
        if (!PaddedSlot.WORD.compareAndSet(slot, 0, 1)) {
            throw new IllegalStateException("somebody else has it");
        }
        Resource resource = slot.resource;
        PaddedSlot.WORD.setRelease(slot, 0);
        return resource;
    }

    /** No lease, no state. */
    @Benchmark
    public Object threadLocalGet(Bare bare) {
        return bare.threadLocal.get();
    }

    /** On a thread that is not Netty's. */
    @Benchmark
    public Object nettyFastThreadLocal(Bare bare) {
        return bare.fast.get();
    }

    /** On Netty's own kind of thread. */
    @Benchmark
    @Fork(
            value = 4,
            jvmArgsAppend = {"-Djmh.executor=CUSTOM", "-Djmh.executor.class=dev.perthread.benchmarks.NettyThreads"})
    public Object nettyFastThreadLocalThread(Bare bare) {
        return bare.fast.get();
    }

    /** Keyed by thread. */
    @Benchmark
    public Object concurrentHashMap(Bare bare) {
        return bare.map.computeIfAbsent(Thread.currentThread(), thread -> new Resource());
    }

    // --- Ours.

    /** A store. */
    @State(Scope.Benchmark)
    public static class Store {
        final ThreadStore<Resource> store = ThreadStore.withInitial(Resource::new);

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            store.close();
        }
    }

    /** The holders, each opened by the first use. */
    @State(Scope.Benchmark)
    public static class Holders {
        private static final Resource SHARED = new Resource(); // so that what is allocated is the library's
        final PerThread<Resource, RuntimeException> keep =
                Peers.perThread(IdlePolicy.KEEP).build();
        final PerThread<Resource, RuntimeException> listening =
                Peers.perThread(IdlePolicy.KEEP).listener(new Listener() {}).build();
        final PerThread<Resource, RuntimeException> close = PerThread.<Resource, RuntimeException>builder(
                        () -> SHARED, Closer.none())
                .build();
        PerThread<Resource, RuntimeException> lend;

        /** With as many as there are threads. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            lend = Peers.perThread(IdlePolicy.LEND).limit(params.getThreads()).build();
        }

        /** Ends them. */
        @TearDown(Level.Trial)
        public void close() {
            keep.close();
            listening.close();
            close.close();
            lend.close();
        }
    }

    private static Object use(PerThread<Resource, RuntimeException> holder) {
        try (Lease<Resource> lease = holder.acquire()) {
            return lease.get();
        }
    }

    /** Set before. */
    @Benchmark
    public Object threadStoreGet(Store store) {
        return store.store.get();
    }

    /** Own idle resource, kept. */
    @Benchmark
    public Object perThreadKeep(Holders holders) {
        return use(holders.keep);
    }

    /** The same in a Java that has no Flight Recorder at all: what its absence would save. */
    @Benchmark
    @Fork(
            value = 4,
            jvmArgsAppend = {"--limit-modules", "java.se,jdk.management,jdk.unsupported"})
    public Object perThreadKeepWithoutJfr(Holders holders) {
        return use(holders.keep);
    }

    /** With a listener that does nothing. */
    @Benchmark
    public Object perThreadKeepListener(Holders holders) {
        return use(holders.listening);
    }

    /** Own idle resource, lent. */
    @Benchmark
    public Object perThreadLend(Holders holders) {
        return use(holders.lend);
    }

    /** By {@code call}, kept. */
    @Benchmark
    public Object perThreadCall(Holders holders) {
        return holders.keep.call(resource -> resource);
    }

    /** The default: opened and closed each time, both trivial. */
    @Benchmark
    public Object perThreadClose(Holders holders) {
        return use(holders.close);
    }

    // --- The peers, configured in Peers.

    /** Stormpot. */
    @State(Scope.Benchmark)
    public static class Stormpot {
        StormpotPool pool;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.stormpot(params.getThreads(), false);
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() throws InterruptedException {
            pool.close();
        }
    }

    /** The default. */
    @Benchmark
    public Object stormpot(Stormpot state) {
        StormpotPool.Resource resource = state.pool.claim();
        resource.release();
        return resource;
    }

    /** Stormpot without expiration. */
    @State(Scope.Benchmark)
    public static class StormpotNever extends Stormpot {
        @Override
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.stormpotNeverExpiring(params.getThreads());
        }
    }

    /** Without a look at the clock. */
    @Benchmark
    public Object stormpotNeverExpiring(StormpotNever state) {
        StormpotPool.Resource resource = state.pool.claim();
        resource.release();
        return resource;
    }

    /** HikariCP. */
    @State(Scope.Benchmark)
    public static class Hikari {
        HikariDataSource pool;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.hikari(params.getThreads());
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** The whole pool, over connections that do nothing. */
    @Benchmark
    public Object hikari(Hikari state) throws SQLException {
        try (Connection connection = state.pool.getConnection()) {
            return connection;
        }
    }

    /** HikariCP's collection alone. */
    @State(Scope.Benchmark)
    public static class Bag {
        ConcurrentBag<BagEntry> bag;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            bag = Peers.hikariConcurrentBag(params.getThreads());
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            bag.close();
        }
    }

    /** Borrow and requite. */
    @Benchmark
    public Object hikariConcurrentBag(Bag state) throws InterruptedException {
        BagEntry entry = state.bag.borrow(1, TimeUnit.MINUTES);
        state.bag.requite(entry);
        return entry;
    }

    /** commons-pool2. */
    @State(Scope.Benchmark)
    public static class Commons {
        GenericObjectPool<Resource> pool;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.commonsPool(params.getThreads(), false);
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** Borrow and return. */
    @Benchmark
    public Object commonsPool(Commons state) throws Exception {
        Resource resource = state.pool.borrowObject();
        state.pool.returnObject(resource);
        return resource;
    }

    /** Vibur. */
    @State(Scope.Benchmark)
    public static class Vibur {
        PoolService<Resource> pool;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.vibur(params.getThreads());
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** Take and restore. */
    @Benchmark
    public Object vibur(Vibur state) {
        Resource resource = state.pool.take();
        state.pool.restore(resource);
        return resource;
    }

    /** Agroal. */
    @State(Scope.Benchmark)
    public static class Agroal {
        AgroalDataSource pool;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            pool = Peers.agroal(params.getThreads());
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** The whole pool, over connections that do nothing. */
    @Benchmark
    public Object agroal(Agroal state) throws SQLException {
        try (Connection connection = state.pool.getConnection()) {
            return connection;
        }
    }

    /** A queue of the JDK. */
    @State(Scope.Benchmark)
    public static class Queue {
        BlockingQueue<Resource> queue;

        /** One a thread. */
        @Setup(Level.Trial)
        public void open(BenchmarkParams params) {
            queue = Peers.filled(new ArrayBlockingQueue<>(params.getThreads()), params.getThreads());
        }
    }

    /** Take and put. */
    @Benchmark
    public Object blockingQueue(Queue state) throws InterruptedException {
        Resource resource = state.queue.take();
        state.queue.put(resource);
        return resource;
    }
}
