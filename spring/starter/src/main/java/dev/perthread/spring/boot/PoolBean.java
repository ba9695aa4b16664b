package dev.perthread.spring.boot;

import dev.perthread.PerThread;
import dev.perthread.net.LazyConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A pool that is a bean.
 *
 * @param name the name of the bean
 * @param pool the pool; of a connection, the one of its connections
 * @param bean what is to be closed
 */
record PoolBean(String name, PerThread<?, ?> pool, AutoCloseable bean) {

    static @Nullable PoolBean of(String name, Object bean) {
        if (bean instanceof PerThread<?, ?> pool) {
            return new PoolBean(name, pool, pool);
        }
        if (bean instanceof LazyConnection connection) {
            return new PoolBean(name, connection.holder(), connection);
        }
        return null;
    }

    /** What {@code close(grace)} of either would report, with the pool's own grace where none is given. */
    void close(@Nullable Duration grace) throws Exception {
        if (grace == null) {
            bean.close();
        } else if (bean instanceof LazyConnection connection) {
            report(connection.close(grace));
        } else {
            report(pool.close(grace));
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
