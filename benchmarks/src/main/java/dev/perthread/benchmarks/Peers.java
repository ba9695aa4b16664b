package dev.perthread.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.ConcurrentBag;
import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.pool2.BaseKeyedPooledObjectFactory;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericKeyedObjectPool;
import org.apache.commons.pool2.impl.GenericKeyedObjectPoolConfig;
import org.apache.commons.pool2.impl.GenericObjectPool;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.vibur.objectpool.ConcurrentPool;
import org.vibur.objectpool.PoolObjectFactory;
import org.vibur.objectpool.PoolService;
import org.vibur.objectpool.util.ConcurrentLinkedQueueCollection;
import stormpot.Expiration;

/**
 * The configuration of every peer, all in this file: as its own documentation recommends for a pool of a fixed size.
 * No timeout of a peer is short enough to matter.
 */
final class Peers {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Peers() {}

    /** What is pooled: something small that need not be opened or closed. */
    static final class Resource {}

    /** One use of a pool, in two halves. */
    interface Subject extends AutoCloseable {
        Object take() throws Exception;

        void give(Object taken) throws Exception;

        @Override
        void close() throws Exception;
    }

    /** Ours. No listener, no timeouts, no check: the defaults, but for what becomes of an idle resource. */
    static PerThread.Builder<Resource, RuntimeException> perThread(IdlePolicy idle) {
        return PerThread.<Resource, RuntimeException>builder(Resource::new, Closer.none())
                .acquireTimeout(PATIENCE)
                .whenIdle(idle)
                .reuse(ReusePolicy.UNLESS_INVALIDATED);
    }

    // --- Stormpot: its front page says from(allocator), setSize, build; the rest is left at the defaults: a background
    // thread allocates and checks for expiration, and each claim asks whether 8 to 10 minutes are
    // over. Version 4 on Java 25; it does not run on 17, which gets version 3.

    static StormpotPool stormpot(int size, boolean virtual) {
        return new StormpotPool(size, null, virtual);
    }

    /** Its performance guide: without expiration a claim need not look at the clock. */
    static StormpotPool stormpotNeverExpiring(int size) {
        return new StormpotPool(size, Expiration.never(), false);
    }

    // --- HikariCP: its README recommends a pool of fixed size, so minimumIdle is left out, and to leave
    // connectionTestQuery out where the driver has isValid. The connection does nothing.

