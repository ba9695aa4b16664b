package dev.perthread.cli.fetch;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.ContentLengthStrategy;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.ProtocolException;
import org.apache.hc.core5.http.config.Http1Config;
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
 * One HTTP/1.1 response, read from a connection that will serve further requests. HttpCore reads the answer, from a
 * stream and not from a socket: so it is for every kind of connection. Used once. Nothing of it outlives the request:
 * what is left in its buffer then is something that nobody asked for, and the connection is not used again.
 */
final class Http11Exchange {
    private static final int MOST_FIELDS = 200;
    private static final int MOST_ANNOUNCEMENTS = 100;
    private static final Http1Config LIMITS = Http1Config.custom()
            .setMaxLineLength(ReadBuffers.LONGEST_LINE)
            .setMaxHeaderCount(MOST_FIELDS)
            .build();

    /** What is told all that comes, as it comes; it may throw to give up. */
    interface Receiver {
        void came(byte[] in, int from, int length);
    }

    private final ReadBuffers buffers;
    private final SessionInputBufferImpl buffer;
    private final InputStream in;
    private int status;
    private boolean over;

    /** The buffers are its own as long as it is used. */
    Http11Exchange(InputStream from, ReadBuffers buffers, Receiver receiver) {
        this.buffers = buffers;
        this.buffer = buffers.lines();
        this.in = new FilterInputStream(from) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int at, int length) throws IOException {
                int read = super.read(into, at, length);
                if (read < 0) {
                    over = true;
                } else {
                    receiver.came(into, at, read);
                }
                return read;
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
                && !contradictsItself(response)
                && !buffer.hasBufferedData();
    }

    /** The first that is not one of those which only announce another. */
    private ClassicHttpResponse head() throws IOException, HttpException {
        DefaultHttpResponseParser parser = new DefaultHttpResponseParser(LIMITS);
        for (int announcements = 0; announcements <= MOST_ANNOUNCEMENTS; announcements++) {
            ClassicHttpResponse response;
            try {
                response = parser.parse(buffer, in);
            } catch (IllegalArgumentException e) { // HttpCore's own words for a status of 0
                throw new ProtocolException("Invalid status line", e);
            }
            if (response == null) {
                throw new ConnectionClosedException("the server closed the connection instead of responding");
            }
            if (over) { // HttpCore takes the end of the stream for the end of the header
                throw new ConnectionClosedException("the header has no end");
            }
            if (response.getCode() < HttpStatus.SC_CONTINUE) {
                throw new ProtocolException("Invalid status code: " + response.getCode());
            }
            if (response.getCode() >= HttpStatus.SC_SUCCESS
                    || response.getCode() == HttpStatus.SC_SWITCHING_PROTOCOLS) {
                return response;
            }
        }
        throw new MessageConstraintException("More than " + MOST_ANNOUNCEMENTS + " responses announce another");
    }

    private void drain(ClassicHttpResponse response) throws IOException, HttpException {
        for (Header length : response.getHeaders(HttpHeaders.CONTENT_LENGTH)) {
            if (!ResponseHead.isNumber(length.getValue())) { // HttpCore takes one with a sign
                throw new ProtocolException("Content-Length must be a number, but was " + length.getValue());
            }
        }
        long length = DefaultContentLengthStrategy.INSTANCE.determineLength(response);
        InputStream body;
        if (length == ContentLengthStrategy.CHUNKED) {
            body = new ChunkedInputStream(buffer, in, LIMITS);
        } else if (length == ContentLengthStrategy.UNDEFINED) {
            body = new IdentityInputStream(buffer, in);
        } else {
            body = new ContentLengthInputStream(buffer, in, length);
        }
        byte[] piece = buffers.piece();
        while (body.read(piece) >= 0) {
            // not kept; the receiver has counted it
        }
        if (over
                && length == ContentLengthStrategy.CHUNKED) { // to HttpCore it ends the last chunk, as it does a header
            throw new ConnectionClosedException("the last chunk has no end");
        }
    }

    /** Whether it says where it ends in two ways: there may be more on its way, for the next request to trip over. */
    private static boolean contradictsItself(ClassicHttpResponse response) {
        boolean encoded = response.containsHeader(HttpHeaders.TRANSFER_ENCODING);
        Header length = response.getFirstHeader(HttpHeaders.CONTENT_LENGTH);
        if (response.getCode() == HttpStatus.SC_NO_CONTENT) {
            return encoded || (length != null && !"0".equals(length.getValue()));
        }
        return encoded && (length != null || response.getVersion().lessEquals(HttpVersion.HTTP_1_0));
    }
}
