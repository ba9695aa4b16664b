// How addresses and durations look in messages, and which of them are allowed.
package dev.perthread.net;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

final class Text {
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

    private Text() {}

    /** With the brackets that the colons of an IPv6 address need. */
    static String endpoint(String host, int port) {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        return (bare ? "[" + host + "]" : host) + ":" + port;
    }

    /** As the Java runtime wants an IPv6 address. */
    static String withoutBrackets(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** Whether this is an address, for which nothing has to be looked up; without brackets. */
    static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
    }

    /** What somebody else has sent, fit for a message. */
    static String shown(String text, int longest) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= longest ? plain : plain.substring(0, longest) + "...";
    }

    static String requireHost(String host) {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host is empty; a name or an address is allowed");
        }
        // Refused here because it would go into messages and logs as it is.
        if (host.codePoints().anyMatch(Text::isInvisible)) {
            throw new IllegalArgumentException("host is \"" + shown(host)
                    + "\"; a name or an address without spaces or control characters is allowed");
        }
        return host;
    }

    /** Spaces, and what a terminal obeys or half of Java does not take: C1 controls, changes of direction, half pairs. */
    private static boolean isInvisible(int c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || switch (Character.getType(c)) {
                    case Character.CONTROL, Character.FORMAT, Character.SURROGATE -> true;
                    default -> false;
                };
    }

    /** The same, with the letters of all languages. */
    static String shown(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().map(c -> c != ' ' && isInvisible(c) ? '?' : c).forEach(shown::appendCodePoint);
        return shown.toString();
    }

    static int requirePort(int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port is " + port + "; 1 to 65535 is allowed");
        }
        return port;
    }

    static int requireSize(String what, int bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(what + " is " + bytes + "; 1 or more is allowed");
        }
        return bytes;
    }

    static Duration requirePositive(String what, Duration given) {
        if (given.isNegative() || given.isZero()) {
            throw new IllegalArgumentException(what + " is " + given + "; more than zero is allowed");
        }
        return given;
    }

    static Duration requireNotNegative(String what, Duration given) {
        if (given.isNegative()) {
            throw new IllegalArgumentException(what + " is " + given + "; zero or more is allowed");
        }
        return given;
    }

    /** Sockets count in whole milliseconds and take zero for ever: so this rounds up, and ends at 24 days. */
    static int millis(Duration given) {
        return millis(nanos(given));
    }

    static int millis(long nanos) {
        long up = nanos / 1_000_000 + (nanos % 1_000_000 > 0 ? 1 : 0);
        return (int) Math.min(Integer.MAX_VALUE, up);
    }

    static long nanos(Duration given) {
        return TimeUnit.NANOSECONDS.convert(given); // saturates
    }

    static String duration(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
