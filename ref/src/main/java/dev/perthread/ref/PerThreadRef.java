package dev.perthread.ref;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A serializable reference to a {@link PerThread}; {@link Ref} says what that means.
 *
 * {@snippet file="example/RefTest.java" region="ref"}
 *
 * <p>Two references have the same configuration if all options are equal, and their opener and other functions have the
 * same serialized form: the same class, or the same lambda expression, with equal captured values. The defaults are those
 * of {@link PerThread.Builder}: a resource is closed when its lease closes. A listener does not travel;
 * {@link ReferenceRegistry#pools()} has the pools to observe.
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
        return new SharedPool<>(
                this, config.describe(), made, new AnyPool.One(made), made::close, made::close, loaded.anchor());
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
     * The pool: what {@link #get()} returns.
     *
     * @return the pool
     * @throws IllegalStateException as for {@link #get()}
     * @since 0.1
     */
    public PerThread<T, X> holder() {
        return get();
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
    public static final class Builder<T, X extends Exception> extends RefBuilder<T, X, Builder<T, X>> {
        private Builder(String id, SerializableOpener<? extends T, ? extends X> opener) {
            super(id, opener);
        }

        @Override
        Builder<T, X> self() {
            return this;
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
