package dev.perthread;

import java.lang.management.ManagementFactory;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The MXBean of one pool, with keys or without, for who asks for it. Only to be touched through
 * {@link PerThread#registerMXBean} and {@link KeyedPerThread#registerMXBean}: it needs module java.management. The server
 * keeps what is registered, so this knows its pool weakly, and a pool that is dropped takes it away as it is collected.
 */
final class Jmx implements PerThreadMXBean {
    /** Its thread is the JDK's, holds on to no class loader, and exists from the first registration on. */
    private static final Cleaner CLEANER = Cleaner.create();

    /** What the system property has registered: a program that asks for the same gets that, and not a second bean. */
    private static final Map<Object, Entry> BY_PROPERTY = Collections.synchronizedMap(new WeakHashMap<>());

    private final String name;
    private final Reference<?> reference;

    private Jmx(String name, Reference<?> reference) {
        this.name = name;
        this.reference = reference;
    }

    /** A pool that is not kept by this, and how to ask it. */
    private record Reference<P>(WeakReference<P> pool, Function<P, JmxPool> kind) {
        @Nullable
        JmxPool get() {
            P alive = pool.get();
            return alive == null ? null : kind.apply(alive);
        }
    }

    static Registration register(PerThread<?, ?> pool) {
        return register(pool, pool.name(), JmxPool.Single::new);
    }

    static Registration register(KeyedPerThread<?, ?, ?> pool) {
        return register(pool, pool.name(), JmxPool.Keyed::new);
    }

    private static <P> Registration register(P pool, String name, Function<P, JmxPool> kind) {
        Entry known = BY_PROPERTY.get(pool);
        if (known != null && known.isRegistered()) {
            return known;
        }
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        Reference<P> reference = new Reference<>(new WeakReference<>(pool), kind);
        Entry entry = new Entry(server, add(server, new Jmx(name, reference)), reference);
        entry.cleanable.set(CLEANER.register(pool, entry::unregister));
        if (!kind.apply(pool).atEnd(entry)) {
            entry.close();
            throw new IllegalStateException(Messages.closed(Messages.shown(name)));
        }
        if (PoolBuilder.isJmxWanted()) {
            BY_PROPERTY.put(pool, entry);
        }
        return entry;
    }

    private static ObjectName add(MBeanServer server, Jmx bean) {
        for (int id = 1; ; id++) {
            try {
                ObjectName name = new ObjectName("dev.perthread:type=PerThread,name=" + ObjectName.quote(bean.name)
                        + (id == 1 ? "" : ",id=" + id));
                return server.registerMBean(bean, name).getObjectName();
            } catch (InstanceAlreadyExistsException taken) {
                // the next number
            } catch (MalformedObjectNameException impossible) {
                throw new AssertionError(bean.name, impossible);
            } catch (JMException refused) {
                throw new IllegalStateException(bean.name + ": cannot be registered with JMX: " + refused, refused);
            }
        }
    }

    /** Must not keep the pool: the cleaner keeps this. */
    private static final class Entry implements Registration, Runnable {
        private final MBeanServer server;
        private final ObjectName name;
        private final Reference<?> pool;
        final AtomicReference<Cleaner.@Nullable Cleanable> cleanable = new AtomicReference<>();

        Entry(MBeanServer server, ObjectName name, Reference<?> pool) {
            this.server = server;
            this.name = name;
            this.pool = pool;
        }

        @Override
        public String objectName() {
            return name.toString();
        }

        boolean isRegistered() {
            return cleanable.get() != null;
        }

        void unregister() {
            try {
                server.unregisterMBean(name);
            } catch (InstanceNotFoundException gone) {
                // somebody else took it away
            } catch (JMException impossible) {
                throw new AssertionError(name.toString(), impossible);
            }
        }

        /** The pool was closed. */
        @Override
        public void run() {
            Cleaner.Cleanable once = cleanable.getAndSet(null);
            if (once != null) {
                once.clean();
            }
        }

        @Override
        public void close() {
            JmxPool alive = pool.get();
            if (alive != null) {
                alive.notAtEnd(this);
            }
            run();
        }
    }

    private JmxPool pool() {
        JmxPool pool = reference.get();
        if (pool == null) {
            throw new IllegalStateException(name + " was dropped without being closed");
        }
        return pool;
    }

    private <V> V stat(Function<Stats, V> counter) {
        return counter.apply(pool().stats());
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public int getLimit() {
        return pool().limit().orElse(0);
    }

    @Override
    public int getLimitPerKey() {
        return pool().limitPerKey();
    }

    @Override
    public long getOpened() {
        return stat(Stats::opened);
    }

    @Override
    public long getClosed() {
        return stat(Stats::closed);
    }

    @Override
    public int getOpen() {
        return stat(Stats::open);
    }

    @Override
    public int getLeased() {
        return stat(Stats::leased);
    }

    @Override
    public int getIdle() {
        return stat(Stats::idle);
    }

    @Override
    public int getOpening() {
        return stat(Stats::opening);
    }

    @Override
    public int getWaiting() {
        return stat(Stats::waiting);
    }

    @Override
    public long getAcquired() {
        return stat(Stats::acquired);
    }

    @Override
    public long getWaited() {
        return stat(Stats::waited);
    }

    @Override
    public long getOpenFailures() {
        return stat(Stats::openFailures);
    }

    @Override
    public long getCloseFailures() {
        return stat(Stats::closeFailures);
    }

    @Override
    public long getTimeouts() {
        return stat(Stats::timeouts);
    }

    @Override
    public long getReclaimed() {
        return stat(Stats::reclaimed);
    }

    @Override
    public long getLeaked() {
        return stat(Stats::leaked);
    }

    @Override
    public List<Resource> getResources() {
        return pool().snapshot().stream().<Resource>map(Shown::new).toList();
    }

    @Override
    public int evictIdle() {
        return pool().evictIdle();
    }

    @Override
    public int evictIdle(String key) {
        return pool().evictIdle(key);
    }

    @Override
    public int reap() {
        return pool().reap();
    }

    @Override
    public void setLimit(int limit) {
        pool().changed("setLimit").setLimit(limit == 0 ? Integer.MAX_VALUE : limit);
    }

    @Override
    public long getAcquireTimeoutMillis() {
        return pool().settings().acquireNanos / 1_000_000;
    }

    @Override
    public void setAcquireTimeoutMillis(long millis) {
        pool().changed("setAcquireTimeout").setAcquireTimeout(Duration.ofMillis(millis));
    }

    @Override
    public long getIdleTimeoutMillis() {
        return pool().settings().idleNanos / 1_000_000;
    }

    @Override
    public void setIdleTimeoutMillis(long millis) {
        pool().changed("setIdleTimeout").setIdleTimeout(Duration.ofMillis(millis));
    }

    @Override
    public long getMaxAgeMillis() {
        return pool().settings().ageNanos / 1_000_000;
    }

    @Override
    public void setMaxAgeMillis(long millis) {
        pool().changed("setMaxAge").setMaxAge(Duration.ofMillis(millis));
    }

    @Override
    public long getHeldTooLong() {
        return stat(Stats::heldTooLong);
    }

    @Override
    public long getRefused() {
        return stat(Stats::refused);
    }

    @Override
    public long getWaitNanos() {
        return stat(Stats::waitNanos);
    }

    @Override
    public long getOpenNanos() {
        return stat(Stats::openNanos);
    }

    @Override
    public long getLeaseNanos() {
        return stat(Stats::leaseNanos);
    }

    @Override
    public int getMostOpen() {
        return stat(Stats::mostOpen);
    }

    @Override
    public Map<String, Long> getClosedByReason() {
        Map<String, Long> byName = new LinkedHashMap<>();
        pool().stats().closedByReason().forEach((reason, count) -> byName.put(reason.name(), count));
        return byName;
    }

    @Override
    public String getLastOpenFailure() {
        String failure = pool().stats().lastOpenFailure();
        return failure == null ? "" : failure;
    }

    @Override
    public int refresh() {
        return pool().refresh();
    }

    @Override
    public int refresh(String key) {
        return pool().refresh(key);
    }

    @Override
    public boolean revoke(long resourceId) {
        return pool().revoke(resourceId);
    }

    @Override
    public int suspend(long drainMillis) {
        return pool().changed("suspend").suspend(Duration.ofMillis(drainMillis)).closed();
    }

    @Override
    public void resume() {
        pool().changed("resume").resume();
    }

    private record Shown(ResourceInfo info) implements Resource {
        @Override
        public long getId() {
            return info.id();
        }

        @Override
        public String getKey() {
            return info.key();
        }

        @Override
        public String getThreadName() {
            return info.threadName();
        }

        @Override
        public long getThreadId() {
            return info.threadId();
        }

        @Override
        public String getState() {
            return info.state().name();
        }

        @Override
        public long getOpenedAtMillis() {
            return info.openedAt().toEpochMilli();
        }

        @Override
        public long getLeasedSinceMillis() {
            Instant since = info.leasedSince();
            return since == null ? 0 : since.toEpochMilli();
        }

        @Override
        public long getUses() {
            return info.uses();
        }

        @Override
        public String getAcquiredAt() {
            return info.acquiredAt().stream().map(Object::toString).collect(Collectors.joining("\n"));
        }
    }
}
