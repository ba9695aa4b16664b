package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The connectors of many hosts. There is one for each connect and none in between, so that nothing is left of a host that
 * is used no more.
 */
final class HostConnectors {
    private final ConnectorFactory factory;
    private final Predicate<? super HostAndPort> plain;
    private final UnaryOperator<Connector> via;
    private final PendingConnects pending;

    /**
     * Connectors made by one factory.
     *
     * @param plain to which hosts there is no TLS, whatever the factory's kind
     * @param via put between each of them and the rest; for tests
     */
    HostConnectors(
            String name, ConnectorFactory factory, Predicate<? super HostAndPort> plain, UnaryOperator<Connector> via) {
        this.factory = factory;
        this.plain = plain;
        this.via = via;
        this.pending = new PendingConnects(name, "any host");
    }

    /** As {@link Connector#connect}. */
    Transport connect(HostAndPort to, Deadline deadline) throws IOException {
        Connector connector =
                via.apply(plain.test(to) ? factory.plainTo(to.place(), to.port()) : factory.to(to.place(), to.port()));
        Closeable part = connector::close;
        pending.add(part);
        try {
            return connector.connect(deadline);
        } finally {
            pending.remove(part);
        }
    }

    /** Frees every thread that is connecting, and refuses from now on. */
    void close() {
        pending.close();
    }
}
