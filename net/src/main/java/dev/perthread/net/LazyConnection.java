package dev.perthread.net;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.CloseReport;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One object that many threads share and that gives each of them a connection of its own to one place.
 *
 * <pre>{@code
 * LazyConnection shared = LazyConnection.to("www.example.org", 80);
 * // in any thread:
 * try (Connection mine = shared.open()) {
 *     mine.send(request);
 *     byte[] answer = mine.recvAll();
 * }
 * }</pre>
 *
 * <p>Making one opens nothing. {@link #open()} connects, the end of the scope closes, and a thread that opens inside its
 * scope is refused, unless the {@link Builder} says otherwise.
 *
 * <p>A connection is kept for a later scope ({@link Builder#whenIdle}) only if its user said that the last use ended well:
 * {@link #call} and {@link #run} say so by returning normally, a scope of {@link #open()} by {@link Connection#done()}. It is
 * looked at before it is handed out again: if the peer has closed it, or has sent something unsolicited, it is
 * closed and another one opened in its place. That look does not wait, so it cannot know what is still on its way.
 *
 * <p>All methods may be called by any thread, platform or virtual.
 */
public final class LazyConnection implements AutoCloseable {
    private final PerThread<Transport, IOException> holder;
    private final Connector connector;
    private final int readMillis;
    private final int writeMillis;
    private final Predicate<? super Throwable> invalidates;

    private LazyConnection(Builder builder) {
        Options options = builder.options;
        options.check();
        this.connector = builder.via.apply(options.connector(builder.name()));
        this.readMillis = Timeouts.millis(options.readTimeout);
        this.writeMillis = Timeouts.millis(options.writeTimeout());
        this.invalidates = builder.invalidates();
        Connector connecting = connector;
        long openNanos = options.openNanos();
        this.holder = builder.holder(left -> connecting.connect(Deadline.opening(left, openNanos)));
    }

    /**
     * Connections by TCP with the defaults: opened by {@link #open()}, closed when the scope ends, re-entry rejected.
     * Opens nothing and looks nothing up.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a new object to share
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static LazyConnection to(String host, int port) {
        return tcp(host, port).build();
    }

    /**
     * Connections as a text says: {@code tcp://host:port}, {@code tls://host:port}, {@code udp://host:port} or
     * {@code unix:/path}, an IPv6 address in brackets, and options after a question mark, as in
     * {@code tls://host:port?ca=ca.pem&connectTimeout=2s}.
     *
     * @param connectionString see {@code docs/connections.md} for all options
     * @return a new object to share
     * @throws IllegalArgumentException if the text says something else; the message tells what was given, and what is
     *     allowed
     */
    public static LazyConnection to(String connectionString) {
        return ConnectionString.build(connectionString);
    }

    /**
     * Starts connections as a text says, for further options.
     *
     * @param connectionString as for {@link #to(String)}
     * @return a builder
     * @throws IllegalArgumentException as for {@link #to(String)}
     */
    public static Builder parse(String connectionString) {
        return ConnectionString.parse(connectionString);
    }

    /**
     * Starts connections by TCP with options.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static Builder tcp(String host, int port) {
        return new Builder(new Options(Options.Kind.TCP, host, port));
    }

    /**
     * Starts encrypted connections by TLS over TCP with options. The server's certificate is verified, and that it is for
     * this host.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static Builder tls(String host, int port) {
        return new Builder(new Options(Options.Kind.TLS, host, port));
    }

    /**
     * Starts connections to a Unix domain socket with options.
     *
     * @param socket the path of the socket
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the path is not of the default file system, or empty
     */
    public static Builder unix(Path socket) {
        if (socket.toString().isEmpty()) {
            throw new IllegalArgumentException("socket must be the path of a Unix domain socket, but was empty");
        }
        return new Builder(new Options(UnixDomainSocketAddress.of(socket)));
    }

    /**
     * Starts datagram sockets (UDP) that send to one place, and receive from there only. Every {@link Connection#send} is
     * one datagram, and every {@link Connection#recv} takes one. There is nothing to connect to: opening one does not tell
     * whether anybody is there.
     *
     * @param host a name or an address; of several the first to which there is a way
     * @param port 1 to 65535
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static Builder udp(String host, int port) {
        return new Builder(new Options(Options.Kind.UDP, host, port));
    }

    /**
     * The calling thread's own connection, opened now unless one was kept. Takes as long as {@link Builder#acquireTimeout}
     * says at most, for waiting at the limit, if there is one, and connecting together; and for connecting as long as
     * {@link Builder#openTimeout} says. Looking a name up counts, but cannot be cut short.
     *
     * @return a connection, to be closed by this thread
     * @throws java.net.UnknownHostException if the name has no address
     * @throws java.net.ConnectException if no address could be connected to; the message tells what was tried, the cause is
     *     the first failure, further ones are suppressed
     * @throws java.net.SocketTimeoutException if no address, no proxy, or no TLS handshake answered in time
     * @throws javax.net.ssl.SSLException if there is no encryption to be had: a certificate that is refused, on either side,
     *     or a peer that does not speak TLS; the message tells which
     * @throws java.io.InterruptedIOException if the thread was interrupted while it connected; the flag stays set
     * @throws IOException if opening fails in another way; nothing is left behind in any case and the next call tries again
     * @throws dev.perthread.ReentryException if the thread is inside a scope already and re-entry is rejected
     * @throws dev.perthread.AcquireTimeoutException if the limit was reached and nothing became free in time
     * @throws dev.perthread.AcquireInterruptedException if the thread was interrupted while it waited at the limit
     * @throws IllegalStateException if this object is closed, before or while the thread was connecting
     */
    public Connection open() throws IOException {
        return scope(holder.acquire());
    }

    /**
     * The same, with another time for waiting at the limit and connecting together. Connecting takes no longer than
     * {@link Builder#openTimeout} in any case.
     *
     * @param timeout zero or more; zero does not wait at the limit, and leaves the {@code openTimeout} for connecting
     * @return a connection, to be closed by this thread
     * @throws java.net.SocketTimeoutException if connecting took longer than what was left of the time
     * @throws IOException as for {@link #open()}
     * @throws IllegalArgumentException if the timeout is negative
     * @throws dev.perthread.ReentryException as for {@link #open()}
     * @throws dev.perthread.AcquireTimeoutException as for {@link #open()}
     * @throws dev.perthread.AcquireInterruptedException as for {@link #open()}
     * @throws IllegalStateException as for {@link #open()}
     * @since 0.1
     */
    public Connection open(Duration timeout) throws IOException {
        return scope(holder.acquire(Checks.requireNotNegative("timeout", timeout)));
    }

    private LeasedConnection scope(Lease<Transport> lease) {
        return new LeasedConnection(holder.name(), new LeaseTenure(lease), readMillis, writeMillis);
    }

    /**
     * Opens, calls the body, and ends the scope. If the body returns normally the connection may be kept. If it throws, the
     * connection is closed: it may be in the middle of something ({@link Builder#invalidateWhen} says otherwise).
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param body uses the connection
     * @return what the body returned
     * @throws IOException as for {@link #open()}, or if only closing failed
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #open()}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            Body<? super Connection, ? extends R, ? extends Y> body) throws IOException, Y {
        Objects.requireNonNull(body, "body");
        LeasedConnection mine = scope(holder.acquire());
        R result;
        try {
            result = body.call(mine);
        } catch (Throwable failure) {
            mine.endAfter(failure, invalidates);
            throw failure;
        }
        mine.endWell();
        return result;
    }

    /**
     * The same for a body without a result.
     *
     * @param <Y> what the action may throw
     * @param action uses the connection
     * @throws IOException as for {@link #open()}, or if only closing failed
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalStateException as for {@link #open()}
     * @since 0.1
     */
    public <Y extends Exception> void run(Action<? super Connection, ? extends Y> action) throws IOException, Y {
        Objects.requireNonNull(action, "action");
        this.<@Nullable Void, Y>call(mine -> {
            action.run(mine);
            return null;
        });
    }

    /**
     * The pool of the connections, for its {@code snapshot}, {@code stats}, {@code evictIdle} and the like. What it
     * hands out itself is of no use outside this package.
     *
     * @return always the same pool
     */
    public PerThread<?, IOException> holder() {
        return holder;
    }

    /**
     * Closes as {@link #close(Duration)} does, with the grace that {@link Builder#closeTimeout} says.
     *
     * @throws dev.perthread.ResourceCloseException if connections failed to close, once all were closed
     */
    @Override
    public void close() {
        connector.close();
        holder.close();
    }

    /**
     * Refuses new scopes and frees the threads that are connecting, at once, with an {@link IllegalStateException}; closes
     * what is idle; waits for the scopes of other threads to end; and closes under their users what is left when the grace
     * is over. A thread that is blocked in a read or write then gets an {@link IOException}.
     *
     * <p>May be called again, by any thread, from inside a scope. Interrupting the calling thread ends the grace. A thread
     * that is looking a name up cannot be freed; it is refused when it has it.
     *
     * @param grace the longest wait for scopes to end; zero forces at once
     * @return what happened during this call
     * @throws IllegalArgumentException if the grace is negative
     */
    public CloseReport close(Duration grace) {
        Checks.requireNotNegative("grace", grace);
        connector.close();
        return holder.close(grace);
    }

    /** The name and the counters. */
    @Override
    public String toString() {
        return "LazyConnection[" + holder + "]";
    }

    /**
     * Options of a {@link LazyConnection}. Not safe for use by several threads; it may be used again after {@link #build}.
     * A bad value is refused where it is given, options that contradict each other at {@code build}.
     */
    public static final class Builder extends HolderOptions<Builder> {
        private static final int LONGEST_LINGER_SECONDS = 65_535; // what the system counts them in

        private UnaryOperator<Connector> via = UnaryOperator.identity();

        private Builder(Options options) {
            super(options);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * The longest wait for one address of the host, or of the proxy. Default: 5 seconds, or the {@code openTimeout} if
         * that is less.
         *
         * @param connectTimeout more than zero, in whole milliseconds, rounded up
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder connectTimeout(Duration connectTimeout) {
            options.give("connectTimeout").connectTimeout = Checks.requirePositive("connectTimeout", connectTimeout);
            return this;
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
        public Builder openTimeout(Duration openTimeout) {
            options.openTimeout = Checks.requirePositive("openTimeout", openTimeout);
            return this;
        }

        /**
         * The longest that a read may wait for the next byte, at the beginning of each scope;
         * {@link Connection#readTimeout} changes it within one. Default: 30 seconds.
         *
         * @param readTimeout zero or more, in whole milliseconds, rounded up; zero waits for ever
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder readTimeout(Duration readTimeout) {
            options.readTimeout = Checks.requireNotNegative("readTimeout", readTimeout);
            return this;
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
        public Builder writeTimeout(Duration writeTimeout) {
            options.writeTimeout = Checks.requireNotNegative("writeTimeout", writeTimeout);
            return this;
        }

        /**
         * Connects to addresses of this family only. Default: to all, the two families alternating, each 250 ms after
         * the one before it or as soon as that one has failed, and the first that answers is taken (RFC 8305).
         *
         * @param family {@code INET} or {@code INET6}
         * @return this
         * @throws IllegalArgumentException if it is another one
         */
        public Builder family(StandardProtocolFamily family) {
            if (family != StandardProtocolFamily.INET && family != StandardProtocolFamily.INET6) {
                throw new IllegalArgumentException("family must be INET or INET6, but was " + family);
            }
            options.give("family").family = family;
            return this;
        }

        /**
         * Sends each write at once ({@code TCP_NODELAY}). Default: true.
         *
         * @param tcpNoDelay whether to
         * @return this
         */
        public Builder tcpNoDelay(boolean tcpNoDelay) {
            options.give("tcpNoDelay", StandardSocketOptions.TCP_NODELAY, tcpNoDelay);
            return this;
        }

        /**
         * Lets the system probe a connection on which nothing happens ({@code SO_KEEPALIVE}). Default: false.
         *
         * @param keepAlive whether to
         * @return this
         */
        public Builder keepAlive(boolean keepAlive) {
            options.give("keepAlive", StandardSocketOptions.SO_KEEPALIVE, keepAlive);
            return this;
        }

        /**
         * How long closing a connection goes on in the background with what is still to be sent ({@code SO_LINGER}); zero
         * drops it and resets the connection. Default: as the system does it, in the background.
         *
         * @param linger zero to 65535 seconds, in whole seconds, rounded up
         * @return this
         * @throws IllegalArgumentException if it is negative or longer
         */
        public Builder linger(Duration linger) {
            Checks.requireNotNegative("linger", linger);
            if (linger.compareTo(Duration.ofSeconds(LONGEST_LINGER_SECONDS)) > 0) {
                throw new IllegalArgumentException(
                        "linger must be at most " + LONGEST_LINGER_SECONDS + " seconds, but was " + linger);
            }
            int seconds = (int) linger.toSeconds() + (linger.toNanosPart() > 0 ? 1 : 0);
            options.give("linger", StandardSocketOptions.SO_LINGER, seconds);
            return this;
        }

        /**
         * How many bytes the system should keep that are sent and not yet taken ({@code SO_SNDBUF}). Default: the system's.
         *
         * @param bytes 1 or more; a hint
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder sendBuffer(int bytes) {
            options.give("sendBuffer", StandardSocketOptions.SO_SNDBUF, Checks.requireSize("sendBuffer", bytes));
            return this;
        }

        /**
         * How many bytes the system should keep that came and were not yet received ({@code SO_RCVBUF}). Default: the
         * system's.
         *
         * @param bytes 1 or more; a hint
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder receiveBuffer(int bytes) {
            options.give("receiveBuffer", StandardSocketOptions.SO_RCVBUF, Checks.requireSize("receiveBuffer", bytes));
            return this;
        }

        /**
         * Connects from this address of the machine, to addresses of the same family. Default: the system's choice.
         *
         * @param local an address of this machine
         * @return this
         */
        public Builder bindTo(InetAddress local) {
            options.give("bindTo").from = Objects.requireNonNull(local, "local");
            return this;
        }

        /**
         * Connects through a proxy; {@code family} and {@code bindTo} are then for the way to the proxy. Default: none.
         *
         * @param proxy the proxy
         * @return this
         */
        public Builder proxy(ProxyServer proxy) {
            options.give("proxy").proxy = Objects.requireNonNull(proxy, "proxy");
            return this;
        }

        /**
         * How a connection of {@link LazyConnection#tls} is encrypted. Default: {@link Tls#defaults()}.
         *
         * @param tls the options
         * @return this
         */
        public Builder tls(Tls tls) {
            options.give("tls").tls = Objects.requireNonNull(tls, "tls");
            return this;
        }

        boolean isTls() {
            return options.kind == Options.Kind.TLS;
        }

        /** Where names come from; for tests. */
        Builder resolver(Resolver resolver) {
            options.resolver = resolver;
            return this;
        }

        /** Puts something between the connector and the rest; for tests. */
        Builder via(UnaryOperator<Connector> via) {
            this.via = via;
            return this;
        }

        /**
         * Makes the object to share. Opens nothing and looks nothing up; reads the PEM files, if any were given.
         *
         * @return a new object
         * @throws IllegalArgumentException if two options contradict each other, one has no effect on this kind of
         *     connection, or a file is not what it should be
         */
        public LazyConnection build() {
            return new LazyConnection(this);
        }
    }
}
