package dev.perthread.spring.boot;

import dev.perthread.net.LazyConnection;

/**
 * A bean that adds to the options of the connections that are made from properties, for what no connection string can say:
 * a listener, trust from a key store. Customizers are called in their order, before the connection is built.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface LazyConnectionCustomizer {
    /**
     * Adds to the options.
     *
     * @param name the name of the bean, as in {@code perthread.connections.NAME}
     * @param builder has the options of the connection string
     */
    void customize(String name, LazyConnection.Builder builder);
}
