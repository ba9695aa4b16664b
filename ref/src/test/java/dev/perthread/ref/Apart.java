// A class loader that has the classes of package travel for itself, as a job's has the job's.
package dev.perthread.ref;

import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;

final class Apart extends ClassLoader {
    Apart() {
        super(Apart.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("travel.")) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    /** A reference whose opener is of a class of this loader. */
    @SuppressWarnings("unchecked")
    PerThreadRef<Probe, IOException> ref() throws Exception {
        return in(
                this,
                () -> ((Callable<PerThreadRef<Probe, IOException>>)
                                loadClass("travel.Making").getConstructor().newInstance())
                        .call());
    }

    /** With a loader as the context's. */
    static <V> V in(ClassLoader loader, Callable<V> action) throws Exception {
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
