package dev.perthread.net;

import dev.perthread.Body;
import dev.perthread.ResourceCloseException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The connection that a user has: a tenure of a transport, and the streams that end with it.
 *
 * <p>All access to the transport goes through {@link Tenure#get}, each time: a stream or connection that somebody held on to
 * must not reach a transport that is by now another scope's, or another thread's.
 */
final class LeasedConnection implements Connection {
    /** The runtime would copy a whole array to memory outside the heap, and keep that, one per thread. */
    private static final int PIECE = 128 * 1024;

    private static final byte[] NOTHING = {};
    private static final int ARRAY = Integer.MAX_VALUE - 8;

    private final String name;
    private final Tenure lease;
    private final int writeMillis;
    private int timeoutMillis; // kept here and not in the transport, so that it ends with the scope
    private byte[] spare = NOTHING; // what recv did not fill: the last piece of an answer is followed by an empty one

    LeasedConnection(String name, Tenure lease, int timeoutMillis, int writeMillis) {
        this.name = name;
        this.lease = lease;
        this.timeoutMillis = timeoutMillis;
        this.writeMillis = writeMillis;
    }

    @Override
    public void send(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    @Override
    public byte[] recv(int max) throws IOException {
        if (max < 1) {
            throw new IllegalArgumentException("max must be 1 or more, but was " + max);
        }
        int most = Math.min(max, PIECE);
        byte[] into = spare;
        if (into.length < most) {
            into = new byte[most];
        }
        spare = NOTHING; // what fills it is the caller's
        int read = read(into, 0, most);
        if (read == into.length) {
            return into;
        }
        spare = into;
        return read <= 0 ? NOTHING : Arrays.copyOf(into, read);
    }

    @Override
    public byte[] recvAll() throws IOException {
        return recvAll(ARRAY);
    }

    @Override
    public byte[] recvAll(long max) throws IOException {
        if (max < 0) {
            throw new IllegalArgumentException("max must be zero or more, but was " + max);
        }
        requireStream("recvAll", "recv takes one");
        long most = Math.min(max, ARRAY);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        while (true) {
            int read = read(piece, 0, piece.length);
            if (read < 0) {
                return all.toByteArray();
            }
            if (read > most - all.size()) {
                lease.invalidate(); // the rest is still to come, and is nobody's
                throw new IOException(name + ": the answer must be at most " + most + " bytes, but was longer");
            }
            all.write(piece, 0, read);
        }
    }

    @Override
    public InputStream input() {
        requireStream("input", "recv takes one");
        return new Input();
    }

    @Override
    public OutputStream output() {
        requireStream("output", "send sends one");
        return new Output();
    }

    @Override
    public void shutdownOutput() throws IOException {
        requireStream("shutdownOutput", "send sends one");
        try {
            lease.get().shutdownOutput(writeMillis);
        } catch (IOException failure) {
            throw broken(failure, notSent());
        }
        lease.invalidate(); // nobody could say anything on it any more
    }

    @Override
    public <T> Optional<T> unwrap(Class<T> type) {
        return Optional.ofNullable(lease.get().unwrap(type));
    }

    private void requireStream(String what, String instead) {
        if (!lease.get().isStream()) {
            throw new UnsupportedOperationException(
                    name + ": datagrams are no stream that could end, and so there is no " + what + "; " + instead);
        }
    }

    @Override
    public SocketAddress localAddress() {
        return lease.get().local();
    }

    @Override
    public SocketAddress remoteAddress() {
        return lease.get().remote();
    }

    @Override
    public void readTimeout(Duration timeout) {
        int millis = Timeouts.millis(Checks.requireNotNegative("readTimeout", timeout));
        lease.get();
        timeoutMillis = millis;
    }

    @Override
    public void done() {
        lease.done();
    }

    @Override
    public void invalidate() {
        lease.invalidate();
    }

    @Override
    public void close() throws IOException {
        try {
            lease.close();
        } catch (ResourceCloseException failure) {
            if (failure.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw failure;
        }
    }

    /** Calls the body and ends the scope. */
    <R extends @Nullable Object, Y extends Exception> R use(
            Body<? super Connection, ? extends R, ? extends Y> body, Predicate<? super Throwable> invalidates)
            throws IOException, Y {
        R result;
        try {
            result = body.call(this);
        } catch (Throwable failure) {
            endAfter(failure, invalidates);
            throw failure;
        }
        endWell();
        return result;
    }

    private void endWell() throws IOException {
        try {
            done();
        } catch (IllegalStateException endedOrForced) {
            // The body has closed it itself, or it was closed by force: it is not kept, and that is no failure of the
            // body.
        }
        close();
    }

    /** Ends the scope after a body threw; what goes wrong here must not hide that. */
    private void endAfter(Throwable failure, Predicate<? super Throwable> invalidates) {
        try (Connection closing = this) {
            if (isUsable()) {
                if (isBroken(failure, invalidates)) {
                    closing.invalidate();
                } else {
                    closing.done();
                }
            }
        } catch (Throwable second) {
            if (second != failure) {
                failure.addSuppressed(second);
            }
        }
    }

    private static boolean isBroken(Throwable failure, Predicate<? super Throwable> invalidates) {
        try {
            return invalidates.test(failure);
        } catch (Throwable second) {
            if (second != failure) {
                failure.addSuppressed(second);
            }
            return true; // nobody can say that it is sound
        }
    }

    private boolean isUsable() {
        try {
            lease.get();
            return true;
        } catch (IllegalStateException endedOrNotOurs) {
            return false;
        }
    }

    private int read(byte[] into, int from, int length) throws IOException {
        Transport transport = lease.get();
        try {
            int read = transport.read(into, from, Math.min(length, PIECE), timeoutMillis);
            if (read < 0) {
                lease.invalidate();
            }
            return read;
        } catch (IOException failure) {
            throw broken(failure, "nothing received for " + Messages.duration(timeoutMillis) + ", the read timeout");
        }
    }

    private void write(byte[] bytes, int from, int length) throws IOException {
        Transport transport = lease.get();
        try {
            int most = transport.isStream() ? PIECE : length;
            int sent = 0;
            do {
                int piece = Math.min(most, length - sent);
                transport.write(bytes, from + sent, piece, writeMillis);
                sent += piece;
            } while (sent < length);
        } catch (IOException failure) {
            throw broken(failure, notSent());
        }
    }

    private String notSent() {
        return "not all was taken within " + Messages.duration(writeMillis)
                + ", the write timeout; the peer may have a part of it";
    }

    private IOException broken(IOException failure, String late) {
        try {
            lease.invalidate();
        } catch (IllegalStateException forced) { // its words say who closed it; the socket's only that it is closed
            SocketException clear = new SocketException(forced.getMessage());
            clear.initCause(failure);
            return clear;
        }
        if (failure instanceof SocketTimeoutException) {
            SocketTimeoutException clear = new SocketTimeoutException(name + ": " + late);
            clear.initCause(failure);
            return clear;
        }
        if (failure instanceof ClosedByInterruptException) {
            InterruptedIOException clear =
                    new InterruptedIOException(name + ": interrupted, and the connection closed thereby");
            clear.initCause(failure);
            return clear;
        }
        if (failure instanceof EOFException) { // from below, and without a name
            EOFException clear = new EOFException(name + ": " + failure.getMessage());
            clear.initCause(failure);
            return clear;
        }
        return failure;
    }

    @Override
    public String toString() {
        if (!isUsable()) {
            return "Connection[" + name + ", ended or another thread's]";
        }
        return "Connection[" + name + ", " + localAddress() + " -> " + remoteAddress() + "]";
    }

    private final class Input extends InputStream {
        private boolean ended;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, into.length);
            refuseIf(ended);
            return length == 0 ? 0 : LeasedConnection.this.read(into, from, length);
        }

        @Override
        public int available() throws IOException {
            refuseIf(ended);
            return lease.get().available();
        }

        @Override
        public void close() {
            ended = true;
        }
    }

    private final class Output extends OutputStream {
        private boolean ended;

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, bytes.length);
            refuseIf(ended);
            LeasedConnection.this.write(bytes, from, length);
        }

        @Override
        public void close() {
            ended = true;
        }
    }

    private void refuseIf(boolean ended) throws IOException {
        lease.get(); // who is in the wrong thread or scope is told that first
        if (ended) {
            throw new IOException(name + ": this stream is closed");
        }
    }
}
