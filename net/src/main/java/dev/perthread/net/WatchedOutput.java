package dev.perthread.net;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;

/**
 * The output of a connected socket, with a time limit for each write. A socket's write cannot time out; what ends it is
 * that this direction is shut, after which nothing more can be sent, as is right after half a message, and reading goes on.
 *
 * <p>A channel could try again and again without blocking instead, but is switched to that and back for each write: four
 * system calls, where one that need not wait takes one.
 */
final class WatchedOutput {
    private final Socket socket;
    private final OutputStream output;
    private volatile boolean cut; // a write was given up in the middle

    WatchedOutput(Socket connected) throws IOException {
        this.socket = connected;
        this.output = connected.getOutputStream();
    }

    /** See {@link Transport#write}. */
    void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
        if (cut) {
            throw new SocketException("nothing more can be sent: an earlier write timed out in the middle");
        }
        if (timeoutMillis == 0) {
            output.write(bytes, from, length);
            return;
        }
        Watchdog.Watch watch = Watchdog.watch(this::cut, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
        try {
            output.write(bytes, from, length);
        } catch (IOException failure) {
            throw watch.end() || socket.isClosed() ? failure : Watchdog.late(failure);
        } finally {
            watch.end();
        }
        if (!watch.end()) {
            throw Watchdog.late(null);
        }
    }

    private void cut() throws IOException {
        cut = true;
        socket.shutdownOutput();
    }
}
