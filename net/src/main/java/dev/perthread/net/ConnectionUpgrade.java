package dev.perthread.net;

import java.io.IOException;

/** A step between a connected stream and one that a user gets, such as asking a proxy, or TLS. */
@FunctionalInterface
interface ConnectionUpgrade {
    /**
     * Talks to the peer.
     *
     * @return what to talk through from now on; closing it closes {@code below}
     * @throws IOException if it comes to nothing; {@code below} is the caller's to close, here and in every other failure
     */
    Transport apply(Transport below, Deadline deadline) throws IOException;
}
