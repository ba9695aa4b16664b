package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/**
 * A connected transport, whatever the protocol: bytes out, bytes in, two addresses, an end.
 *
 * <p>Used by one thread at a time, except for {@link #close}, which any thread may call and which frees a blocked user.
 */
interface Transport extends Closeable {
    /**
     * Waits for bytes, at most so long.
     *
     * @return how many were read, or -1 at the end of the stream
     * @throws java.net.SocketTimeoutException if nothing came in {@code timeoutMillis}; zero waits for ever
     * @throws java.nio.channels.ClosedByInterruptException if the thread was interrupted; this transport is closed then
     */
    int read(byte[] into, int from, int length, int timeoutMillis) throws IOException;

    /**
     * Sends all of them, in one write where the protocol has such a thing.
     *
     * @param timeoutMillis for all of them together; zero waits for ever
     * @throws java.net.SocketTimeoutException if the peer did not take them in this time. It may have got the first of
     *     them, so nothing more can be sent after that; reading goes on
     * @throws java.nio.channels.ClosedByInterruptException if the thread was interrupted; this transport is closed then
     */
    void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException;

    /** Tells the peer that nothing more comes; what that takes to send is under the same time limit as a write. */
    void shutdownOutput(int timeoutMillis) throws IOException;

    /** How many bytes can be read without waiting, as far as is known. */
    int available() throws IOException;

    SocketAddress local();

    SocketAddress remote();

    /** Whether the peer has neither closed nor said anything that nobody asked for. Does not wait; between scopes only. */
    boolean isReusable() throws IOException;

    /** Whether what is sent and received is one stream of bytes, and not datagrams. */
    default boolean isStream() {
        return true;
    }

    /** A reset or a broken pipe, which a socket tells by a kind of its own, and a channel by its words only. */
    static IOException asOfASocket(IOException failure) {
        if (failure.getClass() != IOException.class) {
            return failure;
        }
        SocketException clear = new SocketException(failure.getMessage());
        clear.initCause(failure);
        return clear;
    }

    /** What this is made of, if there is such a thing. */
    <T> @Nullable T unwrap(Class<T> type);

    /** The first of the parts that is of this type. */
    static <T> @Nullable T first(Class<T> type, Object... parts) {
        for (Object part : parts) {
            if (type.isInstance(part)) {
                return type.cast(part);
            }
        }
        return null;
    }

    @Override
    void close() throws IOException;
}
