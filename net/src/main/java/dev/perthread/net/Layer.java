// What is done over a connected stream before it is anybody's: asking a proxy, TLS.
package dev.perthread.net;

import java.io.IOException;

@FunctionalInterface
interface Layer {
    /**
     * Talks to the peer.
     *
     * @return what to talk through from now on; closing it closes {@code below}
     * @throws IOException if it comes to nothing; {@code below} is the caller's to close, here and in every other failure
     */
    Transport over(SocketTransport below, Deadline deadline) throws IOException;
}
