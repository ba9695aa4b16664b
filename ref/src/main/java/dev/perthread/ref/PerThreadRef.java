package dev.perthread.ref;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A serializable reference to a {@link PerThread}; {@link Ref} says what that means.
 *
 * {@snippet file="example/RefTest.java" region="ref"}
 *
 * <p>Two references have the same configuration if all options are equal, and their opener and other functions have the
 * same serialized form: the same class, or the same lambda expression, with equal captured values. The defaults are those
 * of {@link PerThread.Builder}: a resource is closed when its lease closes. A listener does not travel;
 * {@link ReferenceRegistry#holders()} has the pools to observe.
 *
 * <p>The configuration is read with the {@link ObjectInputFilter} of the stream that the reference came in or, without
 * one, with that of the Java virtual machine. A filter that lists what it admits must list the classes of the opener and of
 * what it captures, those of this package, and for a lambda {@link java.lang.invoke.SerializedLambda}.
 *
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 * @since 0.1
 */
public final class PerThreadRef<T, X extends Exception> extends Ref<PerThread<T, X>> {
    private static final long serialVersionUID = 1;

    private transient volatile @Nullable ObjectInputFilter filter; // null: made here, or it came without one

    private PerThreadRef(String id, PoolConfig<T, X> config) {
        super(id, config.bytes(id));
    }

    /**
     * Makes a reference with the defaults. Opens nothing.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; 1 to 200 printable characters
     * @param opener opens one resource
     * @return a reference to share and to send
     * @throws IllegalArgumentException if the id is no such text, or the opener cannot be serialized
     * @since 0.1
     */
    public static <T extends AutoCloseable, X extends Exception> PerThreadRef<T, X> of(
            String id, SerializableOpener<? extends T, ? extends X> opener) {
        return PerThreadRef.<T, X>builder(id, opener).build();
    }

    /**
     * Starts a reference with options, for resources that are closed by {@link AutoCloseable#close()}.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; 1 to 200 printable characters
     * @param opener opens one resource
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the id is no such text
     * @since 0.1
     */
    public static <T extends AutoCloseable, X extends Exception> Builder<T, X> builder(
            String id, SerializableOpener<? extends T, ? extends X> opener) {
        return new Builder<>(requireId(id), opener);
    }

    /**
     * Starts a reference with options, for resources of any type.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; 1 to 200 printable characters
     * @param opener opens one resource
     * @param closer closes one resource, called once for each
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the id is no such text
     * @since 0.1
     */
    public static <T, X extends Exception> Builder<T, X> builder(
            String id, SerializableOpener<? extends T, ? extends X> opener, SerializableCloser<? super T> closer) {
        return new Builder<T, X>(requireId(id), opener).closer(closer);
    }

    @Override
    SharedPool<PerThread<T, X>> make(ClassLoader loader) {
        PoolConfig.Loaded loaded = PoolConfig.read(config(), loader, filter, id());
        @SuppressWarnings("unchecked") // as it was when it was written
        PoolConfig<T, X> config = (PoolConfig<T, X>) loaded.config();
        PerThread<T, X> made;
        try {
            made = config.build(id());
        } catch (IllegalArgumentException | ClassCastException e) {
            throw PoolConfig.unusable(id(), loader, e); // from a stream that no builder has checked
        }
        return new SharedPool<>(this, config.describe(), made, made, made::close, made::close, loaded.anchor());
    }

    @Override
    String describe(ClassLoader loader) {
        try {
            return PoolConfig.read(config(), loader, filter, id()).config().describe();
        } catch (IllegalStateException e) {
            return "one that cannot be read here: " + e.getMessage();
        }
    }

    /**
     * Remembers the filter of the stream, for the configuration, which is read when it is first needed.
     *
     * @param in the stream it is read from
     * @throws IOException if it cannot be read
     * @throws ClassNotFoundException never: it has no fields of its own
     */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        filter = in.getObjectInputFilter();
    }

    /**
     * Acquires a lease on the calling thread's own resource: {@link PerThread#acquire()} of {@link #get()}.
     *
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalStateException as for {@link PerThread#acquire()} and {@link #get()}
     * @since 0.1
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
     * @since 0.1
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
     * @since 0.1
     */
    public <Y extends Exception> void run(Action<? super T, ? extends Y> action) throws X, Y {
        get().run(action);
    }

    /**
     * The options of a reference, which are those of {@link PerThread.Builder}. Not thread-safe. {@link #build} refuses bad
     * values.
     *
     * @param <T> the resource
     * @param <X> what opening may throw
     * @since 0.1
     */
    public static final class Builder<T, X extends Exception> {
        private final String id;
        private final PoolConfig<T, X> config;

        private Builder(String id, SerializableOpener<? extends T, ? extends X> opener) {
            this.id = id;
            this.config = new PoolConfig<>(opener);
        }

        private Builder<T, X> set(PoolOption option, Object value) {
            config.set(option, value);
            return this;
        }

        /**
         * Closes a resource, as for {@link PerThread.Builder#closer}.
         *
         * @param closer called once for each resource
         * @return this
         * @since 0.1
         */
        public Builder<T, X> closer(SerializableCloser<? super T> closer) {
            return set(PoolOption.CLOSER, closer);
        }

        /**
         * Validates a resource before it is handed out again, as for {@link PerThread.Builder#check}.
         *
         * @param check returns whether a resource is still usable
         * @return this
         * @since 0.1
         */
        public Builder<T, X> check(SerializableCheck<? super T> check) {
            return set(PoolOption.CHECK, check);
        }

        /**
         * What happens when a thread acquires while it already holds a lease, as for {@link PerThread.Builder#reentry}.
         *
         * @param reentry the policy
         * @return this
         * @since 0.1
         */
        public Builder<T, X> reentry(ReentryPolicy reentry) {
            return set(PoolOption.REENTRY, reentry);
        }

        /**
         * What happens to a resource when its lease closes, as for {@link PerThread.Builder#whenIdle}.
         *
         * @param whenIdle the policy
         * @return this
         * @since 0.1
         */
        public Builder<T, X> whenIdle(IdlePolicy whenIdle) {
            return set(PoolOption.WHEN_IDLE, whenIdle);
        }

        /**
         * Closes a resource that has been idle for this long, as for {@link PerThread.Builder#idleTimeout}.
         *
         * @param idleTimeout more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> idleTimeout(Duration idleTimeout) {
            return set(PoolOption.IDLE_TIMEOUT, idleTimeout);
        }

        /**
         * Closes a resource that has been open for this long, as for {@link PerThread.Builder#maxAge}.
         *
         * @param maxAge more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> maxAge(Duration maxAge) {
            return set(PoolOption.MAX_AGE, maxAge);
        }

        /**
         * The most resources that may be open at once in each Java virtual machine, as for {@link PerThread.Builder#limit}.
         *
         * @param limit 1 or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> limit(int limit) {
            return set(PoolOption.LIMIT, limit);
        }

        /**
         * How long {@link PerThreadRef#acquire()} waits at the limit, as for {@link PerThread.Builder#acquireTimeout}.
         *
         * @param acquireTimeout zero or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> acquireTimeout(Duration acquireTimeout) {
            return set(PoolOption.ACQUIRE_TIMEOUT, acquireTimeout);
        }

        /**
         * The grace of {@link Ref#close()}, as for {@link PerThread.Builder#closeTimeout}.
         *
         * @param closeTimeout zero or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> closeTimeout(Duration closeTimeout) {
            return set(PoolOption.CLOSE_TIMEOUT, closeTimeout);
        }

        /**
         * Remembers where each lease was acquired, as for {@link PerThread.Builder#trace}.
         *
         * @param trace whether to
         * @return this
         * @since 0.1
         */
        public Builder<T, X> trace(boolean trace) {
            return set(PoolOption.TRACE, trace);
        }

        /**
         * Skips the check of a resource that was used within this time, as for {@link PerThread.Builder#checkAfterIdle}.
         *
         * @param checkAfterIdle more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> checkAfterIdle(Duration checkAfterIdle) {
            return set(PoolOption.CHECK_AFTER_IDLE, checkAfterIdle);
        }

        /**
         * Checks idle resources in the background at this interval, as for {@link PerThread.Builder#checkIdleEvery}.
         *
         * @param checkIdleEvery more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> checkIdleEvery(Duration checkIdleEvery) {
            return set(PoolOption.CHECK_IDLE_EVERY, checkIdleEvery);
        }

        /**
         * Which resources may be used again, as for {@link PerThread.Builder#reuse}.
         *
         * @param reuse the policy
         * @return this
         * @since 0.1
         */
        public Builder<T, X> reuse(ReusePolicy reuse) {
            return set(PoolOption.REUSE, reuse);
        }

        /**
         * Replaces a resource after this many uses, as for {@link PerThread.Builder#maxUses}.
         *
         * @param maxUses 1 or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> maxUses(long maxUses) {
            return set(PoolOption.MAX_USES, maxUses);
        }

        /**
         * Bounds the threads that wait at the limit; a further acquire is refused at once, as for {@link PerThread.Builder#maxWaiting}.
         *
         * @param maxWaiting zero or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> maxWaiting(int maxWaiting) {
            return set(PoolOption.MAX_WAITING, maxWaiting);
        }

        /**
         * Keeps at least this many resources open and idle, as for {@link PerThread.Builder#minIdle}.
         *
         * @param minIdle zero or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> minIdle(int minIdle) {
            return set(PoolOption.MIN_IDLE, minIdle);
        }

        /**
         * Closes idle resources above this number, as for {@link PerThread.Builder#maxIdle}.
         *
         * @param maxIdle zero or more
         * @return this
         * @since 0.1
         */
        public Builder<T, X> maxIdle(int maxIdle) {
            return set(PoolOption.MAX_IDLE, maxIdle);
        }

        /**
         * Interrupts an opener that takes longer than this, as for {@link PerThread.Builder#openTimeout}.
         *
         * @param openTimeout more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> openTimeout(Duration openTimeout) {
            return set(PoolOption.OPEN_TIMEOUT, openTimeout);
        }

        /**
         * Bounds the wait for a closer; one that is stuck is reported, as for {@link PerThread.Builder#closerTimeout}.
         *
         * @param closerTimeout more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> closerTimeout(Duration closerTimeout) {
            return set(PoolOption.CLOSER_TIMEOUT, closerTimeout);
        }

        /**
         * Warns once about a lease that is held for longer than this, as for {@link PerThread.Builder#warnWhenHeldFor}.
         *
         * @param warnWhenHeldFor more than zero
         * @return this
         * @since 0.1
         */
        public Builder<T, X> warnWhenHeldFor(Duration warnWhenHeldFor) {
            return set(PoolOption.WARN_WHEN_HELD_FOR, warnWhenHeldFor);
        }

        /**
         * Measures how long leases are held, as for {@link PerThread.Builder#timeLeases}.
         *
         * @param timeLeases whether to
         * @return this
         * @since 0.1
         */
        public Builder<T, X> timeLeases(boolean timeLeases) {
            return set(PoolOption.TIME_LEASES, timeLeases);
        }

        /**
         * Resets a resource before it is used again, as for {@link PerThread.Builder#reset}.
         *
         * @param reset brings a resource into the state of a new one
         * @return this
         * @since 0.1
         */
        public Builder<T, X> reset(SerializableReset<? super T> reset) {
            return set(PoolOption.RESET, reset);
        }

        /**
         * Spares a server that is down, as for {@link PerThread.Builder#openBackoff}.
         *
         * @param first the delay after the first failure, more than zero
         * @param most the longest delay, not less than {@code first}
         * @return this
         * @since 0.1
         */
        public Builder<T, X> openBackoff(Duration first, Duration most) {
            Objects.requireNonNull(first, "first");
            Objects.requireNonNull(most, "most");
            return set(PoolOption.OPEN_BACKOFF, List.of(first, most));
        }

        /**
         * Makes the reference. Opens nothing.
         *
         * @return a reference to share and to send
         * @throws IllegalArgumentException if a value is bad, if two options contradict each other, or if the opener,
         *     closer or another function cannot be serialized
         * @since 0.1
         */
        public PerThreadRef<T, X> build() {
            config.build(id);
            return new PerThreadRef<>(id, config);
        }
    }
}
