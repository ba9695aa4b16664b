package dev.perthread.cli.fetch;

import java.lang.reflect.InvocationTargetException;

/**
 * A factory of virtual threads where Java has them; all that differs between Java 17 and 21 in this module. By
 * reflection, because the module is compiled for Java 17 and a second layer of classes for one call is too much.
 */
final class VirtualThreads {
    private static final int FIRST = 21;

    private VirtualThreads() {}

    static boolean exist() {
        return Runtime.version().feature() >= FIRST;
    }

    static Thread unstarted(String name, Runnable task) {
        try {
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Object named = type.getMethod("name", String.class).invoke(builder, name);
            return (Thread) type.getMethod("unstarted", Runnable.class).invoke(named, task);
        } catch (ClassNotFoundException
                | NoSuchMethodException
                | IllegalAccessException
                | InvocationTargetException e) {
            throw new IllegalStateException("this Java makes no virtual threads", e);
        }
    }
}
