package dev.perthread.ref;

import dev.perthread.Check;
import java.io.Serializable;

/**
 * A {@link Check} that can be serialized.
 *
 * @param <T> what is checked
 * @since 0.1
 */
@FunctionalInterface
public interface SerializableCheck<T> extends Check<T>, Serializable {}
