// The configuration of a PerThreadRef, and how it becomes bytes and a holder again.
package dev.perthread.ref;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What is not given stays {@code null}, and is then whatever {@link PerThread.Builder} has for it.
 *
 * @param <T> the resource
 * @param <X> what opening may throw
 */
final class PoolConfig<T, X extends Exception> implements Serializable {
    private static final long serialVersionUID = 1;

    final SerializableOpener<? extends T, ? extends X> opener;

    @Nullable
    SerializableCloser<? super T> closer;

    @Nullable
    SerializableCheck<? super T> check;

    @Nullable
    ReentryPolicy reentry;

    @Nullable
    IdlePolicy whenIdle;

    @Nullable
    Duration idleTimeout;

    @Nullable
    Duration maxAge;

    @Nullable
    Duration acquireTimeout;

    @Nullable
    Duration closeTimeout;

    @Nullable
    Integer limit;

    boolean trace;

    PoolConfig(SerializableOpener<? extends T, ? extends X> opener) {
        this.opener = opener;
    }

    /** Refuses what {@link PerThread.Builder} refuses. */
    PerThread<T, X> build(String name) {
        PerThread.Builder<T, X> builder =
                PerThread.<T, X>builder(opener).name(name).trace(trace);
        if (closer != null) {
            builder.closer(closer);
        }
        if (check != null) {
            builder.check(check);
        }
        if (reentry != null) {
            builder.reentry(reentry);
        }
        if (whenIdle != null) {
            builder.whenIdle(whenIdle);
        }
        if (idleTimeout != null) {
            builder.idleTimeout(idleTimeout);
        }
        if (maxAge != null) {
            builder.maxAge(maxAge);
        }
        if (acquireTimeout != null) {
            builder.acquireTimeout(acquireTimeout);
        }
        if (closeTimeout != null) {
            builder.closeTimeout(closeTimeout);
        }
        if (limit != null) {
            builder.limit(limit);
        }
        return builder.build();
    }

    String described() {
        StringJoiner words = new StringJoiner(", ");
        words.add("opener " + named(opener));
        add(words, "closer", closer == null ? null : named(closer));
        add(words, "check", check == null ? null : named(check));
        add(words, "reentry", reentry);
        add(words, "whenIdle", whenIdle);
        add(words, "idleTimeout", idleTimeout);
        add(words, "maxAge", maxAge);
        add(words, "acquireTimeout", acquireTimeout);
        add(words, "closeTimeout", closeTimeout);
        add(words, "limit", limit);
        if (trace) {
            words.add("trace");
        }
        return words.toString();
    }

    private static void add(StringJoiner words, String option, @Nullable Object value) {
        if (value != null) {
            words.add(option + " " + value);
        }
    }

    private static String named(Object function) {
        String name = function.getClass().getName();
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : "a lambda of " + name.substring(0, lambda);
    }

    byte[] bytes(String id) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(this);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "reference \"" + id + "\" cannot travel: " + e
                            + "; its opener, closer and check may capture only what can be serialized, such as a host"
                            + " name and a port",
                    e);
        }
        return bytes.toByteArray();
    }

    static ConfigInputStream read(byte[] config, ClassLoader loader, String id) {
        ClassNotFoundException lost = null;
        try (ConfigInputStream in = new ConfigInputStream(new ByteArrayInputStream(config), loader)) {
            try {
                in.config = (PoolConfig<?, ?>) in.readObject();
                return in;
            } finally {
                lost = in.lost;
            }
        } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError e) {
            // A lambda whose class is not there ends in a ClassCastException that says nothing of it.
            Throwable cause = lost == null ? e : lost;
            throw new IllegalStateException(
                    "reference \"" + id + "\" cannot be used here: " + cause + ", with class loader " + loader
                            + "; its classes must be where the job's are, and a thread that is not the job's own must have"
                            + " the job's context class loader",
                    cause);
        }
    }

    /** Finds classes as the job does, and remembers which of them sees all the others. */
    static final class ConfigInputStream extends ObjectInputStream {
        private final ClassLoader loader;
        private Class<?> anchor = Ref.class;

        @Nullable
        PoolConfig<?, ?> config;

        @Nullable
        ClassNotFoundException lost;

        private ConfigInputStream(InputStream bytes, ClassLoader loader) throws IOException {
            super(bytes);
            this.loader = loader;
            enableResolveObject(true);
        }

        Class<?> anchor() {
            return anchor;
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass described) throws IOException, ClassNotFoundException {
            try {
                return seen(Class.forName(described.getName(), false, loader));
            } catch (ClassNotFoundException notThere) {
                return elsewhere(described);
            }
        }

        @Override
        @SuppressWarnings("deprecation") // the class is wanted, and not an instance
        protected Class<?> resolveProxyClass(String[] interfaces) throws ClassNotFoundException {
            Class<?>[] types = new Class<?>[interfaces.length];
            @Nullable ClassLoader definer = loader;
            for (int i = 0; i < types.length; i++) {
                types[i] = Class.forName(interfaces[i], false, loader);
                definer = Modifier.isPublic(types[i].getModifiers()) ? definer : types[i].getClassLoader();
            }
            return seen(Proxy.getProxyClass(definer, types));
        }

        /** A reference that an opener captures belongs where the opener does, whichever thread reads it. */
        @Override
        protected Object resolveObject(Object read) {
            if (read instanceof Ref<?> inner) {
                inner.belongTo(loader);
            }
            return read;
        }

        /** Primitive types, and what only this library's class loader sees. */
        private Class<?> elsewhere(ObjectStreamClass described) throws IOException, ClassNotFoundException {
            try {
                return seen(super.resolveClass(described));
            } catch (ClassNotFoundException e) {
                lost = lost == null ? e : lost;
                throw e;
            }
        }

        private Class<?> seen(Class<?> type) {
            if (!sees(anchor, type)) {
                anchor = type;
            }
            return type;
        }

        /**
         * Whether the class loader of one leads to the other, and so keeps it. Parents alone do not tell: one that asks
         * itself first, or a module system's, may have others to ask than its parent.
         */
        private static boolean sees(Class<?> one, Class<?> other) {
            if (isAbove(other.getClassLoader(), one.getClassLoader())) {
                return true;
            }
            try {
                return Class.forName(other.getName(), false, one.getClassLoader()) == other;
            } catch (ClassNotFoundException | LinkageError no) {
                return false;
            }
        }

        private static boolean isAbove(@Nullable ClassLoader upper, @Nullable ClassLoader lower) {
            for (ClassLoader one = lower; one != null; one = one.getParent()) {
                if (one == upper) {
                    return true;
                }
            }
            return upper == null;
        }
    }
}
