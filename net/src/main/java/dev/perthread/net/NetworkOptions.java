package dev.perthread.net;

import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The options of a builder of connections that say how to connect, whichever the host.
 *
 * @param <B> that builder
 */
abstract sealed class NetworkOptions<B extends NetworkOptions<B>> extends HolderOptions<B>
        permits LazyConnection.Builder, LazyConnections.Builder {
    private static final int LONGEST_LINGER_SECONDS = 65_535; // what the system counts them in

    private UnaryOperator<Connector> via = UnaryOperator.identity();

    NetworkOptions(Options options, String name) {
        super(options, name);
    }

    /**
     * The longest wait for one address of the host, or of the proxy. Default: 5 seconds, or the {@code openTimeout} if
     * that is less.
     *
     * @param connectTimeout more than zero, in whole milliseconds, rounded up
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     */
    public B connectTimeout(Duration connectTimeout) {
        options.give("connectTimeout").connectTimeout = Checks.requirePositive("connectTimeout", connectTimeout);
        return self();
    }

    /**
     * The longest that connecting may take in all: looking the name up, which counts but cannot be cut short, whichever
     * of its addresses, the proxy, and the TLS handshake. If it is given and {@code acquireTimeout} is not, waiting at the
     * limit counts too. Default: 15 seconds, or three times the {@code connectTimeout} if that is more, for all but
     * waiting at the limit.
     *
     * @param openTimeout more than zero, in whole milliseconds, rounded up
     * @return this
     * @throws IllegalArgumentException if it is zero or negative
     */
    public B openTimeout(Duration openTimeout) {
        options.openTimeout = Checks.requirePositive("openTimeout", openTimeout);
        return self();
    }

    /**
     * The longest that a read may wait for the next byte, at the beginning of each scope;
     * {@link Connection#readTimeout} changes it within one. Default: 30 seconds.
     *
     * @param readTimeout zero or more, in whole milliseconds, rounded up; zero waits for ever
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B readTimeout(Duration readTimeout) {
        options.readTimeout = Checks.requireNotNegative("readTimeout", readTimeout);
        return self();
    }

    /**
     * The longest that sending may take: the time in which the peer must have taken each 128 KiB of a write, or all of
     * it if it is shorter; over UDP the time for a datagram. A send that does not end in this time fails with a
     * {@link java.net.SocketTimeoutException}, and nothing more can be sent on that connection, because the peer may
     * have got half a message. Default: the {@code readTimeout}.
     *
     * @param writeTimeout zero or more, in whole milliseconds, rounded up; zero waits for ever
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public B writeTimeout(Duration writeTimeout) {
        options.writeTimeout = Checks.requireNotNegative("writeTimeout", writeTimeout);
        return self();
    }

    /**
     * Connects to addresses of this family only. Default: to all, the two families alternating, each 250 ms after
     * the one before it or as soon as that one has failed, and the first that answers is taken (RFC 8305).
     *
     * @param family {@code INET} or {@code INET6}
     * @return this
     * @throws IllegalArgumentException if it is another one
     */
    public B family(StandardProtocolFamily family) {
        if (family != StandardProtocolFamily.INET && family != StandardProtocolFamily.INET6) {
            throw new IllegalArgumentException("family must be INET or INET6, but was " + family);
        }
        options.give("family").family = family;
        return self();
    }

    /**
     * Sends each write at once ({@code TCP_NODELAY}). Default: true.
     *
     * @param tcpNoDelay whether to
     * @return this
     */
    public B tcpNoDelay(boolean tcpNoDelay) {
        options.give("tcpNoDelay", StandardSocketOptions.TCP_NODELAY, tcpNoDelay);
        return self();
    }

    /**
     * Lets the system probe a connection on which nothing happens ({@code SO_KEEPALIVE}). Default: false.
     *
     * @param keepAlive whether to
     * @return this
     */
    public B keepAlive(boolean keepAlive) {
        options.give("keepAlive", StandardSocketOptions.SO_KEEPALIVE, keepAlive);
        return self();
    }

    /**
     * How long closing a connection goes on in the background with what is still to be sent ({@code SO_LINGER}); zero
     * drops it and resets the connection. Default: as the system does it, in the background.
     *
     * @param linger zero to 65535 seconds, in whole seconds, rounded up
     * @return this
     * @throws IllegalArgumentException if it is negative or longer
     */
    public B linger(Duration linger) {
        Checks.requireNotNegative("linger", linger);
        if (linger.compareTo(Duration.ofSeconds(LONGEST_LINGER_SECONDS)) > 0) {
            throw new IllegalArgumentException(
                    "linger must be at most " + LONGEST_LINGER_SECONDS + " seconds, but was " + linger);
        }
        int seconds = (int) linger.toSeconds() + (linger.toNanosPart() > 0 ? 1 : 0);
        options.give("linger", StandardSocketOptions.SO_LINGER, seconds);
        return self();
    }

    /**
     * How many bytes the system should keep that are sent and not yet taken ({@code SO_SNDBUF}). Default: the system's.
     *
     * @param bytes 1 or more; a hint
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     */
    public B sendBuffer(int bytes) {
        options.give("sendBuffer", StandardSocketOptions.SO_SNDBUF, Checks.requireAtLeastOne("sendBuffer", bytes));
        return self();
    }

    /**
     * How many bytes the system should keep that came and were not yet received ({@code SO_RCVBUF}). Default: the
     * system's.
     *
     * @param bytes 1 or more; a hint
     * @return this
     * @throws IllegalArgumentException if it is less than 1
     */
    public B receiveBuffer(int bytes) {
        options.give(
                "receiveBuffer", StandardSocketOptions.SO_RCVBUF, Checks.requireAtLeastOne("receiveBuffer", bytes));
        return self();
    }

    /**
     * Connects from this address of the machine, to addresses of the same family. Default: the system's choice.
     *
     * @param local an address of this machine
     * @return this
     */
    public B bindTo(InetAddress local) {
        options.give("bindTo").from = Objects.requireNonNull(local, "local");
        return self();
    }

    /**
     * Connects through a proxy; {@code family} and {@code bindTo} are then for the way to the proxy. Default: none.
     *
     * @param proxy the proxy
     * @return this
     */
    public B proxy(ProxyServer proxy) {
        options.give("proxy").proxy = Objects.requireNonNull(proxy, "proxy");
        return self();
    }

    /**
     * How a connection by TLS is encrypted. Default: {@link Tls#defaults()}.
     *
     * @param tls the options
     * @return this
     */
    public B tls(Tls tls) {
        options.give("tls").tls = Objects.requireNonNull(tls, "tls");
        return self();
    }

    /** Where names come from; for tests. */
    B resolver(Resolver resolver) {
        options.resolver = resolver;
        return self();
    }

    /** Puts something between the connector and the rest; for tests. */
    B via(UnaryOperator<Connector> via) {
        this.via = via;
        return self();
    }

    UnaryOperator<Connector> via() {
        return via;
    }
}
