package dev.perthread.ref;

import dev.perthread.Opener;
import java.io.Serializable;

/**
 * An {@link Opener} that can be serialized, such as a lambda that captures a host name and a port.
 *
 * @param <T> what is opened
 * @param <X> what opening may throw
 * @since 0.1
 */
@FunctionalInterface
public interface SerializableOpener<T, X extends Exception> extends Opener<T, X>, Serializable {}
