package dev.perthread.net;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One exchange with a proxy: requests, and answers of known length, before a deadline and with a message for every way
 * it can fail.
 *
 * <p>Takes not one byte more than it needs: what follows belongs to whoever talks through the connection next.
 */
final class ProxyExchange {
    private final Transport transport;
    private final Deadline deadline;
    private final String context;

    /**
     * Over a connected stream.
     *
     * @param context the beginning of every message, such as "cannot connect to a:1 through the SOCKS5 proxy b:2"
     */
    ProxyExchange(Transport transport, Deadline deadline, String context) {
        this.transport = transport;
        this.deadline = deadline;
        this.context = context;
    }

    void send(byte[] bytes) throws IOException {
        if (deadline.isOver()) {
            throw late(null);
        }
        try {
            transport.write(bytes, 0, bytes.length, deadline.millis());
        } catch (SocketTimeoutException e) {
            throw late(e);
        }
    }

    byte[] receive(int length) throws IOException {
        byte[] bytes = new byte[length];
        int got = 0;
        while (got < length) {
            if (deadline.isOver()) {
                throw late(null);
            }
            int read;
            try {
                read = transport.read(bytes, got, length - got, deadline.millis());
            } catch (SocketTimeoutException e) {
                throw late(e);
            }
            if (read < 0) {
                throw new EOFException(context + ": it closed the connection in the middle of its answer");
            }
            got += read;
        }
        return bytes;
    }

    IOException failure(String why) {
        return new IOException(context + ": " + why);
    }

    private SocketTimeoutException late(@Nullable SocketTimeoutException cause) {
        SocketTimeoutException late = new SocketTimeoutException(context + ": no answer within " + deadline);
        late.initCause(cause);
        return late;
    }
}
