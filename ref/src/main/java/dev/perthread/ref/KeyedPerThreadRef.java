package dev.perthread.ref;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A serializable reference to a {@link KeyedPerThread}, so that a job uses many hosts, each with a limit, in each process;
 * {@link Ref} says what a reference means, and {@link PerThreadRef} what is compared and how it is read. Keys do not travel
 * with it.
 *
 * <pre>{@code
 * KeyedPerThreadRef<String, Client, IOException> shops = KeyedPerThreadRef
 *         .<String, Client, IOException>builder("shops", host -> new Client(host, 443))
 *         .whenIdle(IdlePolicy.LEND).limit(16).limitPerKey(2).build();
 * // wherever it arrives, in any thread:
 * String answer = shops.call(host, client -> client.ask(question));
 * }</pre>
 *
 * @param <K> the key
 * @param <T> the resource
 * @param <X> what opening one may throw; it reaches the caller of {@code acquire} as itself
 * @since 0.1
 */
public final class KeyedPerThreadRef<K, T, X extends Exception> extends Ref<KeyedPerThread<K, T, X>> {
    private static final long serialVersionUID = 1;

    private transient volatile @Nullable ObjectInputFilter filter; // null: made here, or it came without one

    private KeyedPerThreadRef(String id, PoolConfig<T, X> config) {
        super(id, config.bytes(id));
    }

    /**
     * Starts a reference with options, for resources that are closed by {@link AutoCloseable#close()}.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; 1 to 200 printable characters
     * @param opener opens one resource for a key
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the id is no such text
     * @since 0.1
     */
    public static <K, T extends AutoCloseable, X extends Exception> Builder<K, T, X> builder(
            String id, SerializableKeyedOpener<? super K, ? extends T, ? extends X> opener) {
        return new Builder<>(requireId(id), opener);
    }

    /**
     * Starts a reference with options, for resources of any type.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @param id the same wherever the same resources are meant; 1 to 200 printable characters
     * @param opener opens one resource for a key
     * @param closer closes one resource, called once for each
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the id is no such text
     * @since 0.1
     */
    public static <K, T, X extends Exception> Builder<K, T, X> builder(
            String id,
            SerializableKeyedOpener<? super K, ? extends T, ? extends X> opener,
            SerializableCloser<? super T> closer) {
        return new Builder<K, T, X>(requireId(id), opener).closer(closer);
    }

    @Override
    SharedPool<KeyedPerThread<K, T, X>> make(ClassLoader loader) {
        PoolConfig.Loaded loaded = PoolConfig.read(config(), loader, filter, id());
        @SuppressWarnings("unchecked") // as it was when it was written
        PoolConfig<T, X> config = (PoolConfig<T, X>) loaded.config();
        KeyedPerThread<K, T, X> made;
        try {
            made = config.buildKeyed(id());
        } catch (IllegalArgumentException | ClassCastException e) {
            throw PoolConfig.unusable(id(), loader, e); // from a stream that no builder has checked
        }
        return new SharedPool<>(
                this, config.describe(), made, new AnyPool.Many<>(made), made::close, made::close, loaded.anchor());
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
     * Acquires a lease on the calling thread's own resource for a key: {@link KeyedPerThread#acquire(Object)} of {@link #get()}.
     *
     * @param key for which
     * @return a new lease, to be closed by this thread
     * @throws X what the opener threw
     * @throws IllegalStateException as for {@link KeyedPerThread#acquire(Object)} and {@link #get()}
     * @since 0.1
     */
    public Lease<T> acquire(K key) throws X {
        return get().acquire(key);
    }

    /**
     * Acquires for a key, calls the body, and closes the lease: {@link KeyedPerThread#call(Object, Body)} of {@link #get()}.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param key for which
     * @param body uses the resource
     * @return what the body returned
     * @throws X what the opener threw
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #acquire}
     * @since 0.1
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            K key, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        return get().call(key, body);
    }

    /**
     * As {@link #call}, without a result.
     *
     * @param <Y> what the action may throw
     * @param key for which
     * @param action uses the resource
     * @throws X what the opener threw
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #acquire}
     * @since 0.1
     */
    public <Y extends Exception> void run(K key, Action<? super T, ? extends Y> action) throws X, Y {
        get().run(key, action);
    }

    /**
     * The options of a reference, which are those of {@link KeyedPerThread.Builder}. Not thread-safe. {@link #build} refuses
     * bad values.
     *
     * @param <K> the key
     * @param <T> the resource
     * @param <X> what opening may throw
     * @since 0.1
     */
    public static final class Builder<K, T, X extends Exception> extends RefBuilder<T, X, Builder<K, T, X>> {
        private Builder(String id, SerializableKeyedOpener<? super K, ? extends T, ? extends X> opener) {
            super(id, opener);
        }

        @Override
        Builder<K, T, X> self() {
            return this;
        }

        /**
         * The most resources that may be open at once for one key in each Java virtual machine, as for
         * {@link KeyedPerThread.Builder#limitPerKey}.
         *
         * @param limitPerKey 1 or more
         * @return this
         * @since 0.1
         */
        public Builder<K, T, X> limitPerKey(int limitPerKey) {
            return set(PoolOption.LIMIT_PER_KEY, limitPerKey);
        }

        /**
         * Makes the reference. Opens nothing.
         *
         * @return a reference to share and to send
         * @throws IllegalArgumentException if a value is bad, if two options contradict each other, or if the opener,
         *     closer or another function cannot be serialized
         * @since 0.1
         */
        public KeyedPerThreadRef<K, T, X> build() {
            config.buildKeyed(id);
            return new KeyedPerThreadRef<>(id, config);
        }
    }
}
