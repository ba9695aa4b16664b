package dev.perthread.ref;

import dev.perthread.PerThread;
import dev.perthread.ResourceCloseException;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A serializable reference to a pool. Only its id and the configuration travel; on arrival the reference finds the pool
 * of that id, or makes it. There is one pool per id and class loader in a Java virtual machine, however many copies of the
 * reference arrive. That class loader is the context class loader of the thread that deserialized the reference or, where
 * the serializer gives no notice of that (Kryo), of the thread that uses it first.
 *
 * <p>Making, serializing and deserializing a reference opens nothing. Deserializing runs no code of the opener's class and
 * does not even load it: that waits for {@link #get()}. A stream with a bad id or without a configuration is refused with
 * an {@link InvalidObjectException}.
 *
 * <p>All methods may be called by any thread, platform or virtual.
 *
 * @param <H> the pool: {@link PerThread}, {@link dev.perthread.KeyedPerThread} or {@link dev.perthread.net.LazyConnection}
 * @since 0.1
 */
public abstract sealed class Ref<H> implements Serializable permits PerThreadRef, KeyedPerThreadRef, LazyConnectionRef {
    private static final long serialVersionUID = 1;

    // Plain fields, so that any serializer can write and read them without knowing this class.

    /** The id. */
    private final String id;

    /** The configuration, and what is compared of it. */
    private final byte[] config;

    private transient volatile @Nullable WeakReference<ClassLoader> contextLoader; // null: no readObject was called
    private transient volatile @Nullable SharedPool<H> shared;

    Ref(String id, byte[] config) {
        this.id = id;
        this.config = config;
        this.contextLoader = new WeakReference<>(currentContextLoader());
    }

    /** Makes the pool. Runs code of the user, so no lock may be held. */
    abstract SharedPool<H> make(ClassLoader loader);

    /** The configuration in words and without secrets, fit for a message. May run code of the user. */
    abstract String describe(ClassLoader loader);

    static String requireId(String id) {
        String problem = problemOf(Objects.requireNonNull(id, "id"));
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        return id;
    }

    /** The id goes into messages, log lines and the names of meters as it is. */
    private static @Nullable String problemOf(@Nullable String id) {
        if (id == null) {
            return "id must be a text, but was null";
        }
        if (id.isBlank() || id.length() > Messages.LONGEST || !Messages.isPrintable(id)) {
            return "id must have 1 to " + Messages.LONGEST + " printable characters, but was \"" + Messages.shown(id)
                    + "\" (" + id.length() + " characters); use the same id wherever the same resources are meant";
        }
        return null;
    }

    byte[] config() {
        return config;
    }

    /**
     * The id given when the reference was made; also the pool's name in messages, meters and events.
     *
     * @return the id
     * @since 0.1
     */
    public String id() {
        return id;
    }

    /**
     * The pool in this Java virtual machine, made now if there is none. Opens nothing. It is shared with every other copy
     * of this reference, so close it by {@link #close()} here and not by its own {@code close}.
     *
     * @return the same pool until that is closed, then a new one
     * @throws IllegalStateException if there is a pool of this id with another configuration, or if the configuration
     *     cannot be read here: its classes are missing, a serial filter refuses them, or it is damaged; the message says
     *     which
     * @since 0.1
     */
    public H get() {
        return shared().value();
    }

    /**
     * Closes the calling thread's idle resource now, as {@link PerThread#release()} does, or those of all keys. Makes no pool.
     *
     * @return whether there was one
     * @throws ResourceCloseException if its closer failed; the resource counts as closed all the same
     * @throws IllegalStateException if there is a pool of this id with another configuration
     * @since 0.1
     */
    public boolean release() {
        SharedPool<H> known = known();
        return known != null && known.pool().release();
    }

    /**
     * Closes the pool in this Java virtual machine, if there is one, with its {@code closeTimeout} as the grace, for all
     * copies of this reference here. The pool is forgotten: the next use of a copy makes a new one.
     *
     * @throws ResourceCloseException if closers failed, once all were called
     * @throws IllegalStateException if there is a pool of this id with another configuration
     * @since 0.1
     */
    public void close() {
        SharedPool<H> known = known();
        if (known != null) {
            known.close();
        }
    }

    private SharedPool<H> shared() {
        SharedPool<H> mine = shared;
        if (mine == null || mine.isClosed()) {
            mine = ReferenceRegistry.resolve(this, contextLoader());
            shared = mine;
        }
        return mine;
    }

    private @Nullable SharedPool<H> known() {
        SharedPool<H> mine = shared;
        return mine != null && !mine.isClosed() ? mine : ReferenceRegistry.find(this, contextLoader());
    }

    private ClassLoader contextLoader() {
        WeakReference<ClassLoader> remembered = contextLoader;
        ClassLoader loader = remembered == null ? null : remembered.get();
        if (loader == null) {
            requireIntact(); // a serializer that calls no readObject has set the fields to whatever it found
            loader = currentContextLoader();
            contextLoader = new WeakReference<>(loader);
        }
        return loader;
    }

    private void requireIntact() {
        String problem = problem();
        if (problem != null) {
            throw new IllegalStateException("damaged reference: " + problem);
        }
    }

    private @Nullable String problem() {
        return Objects.isNull(config) ? "the configuration must not be null" : problemOf(id);
    }

    void belongTo(ClassLoader loader) {
        contextLoader = new WeakReference<>(loader);
    }

    private static ClassLoader currentContextLoader() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        return context != null ? context : Objects.requireNonNull(Ref.class.getClassLoader());
    }

    /**
     * Checks the fields and remembers the class loader it arrived in.
     *
     * @param in the stream it is read from
     * @throws IOException if the stream cannot be read, or its fields are not those of a reference
     * @throws ClassNotFoundException never: its fields are of Java's own classes
     */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        String problem = problem();
        if (problem != null) {
            throw new InvalidObjectException(problem);
        }
        contextLoader = new WeakReference<>(currentContextLoader());
    }

    /**
     * The kind of reference and its id.
     *
     * @since 0.1
     */
    @Override
    public String toString() {
        return getClass().getSimpleName() + "[" + Messages.shown(String.valueOf(id)) + "]";
    }
}
