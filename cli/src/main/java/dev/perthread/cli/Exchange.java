// One request and its answer by HTTP/1.1, on a connection that is to serve further ones.
package dev.perthread.cli;

import dev.perthread.net.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.ContentLengthStrategy;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.BasicHttpTransportMetrics;
import org.apache.hc.core5.http.impl.DefaultConnectionReuseStrategy;
import org.apache.hc.core5.http.impl.DefaultContentLengthStrategy;
import org.apache.hc.core5.http.impl.io.ChunkedInputStream;
import org.apache.hc.core5.http.impl.io.ContentLengthInputStream;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParser;
import org.apache.hc.core5.http.impl.io.IdentityInputStream;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.apache.hc.core5.http.message.MessageSupport;
import org.apache.hc.core5.http.protocol.HttpCoreContext;

/**
 * HttpCore reads the answer, from the connection's stream and not from a socket: so it is for every kind of connection.
 * Used once. Nothing of it outlives the request: what is left in its buffer then is something that nobody asked for, and
 * the connection is not used again.
 */
final class Exchange {
    private static final int BUFFER = 8192;
    private static final int LONGEST_LINE = 65_536;
    private static final int MOST_FIELDS = 1_000;
    private static final Http1Config LIMITS = Http1Config.custom()
            .setMaxLineLength(LONGEST_LINE)
            .setMaxHeaderCount(MOST_FIELDS)
            .build();

    private final SessionInputBufferImpl buffer =
            new SessionInputBufferImpl(new BasicHttpTransportMetrics(), BUFFER, 0, LONGEST_LINE, null);
    private final InputStream in;
    private int status;
    private boolean over;

    /** The consumer is given all that comes, as it comes; it may throw to give up. */
    Exchange(Connection connection, Consumer<byte[]> came) {
        this.in = new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                byte[] piece = connection.recv(length);
                if (piece.length == 0) {
                    over = true;
                    return -1;
                }
                came.accept(piece);
                System.arraycopy(piece, 0, into, from, piece.length);
                return piece.length;
            }
        };
    }

    /** The status code of the answer, or 0 as long as there is none. */
    int status() {
        return status;
    }

    /** Whether the server has ended the connection. */
    boolean over() {
        return over;
    }

    /**
     * Reads to the end of the answer, and not further.
     *
     * @return whether the connection may be used again
     * @throws HttpException if it is not an answer
     * @throws ConnectionClosedException if it ends early
     */
    boolean receive() throws IOException, HttpException {
        ClassicHttpResponse response = head();
        status = response.getCode();
        if (status < HttpStatus.SC_SUCCESS) {
            return false; // 101: another protocol from here on, which nobody asked for
        }
        if (MessageSupport.canResponseHaveBody("GET", response)) {
            drain(response);
        }
        return DefaultConnectionReuseStrategy.INSTANCE.keepAlive(null, response, HttpCoreContext.create())
                && !buffer.hasBufferedData();
    }

    /** The first that is not one of those which only announce another. */
    private ClassicHttpResponse head() throws IOException, HttpException {
        DefaultHttpResponseParser parser = new DefaultHttpResponseParser(LIMITS);
        ClassicHttpResponse response;
        do {
            response = parser.parse(buffer, in);
            if (response == null) {
                throw new ConnectionClosedException("the server closed the connection instead of an answer");
            }
        } while (response.getCode() < HttpStatus.SC_SUCCESS && response.getCode() != HttpStatus.SC_SWITCHING_PROTOCOLS);
        return response;
    }

    private void drain(ClassicHttpResponse response) throws IOException, HttpException {
        long length = DefaultContentLengthStrategy.INSTANCE.determineLength(response);
        InputStream body;
        if (length == ContentLengthStrategy.CHUNKED) {
            body = new ChunkedInputStream(buffer, in, LIMITS);
        } else if (length == ContentLengthStrategy.UNDEFINED) {
            body = new IdentityInputStream(buffer, in);
        } else {
            body = new ContentLengthInputStream(buffer, in, length);
        }
        byte[] piece = new byte[BUFFER];
        while (body.read(piece) >= 0) {
            // not kept; the consumer has counted it
        }
    }
}
