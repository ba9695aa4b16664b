package dev.perthread.cli.fetch;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The status line and the header of a response, as far as they say where it ends. Lines end with a line feed alone: a bare
 * return, or a byte 0x85, begins no new field.
 *
 * @param status the status code; 0 if the first line is none of HTTP
 * @param end where the content begins, or -1 if the end of the header did not come
 * @param length what Content-Length says, without zeros in front; text that is no number if it says several things, or
 *     none that is a number; null if there is no such field
 * @param isEncoded whether there is a Transfer-Encoding, which then says where it ends
 */
record ResponseHead(int status, int end, @Nullable String length, boolean isEncoded) {
    private static final String LENGTH = "content-length:";
    private static final String ENCODING = "transfer-encoding:";
    private static final int CODE = 3; // digits

    boolean hasEnd() {
        return end >= 0;
    }

    static ResponseHead parse(String text) {
        int lineEnd = text.indexOf('\n');
        int status = status(lineEnd < 0 ? text : text.substring(0, lineEnd));
        @Nullable String length = null;
        boolean encoded = false;
        while (lineEnd >= 0) {
            int from = lineEnd + 1;
            lineEnd = text.indexOf('\n', from);
            if (lineEnd < 0) {
                break;
            }
            int to = lineEnd > from && text.charAt(lineEnd - 1) == '\r' ? lineEnd - 1 : lineEnd;
            if (to == from) {
                return new ResponseHead(status, lineEnd + 1, length, encoded);
            }
            if (text.regionMatches(true, from, LENGTH, 0, LENGTH.length())) {
                length = merge(length, text.substring(from + LENGTH.length(), to));
            }
            encoded |= text.regionMatches(true, from, ENCODING, 0, ENCODING.length());
        }
        return new ResponseHead(status, -1, length, encoded);
    }

    /**
     * One length of several fields, each of which may be a list. The same number again changes nothing (RFC 9110, 8.6);
     * whatever else makes it unclear where the response ends.
     */
    private static String merge(@Nullable String before, String value) {
        if (before != null && !isNumber(before)) {
            return before; // unclear already
        }
        String merged = before;
        for (String part : value.split(",", -1)) {
            String number = withoutZeros(strip(part));
            if (!isNumber(number) || (merged != null && !merged.equals(number))) {
                return before == null ? strip(value) : before + ", " + strip(value); // which is no number
            }
            merged = number;
        }
        return Objects.requireNonNull(merged); // a text has at least one part
    }

    private static String withoutZeros(String number) {
        int from = 0;
        while (from < number.length() - 1 && number.charAt(from) == '0') {
            from++;
        }
        return number.substring(from);
    }

    private static String strip(String value) {
        int from = 0;
        int to = value.length();
        while (from < to && isBlank(value.charAt(from))) {
            from++;
        }
        while (to > from && isBlank(value.charAt(to - 1))) {
            to--;
        }
        return value.substring(from, to);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    static boolean isNumber(String text) {
        if (text.isEmpty()) {
            return false;
        }
        for (int at = 0; at < text.length(); at++) {
            if (!isDigit(text.charAt(at))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** Of a line such as {@code HTTP/1.1 200 OK}; 0 if it is none. */
    private static int status(String line) {
        String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
        int at = "HTTP/".length();
        if (!text.startsWith("HTTP/") || !isDigitAt(text, at)) {
            return 0;
        }
        at++;
        if (at < text.length() && text.charAt(at) == '.') {
            if (!isDigitAt(text, at + 1)) {
                return 0;
            }
            at += 2;
        }
        int code = at;
        while (code < text.length() && text.charAt(code) == ' ') {
            code++;
        }
        int after = code + CODE;
        boolean right = code > at
                && after <= text.length()
                && isNumber(text.substring(code, after))
                && text.charAt(code) != '0'
                && (after == text.length() || text.charAt(after) == ' ');
        return right ? Integer.parseInt(text.substring(code, after)) : 0;
    }

    private static boolean isDigitAt(String text, int at) {
        return at < text.length() && isDigit(text.charAt(at));
    }
}
