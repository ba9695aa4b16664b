package dev.perthread.net;

import java.time.Duration;

/** Checks of the values of options; each returns the value, or says what it must be and what it was. */
final class Checks {
    private Checks() {}

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
}
