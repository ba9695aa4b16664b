package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * The calling thread's own connection, from {@link LazyConnection#open()} to {@link #close()}. Belongs in a
 * try-with-resources statement.
 *
 * <p>Only the thread that opened it may use it. Every method throws {@link IllegalStateException}, and changes nothing,
 * if another thread calls, if this connection is closed, or if it was closed by force because the
 * {@link LazyConnection} was closed and the grace is over. That holds for the streams too.
 *
 * <p>After a failed read or write, a read timeout included, and after the end of the stream, nobody can tell what the peer
 * may still send: the connection can be used on, but it is not kept for a later scope.
 *
 * <p>Interrupting a thread that is blocked here, or comes here with its flag set, closes its connection and fails the call
 * with an {@link java.io.InterruptedIOException}; the flag stays set. So it is on platform and on virtual threads.
 */
public interface Connection extends Closeable {
    /**
     * Sends all of the bytes, in one write. Blocks while the peer takes nothing.
     *
     * @param bytes what to send, not changed
     * @throws IOException if sending fails
     * @throws IllegalStateException as said above
     */
    void send(byte[] bytes) throws IOException;

    /**
     * Waits for bytes and takes what there is, not more than {@code max}. It may be less at any time.
     *
     * @param max 1 or more
     * @return at least one byte, or an empty array at the end of the stream
     * @throws java.net.SocketTimeoutException if nothing came within the read timeout
     * @throws IOException if receiving fails
     * @throws IllegalArgumentException if {@code max} is less than 1
     * @throws IllegalStateException as said above
     */
    byte[] recv(int max) throws IOException;

    /**
     * Takes everything up to the end of the stream, into memory; a peer that never ends fills it. Where the peer is not
     * trusted use {@link #recvAll(long)}.
     *
     * @return all bytes; empty if the stream had ended
     * @throws java.net.SocketTimeoutException if nothing more came within the read timeout
     * @throws IOException if receiving fails, or if the bytes do not fit in an array
     * @throws IllegalStateException as said above
     */
    byte[] recvAll() throws IOException;

    /**
     * Takes everything up to the end of the stream, and fails if that is more than {@code max} bytes.
     *
     * @param max the most bytes to take, zero or more; an array's 2 GiB are the limit in any case
     * @return all bytes; empty if the stream had ended
     * @throws java.net.SocketTimeoutException if nothing more came within the read timeout
     * @throws IOException if receiving fails, or if more than {@code max} bytes came; what was received is dropped
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws IllegalStateException as said above
     */
    byte[] recvAll(long max) throws IOException;

    /**
     * A stream of what the peer sends, without a buffer of its own. Closing the stream ends that stream only: reading from
     * it fails with an {@link IOException}, the connection stays open, and another call gives another stream. (Closing a
     * socket's stream would close the connection under the feet of the scope, which has it still in use.)
     *
     * @return a new stream, for this thread and this scope only
     * @throws IllegalStateException as said above
     */
    InputStream input();

    /**
     * A stream to the peer, without a buffer of its own: every write is sent. Closing the stream ends that stream only, as
     * for {@link #input()}; the peer does not see an end of stream before the connection is closed.
     *
     * @return a new stream, for this thread and this scope only
     * @throws IllegalStateException as said above
     */
    OutputStream output();

    /**
     * This end's address.
     *
     * @return an {@link java.net.InetSocketAddress} for TCP
     * @throws IllegalStateException as said above
     */
    SocketAddress localAddress();

    /**
     * The peer's address, the one of its addresses that is connected.
     *
     * @return an {@link java.net.InetSocketAddress} for TCP
     * @throws IllegalStateException as said above
     */
    SocketAddress remoteAddress();

    /**
     * The longest that a read may wait for the next byte, from now to the end of this scope. At the beginning of each
     * scope it is what {@link LazyConnection.Builder#readTimeout} says.
     *
     * @param timeout zero or more, in whole milliseconds, rounded up; zero waits for ever
     * @throws IllegalArgumentException if it is negative
     * @throws IllegalStateException as said above
     */
    void readTimeout(Duration timeout);

    /**
     * Marks the connection as broken: it is closed when the scope ends, and never handed out again. Only matters where it
     * would have been kept.
     *
     * @throws IllegalStateException as said above
     */
    void invalidate();

    /**
     * Ends the scope. The connection is closed, unless the {@link LazyConnection} keeps it. The second call does nothing.
     *
     * @throws IOException if closing fails; the scope has ended all the same, and the thread can open again
     * @throws IllegalStateException if another thread calls; nothing happens to the connection then
     */
    @Override
    void close() throws IOException;
}
