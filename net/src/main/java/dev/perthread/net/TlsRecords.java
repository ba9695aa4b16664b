package dev.perthread.net;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The records of one TLS connection: the Java runtime's engine with its buffers, over a plain transport. Used by one thread
 * at a time.
 *
 * <p>It remembers how either direction has ended, because the engine does not tell: one that has failed answers
 * {@link Status#CLOSED} from then on, as one does whose peer has ended the stream, and a stream that somebody has tampered
 * with would seem to be whole.
 */
final class TlsRecords {
    static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /**
     * How much a peer may send that is no data. The engine keeps every session ticket for as long as the connection is
     * open, however small the session cache is, so tickets without end would fill the memory. A server sends one or two,
     * some kilobytes in all.
     */
    private static final long MOST_WITHOUT_DATA = 256 * 1024;

    private final SocketTransport below;
    private final SSLEngine engine;
    private ByteBuffer received; // encrypted, not yet taken by the engine; ready to be read
    private ByteBuffer plain; // decrypted, not yet taken by the user; ready to be read
    private ByteBuffer sending; // encrypted, on its way
    private boolean ended; // whether the peer has said, by its close_notify, that nothing more comes
    private long withoutData; // bytes in records that brought none: handshakes, session tickets, key updates
    private boolean outputCut; // whether a record is lost or was sent in part, so that nothing can follow it

    @Nullable
    private IOException failure; // the first one, after which nothing that comes can be trusted

    TlsRecords(SocketTransport below, SSLEngine engine) {
        this.below = below;
        this.engine = engine;
        int packet = engine.getSession().getPacketBufferSize();
        this.received = ByteBuffer.allocate(packet).flip();
        this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                .flip();
        this.sending = ByteBuffer.allocate(packet);
    }

    SSLEngine engine() {
        return engine;
    }

    /** What came for the user and was not taken yet. */
    ByteBuffer plain() {
        return plain;
    }

    boolean hasEnded() {
        return ended;
    }

    boolean isHandshaking() {
        HandshakeStatus status = engine.getHandshakeStatus();
        return status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED;
    }

    /** Throws the first failure again, if there was one. */
    void requireSound() throws IOException {
        IOException first = failure;
        if (first == null) {
            return;
        }
        String message = first.getMessage();
        IOException again = first instanceof SSLException
                ? new SSLException(message)
                : first instanceof EOFException ? new EOFException(message) : new SocketException(message);
        again.initCause(first);
        throw again;
    }

    private <T extends IOException> T remember(T first) {
        if (failure == null) {
            failure = first;
        }
        return first;
    }

    /** Lets the engine take one record of what has come. */
    Status unwrap() throws IOException {
        requireSound();
        while (true) {
            plain.compact();
            SSLEngineResult result;
            try {
                result = engine.unwrap(received, plain);
            } catch (SSLException failed) {
                throw remember(TlsUpgrade.clear(failed));
            } finally {
                plain.flip();
            }
            Status status = result.getStatus();
            if (status == Status.CLOSED && result.bytesConsumed() > 0) {
                ended = true;
            } else if (status == Status.CLOSED && !ended) {
                throw remember(new EOFException("the connection ended without the end that TLS has"));
            }
            if (status != Status.BUFFER_OVERFLOW) {
                if (result.bytesProduced() == 0) {
                    countWithoutData(result.bytesConsumed());
                }
                return status;
            }
            plain = larger(plain, engine.getSession().getApplicationBufferSize());
        }
    }

    private void countWithoutData(int bytes) throws SSLException {
        withoutData += bytes;
        if (withoutData > MOST_WITHOUT_DATA) {
            throw remember(
                    new SSLException("the peer sent more than 256 KiB that is no data: session tickets, key updates"
                            + " or handshakes without end"));
        }
    }

    /** Whether it has used so much of what a peer may send besides data that a new connection is the better one. */
    boolean isWornOut() {
        return withoutData > MOST_WITHOUT_DATA / 4;
    }

    /** Waits for more from below, at least a byte. */
    void fill(@Nullable Deadline deadline) throws IOException {
        if (deadline != null && deadline.isOver()) {
            throw new SocketTimeoutException();
        }
        makeRoom();
        try {
            int read = below.read(
                    received.array(),
                    received.position(),
                    received.remaining(),
                    deadline == null ? 0 : deadline.millis());
            if (read < 0) {
                throw remember(new EOFException(
                        "the connection was cut off: the peer closed it without the end that TLS has"));
            }
            received.position(received.position() + read);
        } finally {
            received.flip();
        }
    }

    /**
     * Takes what has come, without waiting.
     *
     * @return how many bytes, or -1 at the end
     */
    int fillNow() throws IOException {
        makeRoom();
        try {
            return below.readNow(received);
        } finally {
            received.flip();
        }
    }

    /** Ready to be filled. */
    private void makeRoom() {
        if (received.remaining() == received.capacity()) {
            received = larger(received, engine.getSession().getPacketBufferSize());
        }
        received.compact();
    }

    boolean hasHalfARecord() {
        return received.hasRemaining();
    }

    void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    void requireWholeOutput() throws SocketException {
        if (outputCut) {
            throw new SocketException("nothing more can be sent: an earlier write timed out in the middle");
        }
    }

    /**
     * Encrypts one record, which must be sent then, because the peer counts them.
     *
     * @param source what to encrypt, as much of it as fits
     */
    Status seal(ByteBuffer source) throws SSLException {
        while (true) {
            sending.clear();
            SSLEngineResult result;
            try {
                result = engine.wrap(source, sending);
            } catch (SSLException failed) {
                throw remember(TlsUpgrade.clear(failed));
            }
            if (result.getStatus() == Status.BUFFER_OVERFLOW) {
                sending = larger(sending.flip(), engine.getSession().getPacketBufferSize());
                continue;
            }
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                runTasks();
            }
            sending.flip();
            return result.getStatus();
        }
    }

    /** Adds the record that was encrypted last. */
    void addSealed(ByteArrayOutputStream to) {
        to.write(sending.array(), sending.position(), sending.remaining());
    }

    /** Encrypts one record and sends it. */
    Status wrap(ByteBuffer source, @Nullable Deadline deadline) throws IOException {
        requireWholeOutput();
        Status status = seal(source);
        if (sending.hasRemaining()) {
            send(sending.array(), sending.position(), sending.remaining(), deadline);
        }
        return status;
    }

    /** Sends records. */
    void send(byte[] bytes, int from, int length, @Nullable Deadline deadline) throws IOException {
        boolean sent = false;
        try {
            if (deadline != null && deadline.isOver()) {
                throw new SocketTimeoutException();
            }
            below.write(bytes, from, length, deadline == null ? 0 : deadline.millis());
            sent = true;
        } finally {
            outputCut |= !sent;
        }
    }

    /** Encrypts one record and sends as much of it as the system takes at once; only where nothing is to follow it. */
    boolean wrapNow() throws IOException {
        if (outputCut) {
            return false;
        }
        sending.clear();
        int length = engine.wrap(NOTHING, sending).bytesProduced();
        below.writeNow(sending.flip());
        outputCut = sending.hasRemaining();
        return length > 0;
    }

    /** The same bytes with more room behind them. */
    private static ByteBuffer larger(ByteBuffer full, int wanted) {
        int capacity = Math.max(wanted, 0) + full.remaining();
        return ByteBuffer.allocate(Math.max(capacity, full.capacity() + 1024))
                .put(full)
                .flip();
    }
}
