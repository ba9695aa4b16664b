package dev.perthread.net;

import java.time.Duration;

/** The things that a network can do to an answer. */
enum Fault {
    NONE("none"),
    RESET("reset"),
    STALL("stall", Duration.ofSeconds(2), Duration.ofMillis(400)),
    HALF_CLOSE("half-close"),
    GARBAGE("garbage from there on", Duration.ofSeconds(2), Duration.ofSeconds(1)),
    NO_END("never an end"),
    SLOW_ACCEPT("accept 100 ms late"),
    NO_ACCEPT("never accepted", Duration.ofSeconds(2), Duration.ofMillis(400));

    final String words;
    // Short where waiting is what there is to see; but what has to open must have the time for it on a busy machine.
    final Duration opening;
    final Duration reading;

    Fault(String words) {
        this(words, Duration.ofSeconds(30), Duration.ofSeconds(30));
    }

    Fault(String words, Duration opening, Duration reading) {
        this.words = words;
        this.opening = opening;
        this.reading = reading;
    }

    boolean hasPositions() {
        return this != SLOW_ACCEPT && this != NO_ACCEPT;
    }
}