    static HikariDataSource hikari(int size) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(new StubDataSource());
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(PATIENCE.toMillis());
        HikariDataSource pool = new HikariDataSource(config);
        Connection[] all = new Connection[size]; // opened in the background
        try {
            for (int i = 0; i < size; i++) {
                all[i] = pool.getConnection();
            }
            for (Connection one : all) {
                one.close();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return pool;
    }

    /** The collection inside HikariCP without the connection pool around it: nothing but borrow and requite. */
    static ConcurrentBag<BagEntry> hikariConcurrentBag(int size) {
        ConcurrentBag<BagEntry> bag =
                new ConcurrentBag<>(waiting -> {}); // it asks for more; there are as many as there may be
        for (int i = 0; i < size; i++) {
            bag.add(new BagEntry());
        }
        return bag;
    }

    static final class BagEntry extends AtomicInteger implements ConcurrentBag.IConcurrentBagEntry {
        private static final long serialVersionUID = 1;

        @Override
        public void setState(int state) {
            set(state); // a volatile write, as in HikariCP's own PoolEntry: requite looks for waiters after it
        }

        @Override
        public int getState() {
            return get();
        }
    }

    // --- commons-pool2: maxTotal and maxIdle alike, or it destroys what comes back; JMX off, which only costs at the
    // start; no tests and no eviction, which are its defaults. Fairness is its own option.

    static GenericKeyedObjectPool<String, Resource> commonsKeyedPool(int sizePerKey) {
        GenericKeyedObjectPoolConfig<Resource> config = new GenericKeyedObjectPoolConfig<>();
        config.setMaxTotalPerKey(sizePerKey);
        config.setMaxIdlePerKey(sizePerKey);
        config.setJmxEnabled(false);
        config.setMaxWait(PATIENCE);
        return new GenericKeyedObjectPool<>(
                new BaseKeyedPooledObjectFactory<>() {
                    @Override
                    public Resource create(String key) {
                        return new Resource();
                    }

                    @Override
                    public PooledObject<Resource> wrap(Resource resource) {
                        return new DefaultPooledObject<>(resource);
                    }
                },
                config);
    }

    static GenericObjectPool<Resource> commonsPool(int size, boolean fair) {
        GenericObjectPoolConfig<Resource> config = new GenericObjectPoolConfig<>();
        config.setMaxTotal(size);
        config.setMaxIdle(size);
        config.setMinIdle(size);
        config.setFairness(fair);
        config.setJmxEnabled(false);
        config.setMaxWait(PATIENCE);
        GenericObjectPool<Resource> pool = new GenericObjectPool<>(
                new BasePooledObjectFactory<>() {
                    @Override
                    public Resource create() {
                        return new Resource();
                    }

                    @Override
                    public PooledObject<Resource> wrap(Resource resource) {
                        return new DefaultPooledObject<>(resource);
                    }
                },
                config);
        try {
            pool.preparePool();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return pool;
    }

    // --- Vibur: the example of its README, a ConcurrentLinkedQueueCollection and all objects made at the start; not
    // fair, which the README calls the faster.

    static PoolService<Resource> vibur(int size) {
        return new ConcurrentPool<>(
                new ConcurrentLinkedQueueCollection<>(),
                new PoolObjectFactory<Resource>() {
                    @Override
                    public Resource create() {
                        return new Resource();
                    }

                    @Override
                    public boolean readyToTake(Resource resource) {
                        return true;
                    }

                    @Override
                    public boolean readyToRestore(Resource resource) {
                        return true;
                    }

                    @Override
                    public void destroy(Resource resource) {}
                },
                size,
                size,
                false);
    }

    // --- Agroal: initialSize and maxSize alike; no transactions, no validation, and the multiple-acquisition check
    // off: the defaults. Its default cache keeps the last connection of a thread for it.

    static AgroalDataSource agroal(int size) {
        try {
            return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(pool -> pool.initialSize(size)
                            .minSize(size)
                            .maxSize(size)
                            .acquisitionTimeout(PATIENCE)
                            .connectionFactoryConfiguration(
                                    factory -> factory.connectionProviderClass(StubDataSource.class))));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // --- The JDK's own means.

    static BlockingQueue<Resource> filled(BlockingQueue<Resource> queue, int size) {
        for (int i = 0; i < size; i++) {
            queue.add(new Resource());
        }
        return queue;
    }

    /** Who competes where there are fewer resources than threads. */
    enum Contender {
        PER_THREAD("perThread LEND", false) {
            @Override
            Subject open(int size, boolean virtual) {
                PerThread<Resource, RuntimeException> holder =
                        perThread(IdlePolicy.LEND).limit(size).build();
                return subject(holder::acquire, lease -> ((Lease<?>) lease).close(), holder);
            }
        },
        STORMPOT("Stormpot", false) {
            @Override
            Subject open(int size, boolean virtual) {
                StormpotPool pool = stormpot(size, virtual);
                return subject(pool::claim, resource -> ((StormpotPool.Resource) resource).release(), pool);
            }
        },
        HIKARI("HikariCP", false) {
            @Override
            Subject open(int size, boolean virtual) {
                HikariDataSource pool = hikari(size);
                return subject(pool::getConnection, connection -> ((Connection) connection).close(), pool);
            }
        },
        HIKARI_BAG("HikariCP's ConcurrentBag", false) {
            @Override
            Subject open(int size, boolean virtual) {
                ConcurrentBag<BagEntry> bag = hikariConcurrentBag(size);
                return subject(
                        () -> bag.borrow(PATIENCE.toSeconds(), TimeUnit.SECONDS),
                        entry -> bag.requite((BagEntry) entry),
                        bag);
            }
        },
        COMMONS_POOL("commons-pool2", false) {
            @Override
            Subject open(int size, boolean virtual) {
                return commons(size, false);
            }
        },
        COMMONS_POOL_FAIR("commons-pool2, fair", true) {
            @Override
            Subject open(int size, boolean virtual) {
                return commons(size, true);
            }
        },
        SEMAPHORE_FAIR("fair Semaphore + deque", true) {
            @Override
            Subject open(int size, boolean virtual) {
                Semaphore permits = new Semaphore(size, true);
                ConcurrentLinkedDeque<Resource> idle = new ConcurrentLinkedDeque<>();
                for (int i = 0; i < size; i++) {
                    idle.add(new Resource());
                }
                return subject(
                        () -> {
                            permits.acquire();
                            return idle.pop();
                        },
                        resource -> {
                            idle.push((Resource) resource);
                            permits.release();
                        },
                        () -> {});
            }
        },
        QUEUE_FAIR("fair ArrayBlockingQueue", true) {
            @Override
            Subject open(int size, boolean virtual) {
                return queue(filled(new ArrayBlockingQueue<>(size, true), size));
            }
        },
        // Hands over in order of arrival, but promises no fairness: not counted among the fair ones.
        TRANSFER_QUEUE("LinkedTransferQueue", false) {
            @Override
            Subject open(int size, boolean virtual) {
                return queue(filled(new LinkedTransferQueue<>(), size));
            }
        };

        final String title;
        final boolean fair;

        Contender(String title, boolean fair) {
            this.title = title;
            this.fair = fair;
        }

        /** Makes a pool of so many. */
        abstract Subject open(int size, boolean virtual);

        private static Subject commons(int size, boolean fair) {
            GenericObjectPool<Resource> pool = commonsPool(size, fair);
            return subject(pool::borrowObject, resource -> pool.returnObject((Resource) resource), pool);
        }

        private static Subject queue(BlockingQueue<Resource> queue) {
            return subject(queue::take, resource -> queue.put((Resource) resource), () -> {});
        }
    }

    private interface Take {
        Object take() throws Exception;
    }

    private interface Give {
        void give(Object taken) throws Exception;
    }

    private static Subject subject(Take take, Give give, AutoCloseable end) {
        return new Subject() {
            @Override
            public Object take() throws Exception {
                return take.take();
            }

            @Override
            public void give(Object taken) throws Exception {
                give.give(taken);
            }

            @Override
            public void close() throws Exception {
                end.close();
            }
        };
    }
}
