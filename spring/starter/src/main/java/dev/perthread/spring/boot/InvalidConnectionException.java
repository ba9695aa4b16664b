package dev.perthread.spring.boot;

import org.jspecify.annotations.Nullable;

/** A property {@code perthread.connections.NAME.url} that no connection can be made of. */
@SuppressWarnings("serial") // never serialized
final class InvalidConnectionException extends IllegalArgumentException {
    private final String property;

    InvalidConnectionException(String property, String problem, @Nullable Throwable cause) {
        super(property + ": " + problem, cause);
        this.property = property;
    }

    String property() {
        return property;
    }
}
