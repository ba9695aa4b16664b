package dev.perthread.net;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A transport that encrypts, over one that does not: the Java runtime's TLS engine, fed and emptied by hand.
 *
 * <p>An engine and not an {@code SSLSocket}, for three things that a socket cannot do: look at what has come without
 * waiting, and tell a session ticket, which every server of TLS 1.3 sends unasked, from data ({@link #isReusable}); tell a
 * stream that was cut off from one that has ended; and close while a writer is stuck.
 */
final class TlsTransport implements Transport {
    /** A server sends a few session tickets at once; who sends more without being asked would keep the look busy. */
    private static final int MOST_RECORDS_LOOKED_AT = 16;

    private static final int MOST_BYTES_LOOKED_AT = 64 * 1024;

    private final SocketTransport below;
    private final SSLEngine engine;
    private final TlsRecords records;
    private final ReentrantLock inUse = new ReentrantLock(); // whether close() would talk into the middle of a record

    TlsTransport(SocketTransport below, SSLEngine engine) {
        this.below = below;
        this.engine = engine;
        this.records = new TlsRecords(below, engine);
    }

    void handshake(Deadline deadline) throws IOException {
        inUse.lock();
        try {
            engine.beginHandshake();
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK -> records.runTasks();
                    case NEED_WRAP -> sendFlight(deadline);
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (records.unwrap() == Status.BUFFER_UNDERFLOW) {
                            records.fill(deadline);
                        }
                        if (records.hasEnded()) {
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

    /**
     * All that the engine has to say now, in one write. In several, a peer that refuses the first of them has hung up
     * before the last, and what is seen is a broken pipe and not its reason.
     */
    private void sendFlight(Deadline deadline) throws IOException {
        ByteArrayOutputStream flight = new ByteArrayOutputStream();
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP
                && records.seal(TlsRecords.NOTHING) == Status.OK) {
            records.addSealed(flight);
        }
        records.send(flight.toByteArray(), 0, flight.size(), deadline);
    }

    /** Sends what the engine has to say about its failure, if the system takes it at once. */
    void alert() {
        try {
            if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                records.wrapNow();
            }
        } catch (IOException unimportant) {
            // It was a courtesy; the failure itself is on its way to the caller.
        }
    }

    /** The wait is one in all: a record may come in many pieces, and what has to be sent on the way counts too. */
    @Override
    public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.inMillis(timeoutMillis);
        inUse.lock();
        try {
            while (!records.plain().hasRemaining()) {
                if (records.hasEnded()) {
                    return -1;
                }
                switch (records.unwrap()) {
                    case BUFFER_UNDERFLOW -> records.fill(deadline);
                    case OK, CLOSED, BUFFER_OVERFLOW -> answer(deadline);
                }
            }
            ByteBuffer plain = records.plain();
            int read = Math.min(length, plain.remaining());
            plain.get(into, from, read);
            return read;
        } finally {
            inUse.unlock();
        }
    }

    /** What the engine wants to be done after something came: most often nothing. */
    private void answer(@Nullable Deadline deadline) throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> records.runTasks();
                case NEED_WRAP -> {
                    if (records.wrap(TlsRecords.NOTHING, deadline) == Status.CLOSED) {
                        return;
                    }
                }
                default -> {
                    return;
                }
            }
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.inMillis(timeoutMillis);
        inUse.lock();
        try {
            records.requireSound();
            ByteBuffer source = ByteBuffer.wrap(bytes, from, length);
            while (source.hasRemaining()) {
                int before = source.remaining();
                if (records.wrap(source, deadline) == Status.CLOSED) {
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

    @Override
    public void shutdownOutput(int timeoutMillis) throws IOException {
        Deadline deadline = timeoutMillis == 0 ? null : Deadline.inMillis(timeoutMillis);
        inUse.lock();
        try {
            records.requireSound();
            engine.closeOutbound();
            while (!engine.isOutboundDone()) {
                records.wrap(TlsRecords.NOTHING, deadline);
            }
        } finally {
            inUse.unlock();
        }
    }

    @Override
    public int available() {
        return records.plain().remaining();
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
            if (records.isWornOut()) {
                return false;
            }
            int seen = 0;
            int bytes = 0;
            while (!records.plain().hasRemaining() && !records.hasEnded()) {
                Status status = records.unwrap();
                if (records.isHandshaking()) {
                    return false; // the next write would fall into the middle of it
                }
                if (status == Status.BUFFER_UNDERFLOW) {
                    int read = records.fillNow();
                    if (read <= 0) {
                        // Half a record is not a ticket yet, and may become data that somebody would take for an
                        // answer.
                        return read == 0 && !records.hasHalfARecord();
                    }
                    bytes += read;
                } else {
                    seen++;
                }
                if (seen > MOST_RECORDS_LOOKED_AT || bytes > MOST_BYTES_LOOKED_AT) {
                    return false;
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
                if (!records.wrapNow()) {
                    return;
                }
            }
        } catch (IOException gone) {
            // Nobody is there any more to say it to.
        }
    }
}
