package dev.perthread.spring.boot;

/** A bean that is told of every pool that becomes a bean, in the thread that creates it. */
@FunctionalInterface
interface PoolObserver {
    void created(PoolBean pool);
}
