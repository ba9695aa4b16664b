package dev.perthread.spring.boot;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.ResourceInfo;
import dev.perthread.Stats;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.LazyConnections;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pool that is a bean.
 *
 * @param name the name of the bean
 * @param pool the pool, {@link PerThread} or {@link KeyedPerThread}; of a connection, the one of its connections
 * @param bean what is to be closed
 */
record PoolBean(String name, Object pool, AutoCloseable bean) {

    static @Nullable PoolBean of(String name, Object bean) {
        if (bean instanceof PerThread<?, ?> pool) {
            return new PoolBean(name, pool, pool);
        }
        if (bean instanceof KeyedPerThread<?, ?, ?> pool) {
            return new PoolBean(name, pool, pool);
        }
        if (bean instanceof LazyConnection connection) {
            return new PoolBean(name, connection.holder(), connection);
        }
        if (bean instanceof LazyConnections connections) {
            return new PoolBean(name, connections.holder(), connections);
        }
        return null;
    }

    /** Null if it is a pool for many keys. */
    @Nullable
    PerThread<?, ?> plain() {
        return pool instanceof PerThread<?, ?> plain ? plain : null;
    }

    private <R> R ask(Function<PerThread<?, ?>, R> plain, Function<KeyedPerThread<?, ?, ?>, R> keyed) {
        return pool instanceof KeyedPerThread<?, ?, ?> it ? keyed.apply(it) : plain.apply((PerThread<?, ?>) pool);
    }

    String poolName() {
        return ask(PerThread::name, KeyedPerThread::name);
    }

    OptionalInt limit() {
        return ask(PerThread::limit, KeyedPerThread::limit);
    }

    Stats stats() {
        return ask(PerThread::stats, KeyedPerThread::stats);
    }

    List<ResourceInfo> snapshot() {
        return ask(PerThread::snapshot, KeyedPerThread::snapshot);
    }

    int refresh() {
        return ask(PerThread::refresh, KeyedPerThread::refresh);
    }

    int evictIdle() {
        return ask(PerThread::evictIdle, KeyedPerThread::evictIdle);
    }

    void registerMXBean() {
        ask(PerThread::registerMXBean, KeyedPerThread::registerMXBean);
    }

    void onClose(Runnable action) {
        if (pool instanceof KeyedPerThread<?, ?, ?> keyed) {
            keyed.onClose(action);
        } else {
            ((PerThread<?, ?>) pool).onClose(action);
        }
    }

    /** What {@code close(grace)} of either would report, with the pool's own grace where none is given. */
    void close(@Nullable Duration grace) throws Exception {
        if (grace == null) {
            bean.close();
        } else if (bean instanceof LazyConnection connection) {
            report(connection.close(grace));
        } else if (bean instanceof LazyConnections connections) {
            report(connections.close(grace));
        } else {
            report(ask(it -> it.close(grace), it -> it.close(grace)));
        }
    }

    private void report(dev.perthread.CloseReport report) throws Exception {
        if (!report.failures().isEmpty()) {
            Exception failed = new Exception(report.failures().size() + " closers failed");
            report.failures().forEach(failed::addSuppressed);
            throw failed;
        }
    }
}
