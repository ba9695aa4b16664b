package dev.perthread.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** The way from a name to its addresses; an interface, so that tests can have names with dead and live addresses. */
@FunctionalInterface
interface Resolver {
    /** The Java runtime's own, with its cache and its order. */
    Resolver SYSTEM = host -> List.of(InetAddress.getAllByName(host));

    List<InetAddress> resolve(String host) throws UnknownHostException;
}
