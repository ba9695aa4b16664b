package dev.perthread.net;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.CloseReport;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
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
        this.connector = builder.connector();
        this.readMillis = Timeouts.millis(options.readTimeout);
        this.writeMillis = Timeouts.millis(options.writeTimeout());
        this.invalidates = builder.invalidates();
        Connector connecting = connector;
        long openNanos = options.openNanos();
        this.holder = builder.configure(PerThread.<Transport, IOException>timedBuilder(
                        left -> connecting.connect(Deadline.opening(left, openNanos)), Transport::close))
                .build();
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
        return new Builder(Options.Kind.TCP, Host.of(host), port);
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
        return new Builder(Options.Kind.TLS, Host.of(host), port);
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
        return new Builder(UnixDomainSocketAddress.of(socket));
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
        return new Builder(Options.Kind.UDP, Host.of(host), port);
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
        return scope(holder.acquire()).use(body, invalidates);
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
    public static final class Builder extends NetworkOptions<Builder> {
        private final Function<ConnectorFactory, Connector> place;

        private Builder(Options.Kind kind, Host host, int port) {
            super(new Options(kind), kind.scheme() + "://" + host.endpoint(Checks.requirePort(port)));
            this.place = connectors -> connectors.to(host, port);
        }

        private Builder(UnixDomainSocketAddress path) {
            super(new Options(Options.Kind.UNIX), "unix:" + Messages.shown(String.valueOf(path)));
            this.place = connectors -> connectors.to(path);
        }

        @Override
        Builder self() {
            return this;
        }

        boolean isTls() {
            return options.kind == Options.Kind.TLS;
        }

        private Connector connector() {
            options.check();
            return via().apply(place.apply(new ConnectorFactory(name(), options, Tls.SESSIONS)));
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
