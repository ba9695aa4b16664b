package dev.perthread.net;

import java.time.Duration;

/** Checks of the values of options; each returns the value, or says what it must be and what it was. */
final class Checks {
    private Checks() {}

    static int requirePort(int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port must be between 1 and 65535, but was " + port);
        }
        return port;
    }

    static int requireAtLeastOne(String what, int given) {
        if (given < 1) {
            throw new IllegalArgumentException(what + " must be 1 or more, but was " + given);
        }
        return given;
    }

    static Duration requirePositive(String what, Duration given) {
        if (given.isNegative() || given.isZero()) {
            throw new IllegalArgumentException(what + " must be more than zero, but was " + given);
        }
        return given;
    }

    static Duration requireNotNegative(String what, Duration given) {
        if (given.isNegative()) {
            throw new IllegalArgumentException(what + " must be zero or more, but was " + given);
        }
        return given;
    }
}
