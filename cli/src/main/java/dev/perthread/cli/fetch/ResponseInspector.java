package dev.perthread.cli.fetch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A check whether what a server has sent so far is a whole HTTP response. Counts, and looks at the header alone.
 * Reading to the end of the stream cannot tell an answer that is whole from one that was cut short; the length
 * announced in the header can. The body is not kept.
 */
final class ResponseInspector {
    private static final int LONGEST_HEAD = 65_536;
    private static final int QUOTED = 24;
    // Lines end with a line feed alone: to a pattern a bare return or a byte 0x85 would begin a new field too.
    private static final int FIELD = Pattern.MULTILINE | Pattern.UNIX_LINES | Pattern.CASE_INSENSITIVE;
    private static final Pattern STATUS =
            Pattern.compile("HTTP/\\d(?:\\.\\d)? +(?<code>[1-9]\\d{2})(?: .*)?\\r?", Pattern.UNIX_LINES);
    private static final Pattern LENGTH =
            Pattern.compile("^content-length:[ \\t]*(?<length>\\d{1,18})[ \\t]*\\r?$", FIELD);
    private static final Pattern ENCODED = Pattern.compile("^transfer-encoding:", FIELD);
    private static final Pattern HEAD_END = Pattern.compile("\\r?\\n\\r?\\n");

    private final ByteArrayOutputStream head = new ByteArrayOutputStream(512);
    private long bytes;

    void add(byte[] piece) {
        bytes += piece.length;
        int room = LONGEST_HEAD - head.size();
        if (room > 0) {
            head.write(piece, 0, Math.min(room, piece.length));
        }
    }

    long bytes() {
        return bytes;
    }

    /** The status code, or 0 if there is none. */
    int status() {
        String text = text();
        int end = text.indexOf('\n');
        Matcher status = STATUS.matcher(end < 0 ? text : text.substring(0, end));
        return status.matches() ? Integer.parseInt(status.group("code")) : 0;
    }

    /** Whether all came that its header announces; not so if it announces nothing. */
    boolean isWhole() {
        String text = text();
        Matcher end = HEAD_END.matcher(text);
        if (status() == 0 || !end.find()) {
            return false;
        }
        String fields = text.substring(0, end.end());
        Matcher length = LENGTH.matcher(fields);
        return !ENCODED.matcher(fields).find()
                && length.find()
                && bytes - end.end() >= Long.parseLong(length.group("length"));
    }

    /** What is wrong with it now that its end was reached, or null if nothing is. */
    @Nullable
    String complaint() {
        if (bytes == 0) {
            return "the server closed the connection without an answer";
        }
        String text = text();
        int status = status();
        if (status == 0) {
            return "the answer is not HTTP; it begins with \"" + quoted(text) + "\"";
        }
        Matcher end = HEAD_END.matcher(text);
        if (!end.find()) {
            return bytes < LONGEST_HEAD ? "the answer ends inside its header" : null;
        }
        String fields = text.substring(0, end.end());
        Matcher length = LENGTH.matcher(fields);
        if (hasNoBody(status) || ENCODED.matcher(fields).find() || !length.find()) {
            return null; // nothing to compare with
        }
        long announced = Long.parseLong(length.group("length"));
        long came = bytes - end.end();
        return came < announced
                ? "the answer ends early: " + came + " of " + announced + " bytes of content came"
                : null;
    }

    private static boolean hasNoBody(int status) {
        return status < 200 || status == 204 || status == 304;
    }

    private String text() {
        return head.toString(StandardCharsets.ISO_8859_1); // a byte a character, so that positions are sizes
    }

    private static String quoted(String text) {
        String start = text.substring(0, Math.min(QUOTED, text.length()));
        return start.replaceAll("[^ -~]", "?") + (text.length() > QUOTED ? "..." : "");
    }
}
