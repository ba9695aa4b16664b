package dev.perthread.ref;

import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;

/**
 * A class loader that defines the classes of package {@code travel} itself, as a job's class loader does the job's.
 */
final class JobClassLoader extends ClassLoader {
    private static final ClassLoader UP = JobClassLoader.class.getClassLoader();

    JobClassLoader() {
        super(UP);
    }

    private JobClassLoader(String name) {
        super(name, null);
    }

    /** One that asks others, as all do, but has no parent by which to tell: Spark's that ask themselves first, OSGi's. */
    static JobClassLoader withoutParent() {
        return new JobClassLoader("without parent");
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("travel.")) {
            return getParent() == null ? UP.loadClass(name) : super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = UP.getResourceAsStream(name.replace('.', '/') + ".class")) {
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    /** A reference whose opener is of a class of this loader. */
    @SuppressWarnings("unchecked")
    PerThreadRef<Probe, IOException> ref() throws Exception {
        return (PerThreadRef<Probe, IOException>) made("travel.Making");
    }

    /** What a class of this loader makes. */
    Object made(String name) throws Exception {
        return runWith(
                this, () -> ((Callable<?>) loadClass(name).getConstructor().newInstance()).call());
    }

    /** With a loader as the context's. */
    static <V> V runWith(ClassLoader loader, Callable<V> action) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return action.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
