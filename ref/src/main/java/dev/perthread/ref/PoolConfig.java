package dev.perthread.ref;

import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.PoolBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a {@link PerThreadRef} or {@link KeyedPerThreadRef}: an opener, and the options that were given. An option that was not given is
 * whatever {@link PerThread.Builder} has for it.
 *
 * @param <T> the resource
 * @param <X> what opening may throw
 */
final class PoolConfig<T, X extends Exception> implements Serializable {
    private static final long serialVersionUID = 1;

    /** The opener. */
    private final Serializable opener;

    /** The options in the order of their declaration, so that equal ones have equal bytes. */
    private final EnumMap<PoolOption, Object> given = new EnumMap<>(PoolOption.class);

    PoolConfig(Serializable opener) {
        this.opener = Objects.requireNonNull(opener, "opener");
    }

    /** A configuration that was read, and a class that lives as long as all classes it needs. */
    record Loaded(PoolConfig<?, ?> config, Class<?> anchor) {}

    void set(PoolOption option, Object value) {
        given.put(option, Objects.requireNonNull(value, option.toString()));
    }

    /** Refuses what {@link PerThread.Builder} refuses; {@link ClassCastException} for what is a configuration with keys. */
    PerThread<T, X> build(String name) {
        @SuppressWarnings("unchecked") // as it was when it was written
        SerializableOpener<T, X> opening = (SerializableOpener<T, X>) opener;
        return configure(PerThread.<T, X>builder(opening, PoolConfig::closeIfCloseable), name)
                .build();
    }

    /** The same for a pool with keys. */
    <K> KeyedPerThread<K, T, X> buildKeyed(String name) {
        @SuppressWarnings("unchecked") // as it was when it was written
        SerializableKeyedOpener<K, T, X> opening = (SerializableKeyedOpener<K, T, X>) opener;
        return configure(KeyedPerThread.<K, T, X>builder(opening, PoolConfig::closeIfCloseable), name)
                .build();
    }

    private <B extends PoolBuilder<T, X, B>> B configure(B builder, String name) {
        given.forEach((option, value) -> option.apply(builder, value));
        return builder.name(name);
    }

    /** What the opener makes need not be closeable; a closer of its own may be among the options. */
    private static void closeIfCloseable(Object resource) throws Exception {
        if (resource instanceof AutoCloseable closeable) {
            closeable.close();
        }
    }

    String describe() {
        StringJoiner words = new StringJoiner(", ");
        words.add("opener " + named(opener));
        given.forEach((option, value) -> words.add(option + " " + named(value)));
        return words.toString();
    }

    /** A value as it is, and a function by its class: what it captures may be a secret. */
    private static String named(Object value) {
        if (value instanceof Duration || value instanceof Enum || value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof List<?> values) {
            return values.stream().map(PoolConfig::named).toList().toString();
        }
        String name = value.getClass().getName();
        int lambda = name.indexOf("$$Lambda");
        return Messages.shown(lambda < 0 ? name : "a lambda of " + name.substring(0, lambda));
    }

    byte[] bytes(String id) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(this);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "reference \"" + id + "\" cannot be serialized: " + Messages.shown(e.toString())
                            + "; its functions, such as the opener, must capture only what can be serialized, such as a"
                            + " host name and a port",
                    e);
        }
        return bytes.toByteArray();
    }

    static Loaded read(byte[] config, ClassLoader loader, @Nullable ObjectInputFilter filter, String id) {
        ClassNotFoundException notFound = null;
        try (ConfigInputStream in = new ConfigInputStream(config, loader, filter)) {
            try {
                return new Loaded(in.readConfig(), in.anchor());
            } finally {
                notFound = in.notFound();
            }
        } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError e) {
            throw unusable(id, loader, notFound == null ? e : notFound);
        }
    }

    static IllegalStateException unusable(String id, ClassLoader loader, Throwable cause) {
        String hint = "";
        if (cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError) {
            hint =
                    "; its classes must be where the job's are, and a thread that is not the job's own must have the job's"
                            + " context class loader";
        } else if (String.valueOf(cause.getMessage()).startsWith("filter status")) {
            hint =
                    "; the serial filter of the stream it came in, or of this Java virtual machine, must admit its classes";
        }
        String text = String.valueOf(cause);
        String shown = Messages.shown(text);
        return new IllegalStateException(
                "reference \"" + id + "\" cannot be used here: " + shown + ", with class loader "
                        + Messages.shown(String.valueOf(loader)) + hint,
                shown.equals(text) ? cause : null); // a stack trace would show it as it is
    }

    /**
     * Checks that nothing is missing; the builder checks the values.
     *
     * @param in the stream it is read from
     * @throws IOException if the stream cannot be read, or its fields are not those of a configuration
     * @throws ClassNotFoundException if a class of the opener is missing
     */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        if (Objects.isNull(opener) || Objects.isNull(given) || given.containsValue(null)) {
            throw new InvalidObjectException("the opener and the options must not be null");
        }
    }
}
