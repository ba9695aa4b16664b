// What a network can do to an answer.
package dev.perthread.net;

import java.time.Duration;

enum Fault {
    NONE("none", Duration.ofSeconds(10)),
    RESET("reset", Duration.ofSeconds(10)),
    STALL("stall", Duration.ofMillis(400)),
    HALF_CLOSE("half-close", Duration.ofSeconds(10)),
    GARBAGE("garbage from there on", Duration.ofSeconds(1)),
    NO_END("never an end", Duration.ofSeconds(10)),
    SLOW_ACCEPT("accept 100 ms late", Duration.ofSeconds(10)),
    NO_ACCEPT("never accepted", Duration.ofMillis(400));

    final String words;
    final Duration timeout; // of opening, and of each read: short where waiting is what there is to see

    Fault(String words, Duration timeout) {
        this.words = words;
        this.timeout = timeout;
    }

    boolean hasPositions() {
        return this != SLOW_ACCEPT && this != NO_ACCEPT;
    }
}
