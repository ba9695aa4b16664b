package dev.perthread.cli.fetch;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A check whether what a server has sent so far is a whole HTTP response. Counts, and looks at the header alone. Reading
 * to the end of the stream cannot tell a response that is whole from one that was cut short; the length announced in the
 * header can. The body is not kept.
 */
final class ResponseInspector {
    private static final int LONGEST_HEAD = 65_536;
    private static final int QUOTED = 24;
    private static final int MOST_DIGITS = 18; // of a length that fits in a long
    private static final int FIRST_SIZE = 512;

    private byte[] head = new byte[FIRST_SIZE];
    private int headSize;
    private long bytes;
    private @Nullable ResponseHead parsed; // of all that came so far

    void add(byte[] from, int at, int length) {
        bytes += length;
        int taken = Math.min(length, LONGEST_HEAD - headSize);
        if (taken > 0) {
            parsed = null;
            if (headSize + taken > head.length) {
                head = Arrays.copyOf(head, Math.min(LONGEST_HEAD, Math.max(2 * head.length, headSize + taken)));
            }
            System.arraycopy(from, at, head, headSize, taken);
            headSize += taken;
        }
    }

    long bytes() {
        return bytes;
    }

    /** The status code, or 0 if there is none. */
    int status() {
        return parsed().status();
    }

    /** Whether all came that its header announces; not so if it announces nothing. */
    boolean isWhole() {
        ResponseHead header = parsed();
        String length = header.length();
        return header.status() != 0
                && header.hasEnd()
                && !header.isEncoded()
                && length != null
                && ResponseHead.isNumber(length)
                && !isCutShort(header, length);
    }

    /** What is wrong with it now that its end was reached, or null if nothing is. */
    @Nullable
    String complaint() {
        if (bytes == 0) {
            return "the server closed the connection without a response";
        }
        ResponseHead header = parsed();
        if (header.status() == 0) {
            return "the response is not HTTP; it begins with \"" + quoted(text()) + "\"";
        }
        if (!header.hasEnd()) {
            return bytes < LONGEST_HEAD ? "the response ends inside its header" : null;
        }
        String length = header.length();
        if (hasNoBody(header.status()) || header.isEncoded() || length == null) {
            return null; // nothing to compare with
        }
        if (!ResponseHead.isNumber(length)) {
            return "the response's Content-Length must be one number, but was \"" + quoted(length) + "\"";
        }
        return isCutShort(header, length)
                ? "the response ends early: " + (bytes - header.end()) + " of " + quoted(length)
                        + " bytes of content came"
                : null;
    }

    /** More digits than fit in a long are more than ever came. */
    private boolean isCutShort(ResponseHead header, String length) {
        return length.length() > MOST_DIGITS || bytes - header.end() < Long.parseLong(length);
    }

    private static boolean hasNoBody(int status) {
        return status < 200 || status == 204 || status == 304;
    }

    private ResponseHead parsed() {
        ResponseHead known = parsed;
        if (known == null) {
            known = ResponseHead.parse(text());
            parsed = known;
        }
        return known;
    }

    private String text() {
        return new String(head, 0, headSize, StandardCharsets.ISO_8859_1); // a byte per character: positions are sizes
    }

    private static String quoted(String text) {
        String start = text.substring(0, Math.min(QUOTED, text.length()));
        return start.replaceAll("[^ -~]", "?") + (text.length() > QUOTED ? "..." : "");
    }
}
