package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The calling thread's own connection, from {@link LazyConnection#open()} to {@link #close()}. Belongs in a
 * try-with-resources statement.
 *
 * <p>Only the thread that opened it may use it. Every method throws {@link IllegalStateException}, and changes nothing,
 * if another thread calls, if this connection is closed, or if it was closed by force because the
 * {@link LazyConnection} was closed and the grace is over. That holds for the streams too.
 *
 * <p>After a failed read or write, a read timeout included, and after the end of the stream, it is unknown what the peer
 * may still send: the connection can be used on, but it is not kept for a later scope.
 *
 * <p>Interrupting a thread that is blocked here, or comes here with its flag set, closes its connection and fails the call
 * with an {@link java.io.InterruptedIOException}; the flag stays set. So it is on platform and on virtual threads.
 */
public interface Connection extends Closeable {
    /**
     * Sends all of the bytes, in one write, or in one for each 128 KiB; over UDP as one datagram. Blocks while the peer
     * takes nothing, as long as {@link LazyConnection.Builder#writeTimeout} says.
     *
     * @param bytes what to send, not changed
     * @throws java.net.SocketTimeoutException if the peer did not take them in this time; it may have a part of them, and
     *     every later send fails
     * @throws java.net.SocketException if the peer reset the connection, or is gone
     * @throws IOException if sending fails, over UDP also if a datagram cannot be that long
     * @throws UnsupportedOperationException over UDP if it is empty, which Java cannot send
     * @throws IllegalStateException as said above
     */
    void send(byte[] bytes) throws IOException;

    /**
     * Waits for bytes and takes what there is, not more than {@code max}. It may be less at any time. Over UDP takes one
     * datagram, whole.
     *
     * @param max 1 or more
     * @return at least one byte, or an empty array at the end of the stream; over UDP, which has no end, an empty array is
     *     an empty datagram
     * @throws java.net.SocketTimeoutException if nothing came within the read timeout
     * @throws java.net.SocketException if the peer reset the connection, or is gone
     * @throws java.io.EOFException if a TLS connection was cut off: the peer, or something in between, closed it without the
     *     end that TLS has
     * @throws java.net.PortUnreachableException over UDP, if the machine of the peer said that nothing listens there
     * @throws IOException if receiving fails in another way, or if a datagram has more than {@code max} bytes
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
     * @throws java.io.EOFException as for {@link #recv}; the bytes received are dropped
     * @throws UnsupportedOperationException over UDP, which has no end
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
     * @throws java.io.EOFException as for {@link #recv}; the bytes received are dropped
     * @throws IOException if receiving fails, or if more than {@code max} bytes came; the bytes received are dropped
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws UnsupportedOperationException over UDP, which has no end
     * @throws IllegalStateException as said above
     */
    byte[] recvAll(long max) throws IOException;

    /**
     * A stream of what the peer sends, without a buffer of its own. Closing the stream ends that stream only: reading from
     * it fails with an {@link IOException}, the connection stays open, and another call gives another stream. (Closing a
     * socket's stream would close the connection under the feet of the scope, which has it still in use.)
     *
     * @return a new stream, for this thread and this scope only
     * @throws UnsupportedOperationException over UDP, whose datagrams are no stream
     * @throws IllegalStateException as said above
     */
    InputStream input();

    /**
     * A stream to the peer, without a buffer of its own: every write is sent. Closing the stream ends that stream only, as
     * for {@link #input()}; the peer does not see an end of stream before the connection is closed, or before
     * {@link #shutdownOutput}.
     *
     * @return a new stream, for this thread and this scope only
     * @throws UnsupportedOperationException over UDP, whose datagrams are no stream
     * @throws IllegalStateException as said above
     */
    OutputStream output();

    /**
     * Tells the peer that nothing more comes: it reads the end of the stream, and may still answer. The connection is not
     * kept for a later scope. With TLS 1.2 most peers end the other direction too.
     *
     * @throws IOException if sending fails, with TLS also by the write timeout
     * @throws UnsupportedOperationException over UDP, which has no end
     * @throws IllegalStateException as said above
     */
    void shutdownOutput() throws IOException;

    /**
     * The object below this connection, for options that are not offered here: a {@link java.net.Socket} for TCP and TLS, which
     * is below the encryption then; a {@link java.nio.channels.SocketChannel} for Unix, in non-blocking mode, for TLS, and for TCP
     * where connections are kept; a {@link java.net.DatagramSocket} or a {@link java.nio.channels.DatagramChannel} for
     * UDP; a {@link javax.net.ssl.SSLEngine} or a {@link javax.net.ssl.SSLSession} for TLS, to look at.
     *
     * <p>It must be used by this thread and in this scope only, which is not checked. After closing it, changing its blocking
     * mode or reading from it, call {@link #invalidate()}.
     *
     * @param <T> the type
     * @param type one of those named
     * @return it, or empty if this connection has no such thing
     * @throws IllegalStateException as said above
     */
    <T> Optional<T> unwrap(Class<T> type);

    /**
     * This end's address.
     *
     * @return an {@link java.net.InetSocketAddress}, or a {@link java.net.UnixDomainSocketAddress}, which has no name at
     *     this end
     * @throws IllegalStateException as said above
     */
    SocketAddress localAddress();

    /**
     * The peer's address, the one of its addresses that is connected.
     *
     * @return an {@link java.net.InetSocketAddress} or a {@link java.net.UnixDomainSocketAddress}
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
     * Declares that the last use ended well, so that the connection may be kept; the last line of a scope. Without it
     * {@link #close()} closes the connection, unless the {@link LazyConnection} was built with
     * {@link dev.perthread.ReusePolicy#UNLESS_INVALIDATED}. Has no effect where nothing is kept, and on a connection that has
     * failed, was read to its end, or was {@link #invalidate() invalidated}.
     *
     * @throws IllegalStateException as said above
     * @since 0.1
     */
    void done();

    /**
     * Marks the connection as broken: it is closed when the scope ends, and never handed out again. Only matters where it
     * would have been kept.
     *
     * @throws IllegalStateException as said above
     */
    void invalidate();

    /**
     * Ends the scope. The connection is closed, unless the {@link LazyConnection} keeps it and it is {@link #done()}. The
     * second call does nothing.
     *
     * @throws IOException if closing fails; the scope has ended all the same, and the thread can open again
     * @throws IllegalStateException if another thread calls; nothing happens to the connection then
     */
    @Override
    void close() throws IOException;
}
