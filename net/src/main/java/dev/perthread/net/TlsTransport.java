package dev.perthread.net;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A transport that encrypts, over one that does not: the Java runtime's TLS engine, fed and emptied by hand.
 *
 * <p>An engine and not an {@code SSLSocket}, for three things that a socket cannot do: look at what has come without waiting,
 * and tell a session ticket, which every server of TLS 1.3 sends unasked, from data ({@link #isReusable}); tell a stream that
 * was cut off from one that has ended; and close while a writer is stuck.
 */
final class TlsTransport implements Transport {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketTransport below;
    private final SSLEngine engine;
    private final ReentrantLock inUse = new ReentrantLock(); // whether close() would talk into the middle of a record
    private ByteBuffer received; // encrypted, not yet taken by the engine; ready to be read
    private ByteBuffer plain; // decrypted, not yet taken by the user; ready to be read
    private ByteBuffer sending; // encrypted, on its way
    private boolean ended; // whether the peer has said that nothing more comes

    TlsTransport(SocketTransport below, SSLEngine engine) {
        this.below = below;
        this.engine = engine;
        int packet = engine.getSession().getPacketBufferSize();
        this.received = ByteBuffer.allocate(packet).flip();
        this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                .flip();
        this.sending = ByteBuffer.allocate(packet);
    }

    void handshake(Deadline deadline) throws IOException {
        inUse.lock();
        try {
            engine.beginHandshake();
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK -> runTasks();
                    case NEED_WRAP -> sendFlight();
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (unwrap() == Status.BUFFER_UNDERFLOW) {
                            fill(deadline);
                        }
                        if (ended) {
                            throw new EOFException();
                        }
                    }
                    case FINISHED, NOT_HANDSHAKING -> {
                        return;
                    }
                }
            }
        } finally {
            inUse.unlock();
        }
    }

    /** Sends what the engine has to say about its failure, if the system takes it at once. */
    void alert() {
        try {
            if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                sending.clear();
                engine.wrap(NOTHING, sending);
                below.writeNow(sending.flip());
            }
        } catch (IOException unimportant) {
            // It was a courtesy; the failure itself is on its way to the caller.
        }
    }

    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        // One wait in all, though a record may come in many pieces.
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.in(TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
        inUse.lock();
        try {
            while (!plain.hasRemaining()) {
                if (ended) {
                    return -1;
                }
                switch (unwrap()) {
                    case BUFFER_UNDERFLOW -> fill(deadline);
                    case OK, CLOSED, BUFFER_OVERFLOW -> answer();
                }
            }
            int read = Math.min(length, plain.remaining());
            plain.get(into, from, read);
            return read;
        } catch (SSLException failure) {
            throw clear(failure);
        } finally {
            inUse.unlock();
        }
    }

    /** What the engine wants to be done after something came: most often nothing. */
    private void answer() throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> {
                    if (wrap(NOTHING) == Status.CLOSED) {
                        return;
                    }
                }
                default -> {
                    return;
                }
            }
        }
    }

    /** Lets the engine take one record of what has come. */
    private Status unwrap() throws SSLException {
        while (true) {
            plain.compact();
            Status status;
            try {
                status = engine.unwrap(received, plain).getStatus();
            } finally {
                plain.flip();
            }
            if (status == Status.CLOSED) {
                ended = true;
            }
            if (status != Status.BUFFER_OVERFLOW) {
                return status;
            }
            plain = larger(plain, engine.getSession().getApplicationBufferSize());
        }
    }

    /** Waits for more from below, at least a byte. */
    private void fill(@Nullable Deadline deadline) throws IOException {
        if (received.remaining() == received.capacity()) {
            received = larger(received, engine.getSession().getPacketBufferSize());
        }
        if (deadline != null && deadline.isOver()) {
            throw new SocketTimeoutException();
        }
        received.compact();
        try {
            int read = below.read(
                    received.array(),
                    received.position(),
                    received.remaining(),
                    deadline == null ? 0 : deadline.millis());
            if (read < 0) {
                throw new EOFException("the connection was cut off: the peer closed it without the end that TLS has");
            }
            received.position(received.position() + read);
        } finally {
            received.flip();
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        inUse.lock();
        try {
            ByteBuffer source = ByteBuffer.wrap(bytes, from, length);
            while (source.hasRemaining()) {
                int before = source.remaining();
                if (wrap(source) == Status.CLOSED) {
                    throw new SocketException("nothing can be sent any more: one side has ended this direction");
                }
                if (source.remaining() == before && engine.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
                    throw new SSLException("the peer wants a new handshake in the middle of what is being sent");
                }
            }
        } finally {
            inUse.unlock();
        }
    }

    /**
     * All that the engine has to say now, in one write. In several, a peer that refuses the first of them has hung up
     * before the last, and what is seen is a broken pipe and not its reason.
     */
    private void sendFlight() throws IOException {
        ByteArrayOutputStream flight = new ByteArrayOutputStream();
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && seal(NOTHING) == Status.OK) {
            flight.write(sending.array(), sending.position(), sending.remaining());
        }
        below.write(flight.toByteArray(), 0, flight.size());
    }

    /** Encrypts one record and sends it. */
    private Status wrap(ByteBuffer source) throws IOException {
        Status status = seal(source);
        if (sending.hasRemaining()) {
            below.write(sending.array(), sending.position(), sending.remaining());
        }
        return status;
    }

    /** Encrypts one record. */
    private Status seal(ByteBuffer source) throws SSLException {
        while (true) {
            sending.clear();
            SSLEngineResult result = engine.wrap(source, sending);
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

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /** The same bytes with more room behind them. */
    private static ByteBuffer larger(ByteBuffer full, int wanted) {
        int capacity = Math.max(wanted, 0) + full.remaining();
        return ByteBuffer.allocate(Math.max(capacity, full.capacity() + 1024))
                .put(full)
                .flip();
    }

    private static SSLException clear(SSLException failure) {
        String words = TlsUpgrade.alertInWords(String.valueOf(failure.getMessage()));
        if (words.equals(failure.getMessage())) {
            return failure;
        }
        SSLException clear = new SSLException(words);
        clear.initCause(failure);
        return clear;
    }

    @Override
    public void shutdownOutput() throws IOException {
        inUse.lock();
        try {
            engine.closeOutbound();
            while (!engine.isOutboundDone()) {
                wrap(NOTHING);
            }
        } finally {
            inUse.unlock();
        }
    }

    @Override
    public int available() {
        return plain.remaining();
    }

    @Override
    public SocketAddress local() {
        return below.local();
    }

    @Override
    public SocketAddress remote() {
        return below.remote();
    }

    @Override
    public boolean isReusable() throws IOException {
        inUse.lock();
        try {
            while (!plain.hasRemaining() && !ended) {
                Status status = unwrap();
                if (engine.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    runTasks();
                }
                if (status == Status.BUFFER_UNDERFLOW) {
                    if (received.remaining() == received.capacity()) {
                        received = larger(received, engine.getSession().getPacketBufferSize());
                    }
                    received.compact();
                    int read;
                    try {
                        read = below.readNow(received);
                    } finally {
                        received.flip();
                    }
                    if (read <= 0) {
                        // Half a record is not a ticket yet, and may become data that somebody would take for an
                        // answer.
                        return read == 0 && !received.hasRemaining();
                    }
                }
            }
            return false;
        } finally {
            inUse.unlock();
        }
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        T own = Transport.first(type, engine, engine.getSession());
        return own != null ? own : below.unwrap(type);
    }

    /**
     * Says goodbye first, where that cannot wait for anybody: not while another thread is in the middle of a read or write,
     * which closing frees, and only as far as the system takes it. A peer that misses it sees what is true then: that the
     * connection was cut off.
     */
    @Override
    public void close() throws IOException {
        try {
            if (inUse.tryLock()) {
                try {
                    sayGoodbye();
                } finally {
                    inUse.unlock();
                }
            }
        } finally {
            below.close();
        }
    }

    private void sayGoodbye() {
        try {
            engine.closeOutbound();
            while (!engine.isOutboundDone()) {
                sending.clear();
                if (engine.wrap(NOTHING, sending).bytesProduced() == 0) {
                    return;
                }
                below.writeNow(sending.flip());
            }
        } catch (IOException gone) {
            // Nobody is there any more to say it to.
        }
    }
}
