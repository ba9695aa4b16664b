package dev.perthread.net;

import dev.perthread.Action;
import dev.perthread.Check;
import java.io.IOException;

/**
 * What lets a user's check and reset, which know connections, look after transports between two scopes.
 *
 * @param name of the pool, for messages
 */
record Care(String name, int readMillis, int writeMillis) {
    /** In addition to the look that finds what the peer has closed: the user's check need not do that. */
    Check<Transport> check(Check<? super Connection> check) {
        return transport -> {
            if (!transport.isReusable()) {
                return false;
            }
            CareTenure tenure = new CareTenure(name, transport);
            try {
                return check.isUsable(connection(tenure)) && tenure.isSound();
            } finally {
                tenure.close();
            }
        };
    }

    Action<Transport, Exception> reset(Action<? super Connection, ?> reset) {
        return transport -> {
            CareTenure tenure = new CareTenure(name, transport);
            try {
                reset.run(connection(tenure));
            } finally {
                tenure.close();
            }
            if (!tenure.isSound()) {
                throw new IOException(name + ": the connection was invalidated by its reset");
            }
        };
    }

    private Connection connection(CareTenure tenure) {
        return new LeasedConnection(name, tenure, readMillis, writeMillis);
    }
}
