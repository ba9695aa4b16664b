package dev.perthread.examples.clients;

import dev.perthread.Action;
import dev.perthread.Closer;
import dev.perthread.Opener;
import java.time.Duration;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericObjectPool;

/** The obvious way with commons-pool2: borrow, use, return in {@code finally}. */
final class CommonsPoolWay<T> implements Way {
    private final Opener<T, ?> opener;
    private final Closer<T> closer;
    private final Action<T, ?> use;
    private final GenericObjectPool<T> pool;

    CommonsPoolWay(Opener<T, ?> opener, Closer<T> closer, Action<T, ?> use) {
        this.opener = opener;
        this.closer = closer;
        this.use = use;
        // lines: start
        pool = new GenericObjectPool<>(new BasePooledObjectFactory<T>() {
            @Override
            public T create() throws Exception {
                return CommonsPoolWay.this.opener.open();
            }

            @Override
            public PooledObject<T> wrap(T client) {
                return new DefaultPooledObject<>(client);
            }

            @Override
            public void destroyObject(PooledObject<T> pooled) throws Exception {
                CommonsPoolWay.this.closer.close(pooled.getObject());
            }
        });
        pool.setMaxTotal(8);
        pool.setMaxIdle(8);
        pool.setMaxWait(Duration.ofSeconds(60)); // without, those beyond maxTotal spin while another one opens
    }

    @Override
    public void use() throws Exception {
        T client = pool.borrowObject();
        try {
            use.run(client);
        } finally {
            pool.returnObject(client);
        }
    }

    @Override
    public void close() {
        pool.close();
    }
    // lines: end
}
