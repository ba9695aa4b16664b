package dev.perthread.testkit;

import java.io.File;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The class loader of an application, as a web container has one for each: it loads by itself what is in packages {@code
 * outside}, and the library too if that is part of the application. The application can be stopped; from then on it loads
 * nothing more, not even for a class of the JDK.
 */
public final class Application extends URLClassLoader {
    private final boolean library;
    private final @Nullable String late;
    private final List<String> refused = new CopyOnWriteArrayList<>();
    private volatile boolean stopped;

    /**
     * Deploys one.
     *
     * @param library whether the library is part of it, and not of what all applications share
     */
    public Application(boolean library) {
        this(library, null);
    }

    /**
     * Deploys one that is being undeployed.
     *
     * @param library whether the library is part of it, and not of what all applications share
     * @param late the name of the thread that comes too late to load anything, or null
     */
    public Application(boolean library, @Nullable String late) {
        super(classPath(), Application.class.getClassLoader());
        this.library = library;
        this.late = late;
    }

    private static URL[] classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(path -> {
                    try {
                        return new File(path).toURI().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (stopped) {
            refused.add(name);
            throw new ClassNotFoundException(name + " after the stop");
        }
        if (!name.startsWith("outside.") && !(library && name.startsWith("dev.perthread."))) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            if (known == null && Thread.currentThread().getName().equals(late)) {
                throw new ClassNotFoundException(name + " for " + late);
            }
            return known == null ? findClass(name) : known;
        }
    }

    /** Without its files the library cannot load beforehand what it refers to. */
    @Override
    public @Nullable InputStream getResourceAsStream(String name) {
        return late == null ? super.getResourceAsStream(name) : null;
    }

    /**
     * Makes an object of the application.
     *
     * @param <T> what it is used as
     * @param type the same; a class that the application shares with the test
     * @param name its class, in a package {@code outside}, with a constructor without parameters
     * @return the object
     * @throws ReflectiveOperationException if it cannot be made
     */
    public <T> T make(Class<T> type, String name) throws ReflectiveOperationException {
        return type.cast(loadClass(name).getDeclaredConstructor().newInstance());
    }

    /** Stops it: nothing more is loaded. */
    public void stop() {
        stopped = true;
    }

    /**
     * What it was asked for after the stop.
     *
     * @return names of classes
     */
    public List<String> refused() {
        return refused;
    }
}
