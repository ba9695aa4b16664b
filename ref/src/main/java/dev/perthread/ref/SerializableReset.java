package dev.perthread.ref;

import dev.perthread.Action;
import java.io.Serializable;

/**
 * What brings a resource into the state of a new one, and can be serialized.
 *
 * @param <T> what is reset
 * @since 0.1
 */
@FunctionalInterface
public interface SerializableReset<T> extends Action<T, Exception>, Serializable {}
