// How addresses and durations look in messages, and which of them are allowed.
package dev.perthread.net;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

final class Text {
    private Text() {}

    /** With the brackets that the colons of an IPv6 address need. */
    static String endpoint(String host, int port) {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        return (bare ? "[" + host + "]" : host) + ":" + port;
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

    private static String shown(String text) {
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
