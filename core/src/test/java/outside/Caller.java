// Code of a user: not in a package of the library's, so that stack traces and class loaders can be told apart.
package outside;

import dev.perthread.Lease;
import dev.perthread.PerThread;
import java.util.concurrent.Callable;

/** What a user would write. */
public final class Caller implements Callable<Object> {
    /** A resource whose class belongs to the user. */
    public static final class Resource implements AutoCloseable {
        /** Opens one. */
        public Resource() {}

        @Override
        public void close() {}
    }

    private final boolean keep;

    /** Without a lease left open. */
    public Caller() {
        this(false);
    }

    /**
     * Makes one.
     *
     * @param keep whether the lease is left open
     */
    public Caller(boolean keep) {
        this.keep = keep;
    }

    /**
     * Acquires here, so that a trace names this method.
     *
     * @param <T> the resource
     * @param <X> what opening throws
     * @param pool the pool
     * @return a lease
     * @throws X what opening throws
     */
    public static <T, X extends Exception> Lease<T> acquireHere(PerThread<T, X> pool) throws X {
        return pool.acquire();
    }

    /** Makes a holder of resources of its own, keeps one idle for the calling thread, and returns the holder. */
    @Override
    public Object call() {
        PerThread<Resource, RuntimeException> pool = PerThread.<Resource, RuntimeException>builder(Resource::new)
                .whenIdle(dev.perthread.IdlePolicy.KEEP)
                .trace(true)
                .build();
        Lease<Resource> lease = pool.acquire();
        if (!keep) {
            lease.done();
            lease.close();
        }
        return pool;
    }
}
