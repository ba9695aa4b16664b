// A reference to a LazyConnection: its connection string travels.
package dev.perthread.ref;

import dev.perthread.Body;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A reference to a {@link LazyConnection} that can be serialized; {@link Ref} says what that means.
 *
 * <pre>{@code
 * LazyConnectionRef redis = LazyConnectionRef.to("redis", "tcp://10.0.0.7:6379?whenIdle=keep");
 * // wherever it arrives, in any thread:
 * try (Connection mine = redis.open()) {
 *     mine.send(request);
 * }
 * }</pre>
 *
 * <p>Two references have the same configuration if they have the same connection string, character by character. Files
 * that it names are read where the connections are opened. A password in it travels with it.
 */
public final class LazyConnectionRef extends Ref<LazyConnection> {
    private static final long serialVersionUID = 1;

    private LazyConnectionRef(String id, String connectionString) {
        super(
                id,
                connectionString.getBytes(StandardCharsets.UTF_8),
                connectionString.replaceAll("(?<=[?&]proxy=)[^&]*", "..."));
    }

    /**
     * Makes a reference. Opens nothing, looks nothing up and reads no file.
     *
     * @param id the same wherever the same connections are meant; not blank. It names the holder, whatever the string says
     * @param connectionString as for {@link LazyConnection#to(String)}; it may have an option {@code whenIdle}, which is
     *     {@code close} otherwise: then every scope opens a connection
     * @return a reference to share and to send
     * @throws IllegalArgumentException if the id is blank, or the string is none that {@link LazyConnection#to(String)}
     *     takes
     */
    public static LazyConnectionRef to(String id, String connectionString) {
        LazyConnection.parse(connectionString);
        return new LazyConnectionRef(requireId(id), connectionString);
    }

    @Override
    SharedPool<LazyConnection> make(ClassLoader loader) {
        LazyConnection made = LazyConnection.parse(new String(config(), StandardCharsets.UTF_8))
                .name(id())
                .build();
        return new SharedPool<>(this, made, made.holder(), made::close, made::close, Ref.class);
    }

    /**
     * The calling thread's own connection: {@link LazyConnection#open()} of {@link #get()}.
     *
     * @return a connection, to be closed by this thread
     * @throws IOException as for {@link LazyConnection#open()}
     * @throws IllegalStateException as for {@link LazyConnection#open()} and {@link #get()}
     */
    public Connection open() throws IOException {
        return get().open();
    }

    /**
     * Opens, calls the body, and ends the scope: {@link LazyConnection#call} of {@link #get()}.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param body uses the connection
     * @return what the body returned
     * @throws IOException as for {@link #open()}, or if only closing failed
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #open()}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            Body<? super Connection, ? extends R, ? extends Y> body) throws IOException, Y {
        return get().call(body);
    }
}
