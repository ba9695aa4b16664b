package dev.perthread;

import java.util.List;
import java.util.OptionalInt;

/**
 * A pool of either kind as {@link Jmx} asks it: made anew for each question, because what the MBean server keeps must not
 * keep the pool.
 */
abstract class JmxPool {
    abstract OptionalInt limit();

    /** 0 if there is none. */
    abstract int limitPerKey();

    abstract LiveSettings settings();

    abstract Stats stats();

    abstract List<ResourceInfo> snapshot();

    abstract int reap();

    abstract int evictIdle();

    abstract int evictIdle(String key);

    abstract int refresh();

    abstract int refresh(String key);

    abstract boolean revoke(long resourceId);

    /**
     * The pool, to be changed.
     *
     * @throws UnsupportedOperationException if pools of this kind do not have the method
     */
    abstract PerThread<?, ?> changed(String method);

    /** As {@link Pool#atEnd}. */
    abstract boolean atEnd(Runnable task);

    abstract void notAtEnd(Runnable task);

    /** Without keys. */
    static final class Single extends JmxPool {
        private final PerThread<?, ?> pool;

        Single(PerThread<?, ?> pool) {
            this.pool = pool;
        }

        @Override
        OptionalInt limit() {
            return pool.limit();
        }

        @Override
        int limitPerKey() {
            return 0;
        }

        @Override
        LiveSettings settings() {
            return pool.pool.settings();
        }

        @Override
        Stats stats() {
            return pool.stats();
        }

        @Override
        List<ResourceInfo> snapshot() {
            return pool.snapshot();
        }

        @Override
        int reap() {
            return pool.reap();
        }

        @Override
        int evictIdle() {
            return pool.evictIdle();
        }

        @Override
        int evictIdle(String key) {
            return 0;
        }

        @Override
        int refresh() {
            return pool.refresh();
        }

        @Override
        int refresh(String key) {
            return 0;
        }

        @Override
        boolean revoke(long resourceId) {
            return pool.revoke(resourceId);
        }

        @Override
        PerThread<?, ?> changed(String method) {
            return pool;
        }

        @Override
        boolean atEnd(Runnable task) {
            return pool.pool.atEnd(task);
        }

        @Override
        void notAtEnd(Runnable task) {
            pool.pool.notAtEnd(task);
        }
    }

    /** With keys. */
    static final class Keyed extends JmxPool {
        private final KeyedPerThread<?, ?, ?> pool;

        Keyed(KeyedPerThread<?, ?, ?> pool) {
            this.pool = pool;
        }

        @Override
        OptionalInt limit() {
            return pool.limit();
        }

        @Override
        int limitPerKey() {
            return pool.limitPerKey();
        }

        @Override
        LiveSettings settings() {
            return pool.settings();
        }

        @Override
        Stats stats() {
            return pool.stats();
        }

        @Override
        List<ResourceInfo> snapshot() {
            return pool.snapshot();
        }

        @Override
        int reap() {
            return pool.reap();
        }

        @Override
        int evictIdle() {
            return pool.evictIdle();
        }

        @Override
        int evictIdle(String key) {
            return pool.evictIdle(shown -> shown.equals(key));
        }

        @Override
        int refresh() {
            return pool.refresh();
        }

        @Override
        int refresh(String key) {
            return pool.refresh(shown -> shown.equals(key));
        }

        @Override
        boolean revoke(long resourceId) {
            return pool.revoke(resourceId);
        }

        @Override
        PerThread<?, ?> changed(String method) {
            throw new UnsupportedOperationException(
                    Messages.shown(pool.name()) + ": " + method + " needs a pool without keys, but this pool has keys");
        }

        @Override
        boolean atEnd(Runnable task) {
            return pool.atEnd(task);
        }

        @Override
        void notAtEnd(Runnable task) {
            pool.notAtEnd(task);
        }
    }
}
