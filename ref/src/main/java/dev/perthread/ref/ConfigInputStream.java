package dev.perthread.ref;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.InvalidObjectException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * The stream that a {@link PoolConfig} is read from. It finds classes as the job does, remembers which of them sees all the
 * others, applies the filter of the stream that the reference came in, and admits a {@code PoolConfig} only: any other
 * object is refused before its class is loaded.
 */
final class ConfigInputStream extends ObjectInputStream {
    private final ClassLoader loader;
    private Class<?> anchor = Ref.class;
    private boolean rootChecked;

    private @Nullable ClassNotFoundException notFound;

    ConfigInputStream(byte[] config, ClassLoader loader, @Nullable ObjectInputFilter filter) throws IOException {
        super(new ByteArrayInputStream(config));
        this.loader = loader;
        if (filter != null) {
            setObjectInputFilter(filter); // without one, the filter of the Java virtual machine applies
        }
        enableResolveObject(true);
    }

    PoolConfig<?, ?> readConfig() throws IOException, ClassNotFoundException {
        if (readObject() instanceof PoolConfig<?, ?> config) {
            return config;
        }
        throw new InvalidObjectException("the configuration must be a " + PoolConfig.class.getName());
    }

    /** A class that lives as long as all classes that were read. */
    Class<?> anchor() {
        return anchor;
    }

    /** The class that was missing first: a lambda whose class is missing ends in a ClassCastException that hides it. */
    @Nullable
    ClassNotFoundException notFound() {
        return notFound;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass described) throws IOException, ClassNotFoundException {
        requireConfigFirst(described.getName());
        try {
            return seen(Class.forName(described.getName(), false, loader));
        } catch (ClassNotFoundException notThere) {
            return elsewhere(described);
        }
    }

    /** The first class in a stream is that of its root, and comes before any object is made. */
    private void requireConfigFirst(String name) throws InvalidClassException {
        if (!rootChecked && !name.equals(PoolConfig.class.getName())) {
            throw new InvalidClassException("the configuration must be a " + PoolConfig.class.getName() + ", but was a "
                    + Messages.shown(name));
        }
        rootChecked = true;
    }

    @Override
    @SuppressWarnings("deprecation") // the class is wanted, and not an instance
    protected Class<?> resolveProxyClass(String[] interfaces) throws IOException, ClassNotFoundException {
        requireConfigFirst("proxy");
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
            notFound = notFound == null ? e : notFound;
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
     * Whether the class loader of one leads to the other, and so keeps it. Parents alone do not tell: a class loader that
     * asks itself first, or a module system's, may ask others than its parent.
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
