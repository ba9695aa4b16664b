package dev.perthread.cli.fetch;

import org.apache.hc.core5.http.impl.BasicHttpTransportMetrics;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.jspecify.annotations.Nullable;

/** The memory that a thread of a run reads into, request after request. What is in it belongs to one request alone. */
final class ReadBuffers {
    static final int SIZE = 8192;
    static final int LONGEST_LINE =
            32_768; // with Http11Exchange.MOST_FIELDS some megabytes: the most a header can take up

    private byte @Nullable [] piece;
    private @Nullable SessionInputBufferImpl lines;

    /** For what is counted only. */
    byte[] piece() {
        byte[] known = piece;
        if (known == null) {
            known = new byte[SIZE];
            piece = known;
        }
        return known;
    }

    /** For HttpCore, empty. */
    SessionInputBufferImpl lines() {
        SessionInputBufferImpl known = lines;
        if (known == null) {
            known = new SessionInputBufferImpl(new BasicHttpTransportMetrics(), SIZE, 0, LONGEST_LINE, null);
            lines = known;
        }
        known.clear();
        return known;
    }
}
