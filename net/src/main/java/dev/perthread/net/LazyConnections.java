package dev.perthread.net;

import dev.perthread.Action;
import dev.perthread.Body;
import dev.perthread.CloseReport;
import dev.perthread.KeyedPerThread;
import dev.perthread.Lease;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One object that many threads share and that gives each of them a connection of its own to each of many hosts: what
 * {@link LazyConnection} is for one place, with a limit for each host and one for all.
 *
 * <pre>{@code
 * LazyConnections web = LazyConnections.tls().whenIdle(IdlePolicy.LEND).limit(64).limitPerHost(4).build();
 * // in any thread:
 * byte[] answer = web.call("www.example.org", 443, mine -> {
 *     mine.send(request);
 *     return readAnswer(mine);
 * });
 * }</pre>
 *
 * <p>All that {@link LazyConnection} says of connections holds here for each host and port, as {@link HostAndPort} tells
 * them apart: a thread may be inside a scope for several hosts at once, and re-entry is opening for one for which it is
 * inside a scope already. Where the {@link Builder#limit limit} for all is reached under
 * {@link dev.perthread.IdlePolicy#LEND}, the connection of another host that has been idle longest makes room;
 * {@link KeyedPerThread} says more about limits. Nothing is left of a host that is used no more.
 *
 * <p>All methods may be called by any thread, platform or virtual.
 *
 * @since 0.1
 */
public final class LazyConnections implements AutoCloseable {
    private final KeyedPerThread<HostAndPort, Transport, IOException> holder;
    private final HostConnectors connectors;
    private final int readMillis;
    private final int writeMillis;
    private final Predicate<? super Throwable> invalidates;

    private LazyConnections(Builder builder) {
        Options options = builder.options;
        this.connectors = builder.connectors();
        this.readMillis = Timeouts.millis(options.readTimeout);
        this.writeMillis = Timeouts.millis(options.writeTimeout());
        this.invalidates = builder.invalidates();
        HostConnectors connecting = connectors;
        long openNanos = options.openNanos();
        this.holder = builder.configure(KeyedPerThread.<HostAndPort, Transport, IOException>timedBuilder(
                        (to, left) -> connecting.connect(to, Deadline.opening(left, openNanos)), Transport::close))
                .limitPerKey(builder.limitPerHost)
                .build();
    }

    /**
     * Starts connections by TCP with options.
     *
     * @return a builder with the defaults
     */
    public static Builder tcp() {
        return new Builder(Options.Kind.TCP);
    }

    /**
     * Starts encrypted connections by TLS over TCP with options. A server's certificate is verified, and that it is for the
     * host that was asked for, which is also sent as the server name (SNI).
     *
     * @return a builder with the defaults
     */
    public static Builder tls() {
        return new Builder(Options.Kind.TLS);
    }

    /**
     * The calling thread's own connection to a host, opened now unless one was kept: {@link LazyConnection#open()} for that
     * host. Waiting at the limits counts as waiting at the limit does there.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a connection, to be closed by this thread
     * @throws java.net.UnknownHostException if the name has no address
     * @throws java.net.ConnectException if no address could be connected to
     * @throws java.net.SocketTimeoutException if no address, no proxy, or no TLS handshake answered in time
     * @throws javax.net.ssl.SSLException if there is no encryption to be had
     * @throws java.io.InterruptedIOException if the thread was interrupted while it connected; the flag stays set
     * @throws IOException if opening fails in another way; nothing is left behind in any case and the next call tries again
     * @throws IllegalArgumentException if the host is blank, has spaces in it, or is no name for TLS, or the port is out of
     *     range
     * @throws dev.perthread.ReentryException if the thread is inside a scope for this host and port already and re-entry is
     *     rejected
     * @throws dev.perthread.AcquireTimeoutException if a limit was reached and nothing became free in time
     * @throws dev.perthread.AcquireRefusedException if too many threads wait for this host already
     * @throws dev.perthread.AcquireInterruptedException if the thread was interrupted while it waited at a limit
     * @throws IllegalStateException if this object is closed, before or while the thread was connecting
     */
    public Connection open(String host, int port) throws IOException {
        HostAndPort to = HostAndPort.of(host, port);
        return scope(to, holder.acquire(to));
    }

    /**
     * The same, with another time for waiting at the limits and connecting together. Connecting takes no longer than
     * {@link Builder#openTimeout} in any case.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @param timeout zero or more; zero does not wait at the limits, and leaves the {@code openTimeout} for connecting
     * @return a connection, to be closed by this thread
     * @throws java.net.SocketTimeoutException if connecting took longer than what was left of the time
     * @throws IOException as for {@link #open(String, int)}
     * @throws IllegalArgumentException as for {@link #open(String, int)}, or if the timeout is negative
     * @throws dev.perthread.ReentryException as for {@link #open(String, int)}
     * @throws dev.perthread.AcquireTimeoutException as for {@link #open(String, int)}
     * @throws dev.perthread.AcquireRefusedException as for {@link #open(String, int)}
     * @throws dev.perthread.AcquireInterruptedException as for {@link #open(String, int)}
     * @throws IllegalStateException as for {@link #open(String, int)}
     */
    public Connection open(String host, int port, Duration timeout) throws IOException {
        HostAndPort to = HostAndPort.of(host, port);
        return scope(to, holder.acquire(to, Checks.requireNotNegative("timeout", timeout)));
    }

    private LeasedConnection scope(HostAndPort to, Lease<Transport> lease) {
        return new LeasedConnection(holder.name() + "[" + to + "]", new LeaseTenure(lease), readMillis, writeMillis);
    }

    /**
     * Opens, calls the body, and ends the scope, as {@link LazyConnection#call} does.
     *
     * @param <R> the result
     * @param <Y> what the body may throw
     * @param host a name or an address
     * @param port 1 to 65535
     * @param body uses the connection
     * @return what the body returned
     * @throws IOException as for {@link #open(String, int)}, or if only closing failed
     * @throws Y what the body threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException as for {@link #open(String, int)}
     * @throws IllegalStateException as for {@link #open(String, int)}
     */
    public <R extends @Nullable Object, Y extends Exception> R call(
            String host, int port, Body<? super Connection, ? extends R, ? extends Y> body) throws IOException, Y {
        Objects.requireNonNull(body, "body");
        HostAndPort to = HostAndPort.of(host, port);
        return scope(to, holder.acquire(to)).use(body, invalidates);
    }

    /**
     * The same for a body without a result.
     *
     * @param <Y> what the action may throw
     * @param host a name or an address
     * @param port 1 to 65535
     * @param action uses the connection
     * @throws IOException as for {@link #open(String, int)}, or if only closing failed
     * @throws Y what the action threw; a failure to close is suppressed onto it
     * @throws IllegalArgumentException as for {@link #open(String, int)}
     * @throws IllegalStateException as for {@link #open(String, int)}
     */
    public <Y extends Exception> void run(String host, int port, Action<? super Connection, ? extends Y> action)
            throws IOException, Y {
        Objects.requireNonNull(action, "action");
        this.<@Nullable Void, Y>call(host, port, mine -> {
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
    public KeyedPerThread<HostAndPort, ?, IOException> holder() {
        return holder;
    }

    /**
     * Closes as {@link #close(Duration)} does, with the grace that {@link Builder#closeTimeout} says.
     *
     * @throws dev.perthread.ResourceCloseException if connections failed to close, once all were closed
     */
    @Override
    public void close() {
        connectors.close();
        holder.close();
    }

    /**
     * Closes the connections to all hosts, as {@link LazyConnection#close(Duration)} does, with one grace for all.
     *
     * @param grace the longest wait for scopes to end; zero forces at once
     * @return what happened during this call
     * @throws IllegalArgumentException if the grace is negative
     */
    public CloseReport close(Duration grace) {
        Checks.requireNotNegative("grace", grace);
        connectors.close();
        return holder.close(grace);
    }

    /** The name and the counters. */
    @Override
    public String toString() {
        return "LazyConnections[" + holder + "]";
    }

    /**
     * Options of {@link LazyConnections}: those of a {@link LazyConnection}, and a limit for each host. {@code limit} is the one
     * for all hosts; {@code maxWaiting}, {@code maxIdle}, {@code minIdle} and {@code openBackoff} count for each host. Not safe
     * for use by several threads; it may be used again after {@link #build}. A bad value is refused where it is given, options
     * that contradict each other at {@code build}.
     *
     * @since 0.1
     */
    public static final class Builder extends NetworkOptions<Builder> {
        private int limitPerHost = Integer.MAX_VALUE;
        private @Nullable Predicate<? super HostAndPort> plain;

        private Builder(Options.Kind kind) {
            super(new Options(kind), kind.scheme() + "://*");
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * The most connections that may be open at once to one host and port, as for
         * {@link KeyedPerThread.Builder#limitPerKey}. Default: no limit.
         *
         * @param limitPerHost 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder limitPerHost(int limitPerHost) {
            this.limitPerHost = Checks.requireAtLeastOne("limitPerHost", limitPerHost);
            options.limited = true;
            return this;
        }

        /**
         * Connects to these hosts without TLS, so that one object, with its limits, serves both. Default: to none. Needs
         * {@link LazyConnections#tls()}.
         *
         * @param which answers {@code true} for a host and port to be connected to without TLS, always the same for the same
         *     one; asked each time one is opened
         * @return this
         */
        public Builder withoutTls(Predicate<? super HostAndPort> which) {
            options.give("withoutTls");
            this.plain = Objects.requireNonNull(which, "which");
            return this;
        }

        private HostConnectors connectors() {
            options.check();
            return new HostConnectors(
                    name(),
                    new ConnectorFactory(name(), options, Tls.SESSIONS_OF_MANY_HOSTS),
                    plain == null ? to -> false : plain,
                    via());
        }

        /**
         * Makes the object to share. Opens nothing and looks nothing up; reads the PEM files, if any were given.
         *
         * @return a new object
         * @throws IllegalArgumentException if two options contradict each other, one has no effect on this kind of
         *     connections, or a file is not what it should be
         */
        public LazyConnections build() {
            return new LazyConnections(this);
        }
    }
}
