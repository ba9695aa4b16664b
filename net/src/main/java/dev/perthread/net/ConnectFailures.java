package dev.perthread.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/** What was tried on the way to a connection, for the one exception that lists it all. */
final class ConnectFailures {
    private static final int SHOWN = 8;

    private final List<IOException> failures = new ArrayList<>();
    private final List<String> words = new ArrayList<>();
    private boolean onlyTimeouts = true;

    void failed(InetAddress address, IOException failure) {
        onlyTimeouts = false;
        // Some JDKs add in which of their functions it was.
        add(address, failure, String.valueOf(failure.getMessage()).replace(" (connect failed)", ""));
    }

    void timedOut(InetAddress address, int millis) {
        String why = "no answer in " + Messages.duration(millis);
        add(address, new SocketTimeoutException(address.getHostAddress() + ": " + why), why);
    }

    /**
     * Refuses a socket that the system has connected to itself, as it may where nobody listens on a port of the range from
     * which it gives local ports. Who kept it would talk to nobody, and keep the server from its port.
     */
    static void refuseOwn(Socket socket) throws IOException {
        // The port comes first: the socket knows it, and may have to ask for the address.
        if (socket.getLocalPort() == socket.getPort()
                && socket.getLocalAddress().equals(socket.getInetAddress())) {
            socket.setSoLinger(true, 0); // or the port would be taken for a minute after it is closed
            throw own();
        }
    }

    /** The same for one that has no end. */
    static void refuseOwn(SocketAddress local, SocketAddress remote) throws ConnectException {
        if (local.equals(remote)) {
            throw own();
        }
    }

    private static ConnectException own() {
        return new ConnectException(
                "Connection refused: nothing listens there, and the socket was connected to itself");
    }

    int count() {
        return failures.size();
    }

    private void add(InetAddress address, IOException failure, String why) {
        failures.add(failure);
        if (failures.size() <= SHOWN) {
            words.add(address.getHostAddress() + " (" + why + ")");
        }
    }

    /**
     * Nothing is left to try.
     *
     * @param target what was to be connected to
     * @param notTried how many addresses there were no time for
     * @param deadline the time there was
     */
    IOException failure(String target, int notTried, Deadline deadline) {
        String tried = failures.isEmpty() ? "nothing" : String.join(", ", words);
        if (failures.size() > SHOWN) {
            tried += " and " + (failures.size() - SHOWN) + " more";
        }
        if (notTried > 0) {
            tried += "; " + notTried + (notTried == 1 ? " address was" : " addresses were") + " not tried, as "
                    + deadline + " was over";
        }
        String message = "cannot connect to " + target + ": tried " + tried;
        IOException failure = onlyTimeouts ? new SocketTimeoutException(message) : new ConnectException(message);
        for (IOException one : failures) {
            if (failure.getCause() == null) {
                failure.initCause(one);
            } else {
                failure.addSuppressed(one);
            }
        }
        return failure;
    }
}
