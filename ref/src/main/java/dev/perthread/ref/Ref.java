// What both references share: an id and a config as bytes travel; the holder is found where it is used.
package dev.perthread.ref;

import dev.perthread.PerThread;
import dev.perthread.ResourceCloseException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A reference to a holder that can be serialized. What travels is an id and the configuration; on arrival the reference
 * finds the holder of that id, or makes it. There is one for each id and class loader in a Java virtual machine, however
 * many copies of the reference arrive. That class loader is the context class loader of the thread that deserialized the
 * reference, or, where a serializer gives no notice of that (Kryo), of the thread that uses it first.
 *
 * <p>Serializing, deserializing and making a reference opens nothing. Deserializing runs no code of the opener's class,
 * and does not even load it: that waits for {@link #get()}.
 *
 * <p>All methods may be called by any thread, platform or virtual.
 *
 * @param <H> the holder: {@link PerThread} or {@link dev.perthread.net.LazyConnection}
 */
public abstract sealed class Ref<H> implements Serializable permits PerThreadRef, LazyConnectionRef {
    private static final long serialVersionUID = 1;

    // Plain fields, so that any serializer can write and read them without knowing this class.

    /** The id. */
    private final String id;

    /** The configuration, and what is compared of it. */
    private final byte[] config;

    /** The configuration in words, for the message that compares two; without passwords. */
    private final String described;

    private transient volatile @Nullable WeakReference<ClassLoader>
            contextLoader; // null where no readObject was called
    private transient volatile @Nullable SharedPool<H> shared;

    Ref(String id, byte[] config, String described) {
        this.id = id;
        this.config = config;
        this.described = described + " (" + digest(config) + ")";
        this.contextLoader = new WeakReference<>(currentContextLoader());
    }

    /** Runs code of the user, so no lock is held. */
    abstract SharedPool<H> make(ClassLoader loader);

    static String requireId(String id) {
        if (id.isBlank()) {
            throw new IllegalArgumentException(
                    "id is empty; some text is allowed, the same in every program that means" + " the same resource");
        }
        return id;
    }

    byte[] config() {
        return config;
    }

    String described() {
        return described;
    }

    /** Some characters that differ where the config does. */
    private static String digest(byte[] config) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(config);
            return HexFormat.of().formatHex(hash, 0, 4);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible); // every Java runtime has it
        }
    }

    /**
     * The id given when the reference was made; also the holder's name in messages, meters and events.
     *
     * @return the id
     */
    public String id() {
        return id;
    }

    /**
     * The holder in this Java virtual machine, made now if there is none. Opens nothing. It is shared with every other
     * copy of this reference, so it is closed by {@link #close()} here and not by itself.
     *
     * @return the same holder until that is closed, then a new one
     * @throws IllegalStateException if there is a holder of this id with another configuration, or if the opener's class
     *     cannot be loaded or read here; the message tells which
     */
    public H get() {
        return shared().value();
    }

    /**
     * The holder of the resources: what {@link #get()} returns, or, for connections, what holds those.
     *
     * @return the holder, for its {@code stats}, {@code snapshot} and the like
     * @throws IllegalStateException as for {@link #get()}
     */
    public PerThread<?, ?> holder() {
        return shared().holder();
    }

    /**
     * Closes the calling thread's idle resource now, as {@link PerThread#release()} does. Makes no holder.
     *
     * @return whether there was one
     * @throws ResourceCloseException if its closer failed; it is gone all the same
     * @throws IllegalStateException if there is a holder of this id with another configuration
     */
    public boolean release() {
        SharedPool<H> known = known();
        return known != null && known.holder().release();
    }

    /**
     * Closes the holder in this Java virtual machine, if there is one, with the grace that its {@code closeTimeout} says;
     * for all copies of this reference here. It is forgotten: whoever uses one of them afterwards gets a new holder.
     *
     * @throws ResourceCloseException if closers failed, once all were called
     * @throws IllegalStateException if there is a holder of this id with another configuration
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
            loader = currentContextLoader();
            contextLoader = new WeakReference<>(loader);
        }
        return loader;
    }

    void belongTo(ClassLoader loader) {
        contextLoader = new WeakReference<>(loader);
    }

    private static ClassLoader currentContextLoader() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        return context != null ? context : Objects.requireNonNull(Ref.class.getClassLoader());
    }

    /**
     * Remembers where it arrived.
     *
     * @param in what it is read from
     * @throws IOException if it cannot be read
     * @throws ClassNotFoundException never: its fields are of Java's own classes
     */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        contextLoader = new WeakReference<>(currentContextLoader());
    }

    /** The id. */
    @Override
    public String toString() {
        return getClass().getSimpleName() + "[" + id + "]";
    }
}
