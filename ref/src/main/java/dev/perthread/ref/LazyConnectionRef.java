package dev.perthread.ref;

import dev.perthread.Body;
import dev.perthread.PerThread;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A serializable reference to a {@link LazyConnection}; {@link Ref} says what that means.
 *
 * <pre>{@code
 * LazyConnectionRef redis = LazyConnectionRef.to("redis", "tcp://10.0.0.7:6379?whenIdle=keep");
 * // wherever it arrives, in any thread:
 * try (Connection mine = redis.open()) {
 *     mine.send(request);
 *     mine.done(); // it was read to the end: fit to be used again
 * }
 * }</pre>
 *
 * <p>Two references have the same configuration if they have the same connection string, character by character. Files
 * that it names are read where the connections are opened. A password in it travels with it.
 *
 * @since 0.1
 */
public final class LazyConnectionRef extends Ref<LazyConnection> {
    private static final long serialVersionUID = 1;

    /** An option that may be shown: no secret is ever in its value. */
    private static final Pattern HARMLESS = Pattern.compile(
            "(name|reentry|whenIdle|reuse|limit|maxWaiting|minIdle|maxIdle|maxUses|idleTimeout|maxAge|checkAfterIdle|checkIdleEvery"
                    + "|warnWhenHeldFor|timeLeases|openBackoff|(connect|open|read|write|acquire|close|closer)Timeout|linger|family"
                    + "|bindTo|tcpNoDelay|keepAlive|sendBuffer|receiveBuffer|alpn|serverName|protocols)=.*");

    private LazyConnectionRef(String id, String connectionString) {
        super(id, connectionString.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Makes a reference. Opens nothing, looks nothing up and reads no file.
     *
     * @param id the same wherever the same connections are meant; 1 to 200 printable characters. It names the pool,
     *     whatever the string says
     * @param connectionString as for {@link LazyConnection#to(String)}; it may have an option {@code whenIdle}, which is
     *     {@code close} otherwise: then every scope opens a connection
     * @return a reference to share and to send
     * @throws IllegalArgumentException if the id is no such text, or the string is none that
     *     {@link LazyConnection#to(String)} takes
     * @since 0.1
     */
    public static LazyConnectionRef to(String id, String connectionString) {
        LazyConnection.parse(connectionString);
        return new LazyConnectionRef(requireId(id), connectionString);
    }

    private String connectionString() {
        return new String(config(), StandardCharsets.UTF_8);
    }

    @Override
    SharedPool<LazyConnection> make(ClassLoader loader) {
        LazyConnection made;
        try {
            made = LazyConnection.parse(connectionString()).name(id()).build();
        } catch (IllegalArgumentException e) {
            throw PoolConfig.unusable(id(), loader, e); // from a stream: here it would have been refused
        }
        return new SharedPool<>(
                this, describe(loader), made, new AnyPool.One(made.holder()), made::close, made::close, Ref.class);
    }

    @Override
    String describe(ClassLoader loader) {
        String string = connectionString();
        int mark = string.indexOf('?');
        if (mark < 0) {
            return Messages.shown(string);
        }
        StringJoiner options = new StringJoiner("&", string.substring(0, mark + 1), "");
        for (String option : string.substring(mark + 1).split("&", -1)) {
            options.add(HARMLESS.matcher(option).matches() ? option : option.replaceFirst("=.*", "=..."));
        }
        return Messages.shown(options.toString());
    }

    /**
     * The pool of the connections: {@link LazyConnection#holder()} of {@link #get()}.
     *
     * @return the pool, for its {@code stats}, {@code snapshot} and the like
     * @throws IllegalStateException as for {@link #get()}
     * @since 0.1
     */
    public PerThread<?, IOException> holder() {
        return get().holder();
    }

    /**
     * Opens the calling thread's own connection: {@link LazyConnection#open()} of {@link #get()}.
     *
     * @return a connection, to be closed by this thread
     * @throws IOException as for {@link LazyConnection#open()}
     * @throws IllegalStateException as for {@link LazyConnection#open()} and {@link #get()}
     * @since 0.1
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
     * @since 0.1
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            Body<? super Connection, ? extends R, ? extends Y> body) throws IOException, Y {
        return get().call(body);
    }
}
