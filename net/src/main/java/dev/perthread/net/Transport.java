// What a connection is made of, whatever the protocol: bytes out, bytes in, two addresses, an end.
package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;

/** Used by one thread at a time, except for {@link #close}, which any thread may call and which frees a blocked user. */
interface Transport extends Closeable {
    /**
     * Waits for bytes, at most so long.
     *
     * @return how many were read, or -1 at the end of the stream
     * @throws java.net.SocketTimeoutException if nothing came in {@code timeoutMillis}; zero waits for ever
     */
    int read(byte[] into, int from, int length, int timeoutMillis) throws IOException;

    /** All of them, in one write where the protocol has such a thing. */
    void write(byte[] bytes, int from, int length) throws IOException;

    /** How many bytes can be read without waiting, as far as is known. */
    int available() throws IOException;

    SocketAddress local();

    SocketAddress remote();

    /** Whether the peer has neither closed nor said anything that nobody asked for. Does not wait; between scopes only. */
    boolean isQuiet() throws IOException;

    @Override
    void close() throws IOException;
}
