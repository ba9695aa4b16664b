package dev.perthread.ref;

import dev.perthread.Closer;
import java.io.Serializable;

/**
 * A {@link Closer} that can be serialized.
 *
 * @param <T> what is closed
 * @since 0.1
 */
@FunctionalInterface
public interface SerializableCloser<T> extends Closer<T>, Serializable {}
