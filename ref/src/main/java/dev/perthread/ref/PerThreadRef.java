// A reference to a PerThread: its options and a serializable opener travel.
package dev.perthread.ref;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A reference to a {@link PerThread} that can be serialized; {@link Ref} says what that means.
 *
 * {@snippet file="example/RefTest.java" region="ref"}
 *
 * <p>Two references have the same configuration if all options are equal, and their opener, closer and check have the same
 * serialized form: the same class, or the same lambda expression, with equal captured values. The defaults are those of
 * {@link PerThread.Builder}: a resource is closed when its lease closes. A listener does not travel;
 * {@link ReferenceRegistry#holders()} has the holders to look at.
 *
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 */
public final class PerThreadRef<T, X extends Exception> extends Ref<PerThread<T, X>> {
    private static final long serialVersionUID = 1;

    private PerThreadRef(String id, PoolConfig<T, X> config) {
        super(id, config.bytes(id), config.described());
    }

    /**
     * Makes a reference with the defaults. Opens nothing.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; not blank
     * @param opener opens one resource
     * @return a reference to share and to send
     * @throws IllegalArgumentException if the id is blank, or the opener cannot be serialized
     */
    public static <T extends AutoCloseable, X extends Exception> PerThreadRef<T, X> of(
            String id, SerializableOpener<? extends T, ? extends X> opener) {
        return PerThreadRef.<T, X>builder(id, opener).build();
    }

    /**
     * Starts a reference with options.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; not blank
     * @param opener opens one resource
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the id is blank
     */
    public static <T, X extends Exception> Builder<T, X> builder(
            String id, SerializableOpener<? extends T, ? extends X> opener) {
        return new Builder<>(requireId(id), Objects.requireNonNull(opener, "opener"));
    }

    @Override
    SharedPool<PerThread<T, X>> make(ClassLoader loader) {
        PoolConfig.ConfigInputStream in = PoolConfig.read(config(), loader, id());
        @SuppressWarnings("unchecked") // as it was when it was written
        PoolConfig<T, X> config = (PoolConfig<T, X>) Objects.requireNonNull(in.config);
        PerThread<T, X> made = config.build(id());
        return new SharedPool<>(this, made, made, made::close, made::close, in.anchor());
    }

    /**
     * A lease on the calling thread's own resource: {@link PerThread#acquire()} of {@link #get()}.
     *
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalStateException as for {@link PerThread#acquire()} and {@link #get()}
     */
    public Lease<T> acquire() throws X {
        return get().acquire();
    }

    /**
     * Acquires, calls the body, and closes the lease: {@link PerThread#call} of {@link #get()}.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(Body<? super T, ? extends R, ? extends Y> body)
            throws X, Y {
        return get().call(body);
    }

    /**
     * As {@link #call}, without a result.
     *
     * @param <Y> what the action may throw
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #acquire()}
     */
    public <Y extends Exception> void run(Action<? super T, ? extends Y> action) throws X, Y {
        get().run(action);
    }

    /**
     * Options of a reference, which are those of {@link PerThread.Builder}. Not safe for use by several threads. A bad value
     * is refused by {@link #build}.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     */
    public static final class Builder<T, X extends Exception> {
        private final String id;
        private final PoolConfig<T, X> config;

        private Builder(String id, SerializableOpener<? extends T, ? extends X> opener) {
            this.id = id;
            this.config = new PoolConfig<>(opener);
        }

        /**
         * Closes a resource, as for {@link PerThread.Builder#closer}.
         *
         * @param closer called once for each resource
         * @return this
         */
        public Builder<T, X> closer(SerializableCloser<? super T> closer) {
            config.closer = Objects.requireNonNull(closer, "closer");
            return this;
        }

        /**
         * Asked before a resource is handed out again, as for {@link PerThread.Builder#check}.
         *
         * @param check says whether a resource is still usable
         * @return this
         */
        public Builder<T, X> check(SerializableCheck<? super T> check) {
            config.check = Objects.requireNonNull(check, "check");
            return this;
        }

        /**
         * What a thread gets that acquires while it holds a lease, as for {@link PerThread.Builder#reentry}.
         *
         * @param reentry the policy
         * @return this
         */
        public Builder<T, X> reentry(ReentryPolicy reentry) {
            config.reentry = Objects.requireNonNull(reentry, "reentry");
            return this;
        }

        /**
         * What becomes of a resource when its lease closes, as for {@link PerThread.Builder#whenIdle}.
         *
         * @param whenIdle the policy
         * @return this
         */
        public Builder<T, X> whenIdle(IdlePolicy whenIdle) {
            config.whenIdle = Objects.requireNonNull(whenIdle, "whenIdle");
            return this;
        }

        /**
         * Closes a resource that nobody has used for so long, as for {@link PerThread.Builder#idleTimeout}.
         *
         * @param idleTimeout more than zero
         * @return this
         */
        public Builder<T, X> idleTimeout(Duration idleTimeout) {
            config.idleTimeout = Objects.requireNonNull(idleTimeout, "idleTimeout");
            return this;
        }

        /**
         * Closes a resource that has been open for so long, as for {@link PerThread.Builder#maxAge}.
         *
         * @param maxAge more than zero
         * @return this
         */
        public Builder<T, X> maxAge(Duration maxAge) {
            config.maxAge = Objects.requireNonNull(maxAge, "maxAge");
            return this;
        }

        /**
         * The most resources that may be open at once in each Java virtual machine, as for {@link PerThread.Builder#limit}.
         *
         * @param limit 1 or more
         * @return this
         */
        public Builder<T, X> limit(int limit) {
            config.limit = limit;
            return this;
        }

        /**
         * How long {@link PerThreadRef#acquire()} waits at the limit, as for {@link PerThread.Builder#acquireTimeout}.
         *
         * @param acquireTimeout zero or more
         * @return this
         */
        public Builder<T, X> acquireTimeout(Duration acquireTimeout) {
            config.acquireTimeout = Objects.requireNonNull(acquireTimeout, "acquireTimeout");
            return this;
        }

        /**
         * The grace of {@link Ref#close()}, as for {@link PerThread.Builder#closeTimeout}.
         *
         * @param closeTimeout zero or more
         * @return this
         */
        public Builder<T, X> closeTimeout(Duration closeTimeout) {
            config.closeTimeout = Objects.requireNonNull(closeTimeout, "closeTimeout");
            return this;
        }

        /**
         * Remembers where each lease was acquired, as for {@link PerThread.Builder#trace}.
         *
         * @param trace whether to
         * @return this
         */
        public Builder<T, X> trace(boolean trace) {
            config.trace = trace;
            return this;
        }

        /**
         * Makes the reference. Opens nothing.
         *
         * @return a reference to share and to send
         * @throws IllegalArgumentException if a value is bad, if two options contradict each other, or if the opener,
         *     closer or check cannot be serialized
         */
        public PerThreadRef<T, X> build() {
            config.build(id);
            return new PerThreadRef<>(id, config);
        }
    }
}
