package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/** Hosts, ports and durations of connections: accepted ones name a connection in words to read, others are refused. */
public final class AddressFuzz {
    private AddressFuzz() {}

    /** Four bytes of port, and the host. The port and the host's length make durations as well. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 4) {
            return;
        }
        int port = ByteBuffer.wrap(input).getInt();
        String host = Promises.text(Arrays.copyOfRange(input, 4, input.length));
        host(host);
        port(port);
        both(host, port);
        duration(Duration.ofSeconds(((long) port * port * port) >> 1, port));
        duration(Duration.ofNanos(port));
    }

    private static void host(String host) {
        try {
            LazyConnection.tcp(host, 80);
        } catch (IllegalArgumentException refusal) {
            Promises.isRefusal(refusal.getMessage(), host);
        }
    }

    private static void port(int port) {
        try {
            LazyConnection.tcp("localhost", port);
            holds(port >= 1 && port <= 65_535, "accepts port " + port);
        } catch (IllegalArgumentException refusal) {
            holds(port < 1 || port > 65_535, "refuses port " + port);
            Promises.isRefusal(refusal.getMessage(), String.valueOf(port));
        }
    }

    private static void both(String host, int port) {
        try (LazyConnection connection = LazyConnection.to(host, port)) {
            String name = connection.holder().name();
            Promises.isOneLineToRead(name);
            holds(name.equals("tcp://" + host + ":" + port) || name.equals("tcp://[" + host + "]:" + port), name);
        } catch (IllegalArgumentException refusal) {
            Promises.isOneLineToRead(refusal.getMessage());
        }
    }

    private static void duration(Duration given) {
        try (LazyConnection connection =
                LazyConnection.tcp("localhost", 80).readTimeout(given).build()) {
            holds(!given.isNegative(), "accepts " + given);
            int millis = Timeouts.millis(given);
            holds(millis >= 0 && (millis > 0 || given.isZero()), given + " is " + millis + " ms, which is for ever");
            holds(connection.holder().stats().open() == 0, "opened");
        } catch (IllegalArgumentException refusal) {
            holds(given.isNegative(), "refuses " + given);
            Promises.isRefusal(refusal.getMessage(), given.toString());
        }
    }
}
