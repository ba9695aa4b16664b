package dev.perthread.ref;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.Stats;

/** What a reference needs of a pool, whether it has keys or not. */
interface AnyPool {
    Stats stats();

    /** Whether the calling thread holds a lease, of any key. */
    boolean isHeld();

    /** Closes what the calling thread has idle, of all keys. */
    boolean release();

    /** Without keys. */
    record One(PerThread<?, ?> pool) implements AnyPool {
        @Override
        public Stats stats() {
            return pool.stats();
        }

        @Override
        public boolean isHeld() {
            return pool.isHeld();
        }

        @Override
        public boolean release() {
            return pool.release();
        }
    }

    /** With keys. */
    record Many<K>(KeyedPerThread<K, ?, ?> pool) implements AnyPool {
        @Override
        public Stats stats() {
            return pool.stats();
        }

        @Override
        public boolean isHeld() {
            return pool.keys().stream().anyMatch(pool::isHeld);
        }

        @Override
        public boolean release() {
            return pool.keys().stream().filter(pool::release).count() > 0;
        }
    }
}
