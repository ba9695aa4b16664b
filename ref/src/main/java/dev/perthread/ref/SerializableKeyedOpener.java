package dev.perthread.ref;

import dev.perthread.KeyedOpener;
import java.io.Serializable;

/**
 * A {@link KeyedOpener} that can be serialized, such as a lambda that captures nothing and gets a host name as its key.
 *
 * @param <K> the key
 * @param <T> what is opened
 * @param <X> what opening may throw
 * @since 0.1
 */
@FunctionalInterface
public interface SerializableKeyedOpener<K, T, X extends Exception> extends KeyedOpener<K, T, X>, Serializable {}
