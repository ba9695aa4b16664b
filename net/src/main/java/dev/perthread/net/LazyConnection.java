// The third floor: a connection a thread behind one shared object. Read this first, then Connection, TcpConnector.
package dev.perthread.net;

import dev.perthread.Body;
import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
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
 * <p>A connection that is kept ({@link Builder#whenIdle}) is looked at before it is handed out again: if the peer has
 * closed it, or has sent something that nobody asked for, it is closed and another one opened in its place. That look
 * does not wait. It cannot know what is still on its way, so who leaves an answer half read must
 * {@link Connection#invalidate()}.
 *
 * <p>All methods may be called by any thread, platform or virtual.
 */
public final class LazyConnection implements AutoCloseable {
    private final PerThread<Transport, IOException> holder;
    private final Connector connector;
    private final int readMillis;

    private LazyConnection(Builder options, String name, Connector connector) {
        this.connector = connector;
        this.readMillis = options.readMillis;
        PerThread.Builder<Transport, IOException> builder = PerThread.builder(connector::connect);
        options.holderOptions.forEach(option -> option.accept(builder));
        builder.name(name);
        if (options.whenIdle != IdlePolicy.CLOSE) {
            builder.check(Transport::isQuiet);
        }
        this.holder = builder.build();
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
     * Starts connections by TCP with options.
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a builder with the defaults
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static Builder tcp(String host, int port) {
        return new Builder(Text.requireHost(host), Text.requirePort(port));
    }

    /**
     * The calling thread's own connection, opened now unless one was kept. Waits at the limit, if there is one, for as long
     * as {@link Builder#acquireTimeout} says, and for the connection as long as {@link Builder#openTimeout} says.
     *
     * @return a connection, to be closed by this thread
     * @throws java.net.UnknownHostException if the name has no address
     * @throws java.net.ConnectException if no address could be connected to; the message tells what was tried, the cause is
     *     the first failure, further ones are suppressed
     * @throws java.net.SocketTimeoutException if no address answered in time
     * @throws java.io.InterruptedIOException if the thread was interrupted while it connected; the flag stays set
     * @throws IOException if opening fails in another way; nothing is left behind in any case and the next call tries again
     * @throws dev.perthread.ReentryException if the thread is inside a scope already and re-entry is rejected
     * @throws dev.perthread.AcquireTimeoutException if the limit was reached and nothing became free in time
     * @throws dev.perthread.AcquireInterruptedException if the thread was interrupted while it waited at the limit
     * @throws IllegalStateException if this object is closed, before or while the thread was connecting
     */
    public Connection open() throws IOException {
        return openLeased();
    }

    private LeasedConnection openLeased() throws IOException {
        return new LeasedConnection(holder.name(), holder.acquire(), readMillis);
    }

    /**
     * Opens, calls the body, and ends the scope. If the body throws, the connection is not kept: it may be in the middle of
     * something.
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
        LeasedConnection mine = openLeased();
        R result;
        try {
            result = body.call(mine);
        } catch (Throwable failure) {
            mine.endAfter(failure);
            throw failure;
        }
        mine.close();
        return result;
    }

    /**
     * The holder of the connections, for its {@code snapshot}, {@code stats}, {@code evictIdle} and the like. What it
     * hands out itself is of no use outside this package.
     *
     * @return always the same holder
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
        Text.requireNotNegative("grace", grace);
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
    public static final class Builder {
        private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
        private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(15);
        private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

        private final String host;
        private final int port;
        private final List<Consumer<PerThread.Builder<Transport, IOException>>> holderOptions = new ArrayList<>();
        private String name;
        private @Nullable Duration connectTimeout;
        private @Nullable Duration openTimeout;
        private int readMillis = Text.millis(READ_TIMEOUT);
        private @Nullable StandardProtocolFamily family;
        private boolean tcpNoDelay = true;
        private boolean keepAlive;
        private IdlePolicy whenIdle = IdlePolicy.CLOSE;
        private boolean limited;
        private boolean waits;
        private Resolver resolver = Resolver.SYSTEM;
        private UnaryOperator<Connector> via = UnaryOperator.identity();

        private Builder(String host, int port) {
            this.host = host;
            this.port = port;
            this.name = "tcp://" + Text.endpoint(host, port);
        }

        /**
         * The name in messages, metrics and events. Default: {@code tcp://host:port}.
         *
         * @param name not blank
         * @return this
         * @throws IllegalArgumentException if it is blank
         */
        public Builder name(String name) {
            this.name = name;
            return hold(options -> options.name(name));
        }

        /**
         * The longest wait for one address of the host. Default: 5 seconds, or the {@code openTimeout} if that is less.
         *
         * @param connectTimeout more than zero, in whole milliseconds, rounded up
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder connectTimeout(Duration connectTimeout) {
            this.connectTimeout = Text.requirePositive("connectTimeout", connectTimeout);
            return this;
        }

        /**
         * The longest wait for all addresses of the host together. Looking the name up counts, but cannot be cut short.
         * Default: 15 seconds, or three times the {@code connectTimeout} if that is more.
         *
         * @param openTimeout more than zero, in whole milliseconds, rounded up
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder openTimeout(Duration openTimeout) {
            this.openTimeout = Text.requirePositive("openTimeout", openTimeout);
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
            this.readMillis = Text.millis(Text.requireNotNegative("readTimeout", readTimeout));
            return this;
        }

        /**
         * Connects to addresses of this family only. Default: to all, in the order in which they are found.
         *
         * @param family {@code INET} or {@code INET6}
         * @return this
         * @throws IllegalArgumentException if it is another one
         */
        public Builder family(StandardProtocolFamily family) {
            if (family != StandardProtocolFamily.INET && family != StandardProtocolFamily.INET6) {
                throw new IllegalArgumentException("family is " + family + "; INET or INET6 is allowed");
            }
            this.family = family;
            return this;
        }

        /**
         * Sends each write at once ({@code TCP_NODELAY}). Default: true.
         *
         * @param tcpNoDelay whether to
         * @return this
         */
        public Builder tcpNoDelay(boolean tcpNoDelay) {
            this.tcpNoDelay = tcpNoDelay;
            return this;
        }

        /**
         * Lets the system probe a connection on which nothing happens ({@code SO_KEEPALIVE}). Default: false.
         *
         * @param keepAlive whether to
         * @return this
         */
        public Builder keepAlive(boolean keepAlive) {
            this.keepAlive = keepAlive;
            return this;
        }

        /**
         * What a thread gets that opens inside its scope, as for {@link PerThread.Builder#reentry}. Default:
         * {@link ReentryPolicy#REJECT}.
         *
         * @param reentry the policy
         * @return this
         */
        public Builder reentry(ReentryPolicy reentry) {
            return hold(options -> options.reentry(reentry));
        }

        /**
         * What becomes of a connection when its scope ends, as for {@link PerThread.Builder#whenIdle}. Default:
         * {@link IdlePolicy#CLOSE}.
         *
         * @param whenIdle the policy
         * @return this
         */
        public Builder whenIdle(IdlePolicy whenIdle) {
            this.whenIdle = whenIdle;
            return hold(options -> options.whenIdle(whenIdle));
        }

        /**
         * Closes a connection that nobody has used for so long, as for {@link PerThread.Builder#idleTimeout}. Default:
         * never.
         *
         * @param idleTimeout more than zero
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder idleTimeout(Duration idleTimeout) {
            return hold(options -> options.idleTimeout(idleTimeout));
        }

        /**
         * Closes a connection that has been open for so long, as for {@link PerThread.Builder#maxAge}. Default: never.
         *
         * @param maxAge more than zero
         * @return this
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder maxAge(Duration maxAge) {
            return hold(options -> options.maxAge(maxAge));
        }

        /**
         * The most connections that may be open at once, as for {@link PerThread.Builder#limit}. Default: no limit.
         *
         * @param limit 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder limit(int limit) {
            limited = true;
            return hold(options -> options.limit(limit));
        }

        /**
         * How long {@link LazyConnection#open()} waits at the limit, before it connects. Default: 30 seconds. Needs a
         * {@code limit}.
         *
         * @param acquireTimeout zero or more; zero does not wait at all
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder acquireTimeout(Duration acquireTimeout) {
            waits = true;
            return hold(options -> options.acquireTimeout(acquireTimeout));
        }

        /**
         * The grace of {@link LazyConnection#close()}. Default: 5 seconds.
         *
         * @param closeTimeout zero or more; zero forces at once
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder closeTimeout(Duration closeTimeout) {
            return hold(options -> options.closeTimeout(closeTimeout));
        }

        /**
         * Is told what happens. Default: none.
         *
         * @param listener the listener
         * @return this
         */
        public Builder listener(Listener listener) {
            return hold(options -> options.listener(listener));
        }

        /**
         * Remembers where each scope began, as for {@link PerThread.Builder#trace}. Default: false.
         *
         * @param trace whether to
         * @return this
         */
        public Builder trace(boolean trace) {
            return hold(options -> options.trace(trace));
        }

        /** Where names come from; for tests. */
        Builder resolver(Resolver resolver) {
            this.resolver = resolver;
            return this;
        }

        /** Puts something between the connector and the rest; for tests. */
        Builder via(UnaryOperator<Connector> via) {
            this.via = via;
            return this;
        }

        private Builder hold(Consumer<PerThread.Builder<Transport, IOException>> option) {
            option.accept(PerThread.builder(() -> {
                throw new IOException("only there to refuse a bad value here and not at build");
            }));
            holderOptions.add(option);
            return this;
        }

        /**
         * Makes the object to share. Opens nothing and looks nothing up.
         *
         * @return a new object
         * @throws IllegalArgumentException if two options contradict each other
         */
        public LazyConnection build() {
            if (waits && !limited) {
                throw new IllegalArgumentException(
                        "acquireTimeout has no effect without a limit; leave it out, or build with limit(n)");
            }
            Duration connect = connectTimeout;
            Duration open = openTimeout;
            if (connect != null && open != null && connect.compareTo(open) > 0) {
                throw new IllegalArgumentException("connectTimeout is " + connect + " and openTimeout, which covers all"
                        + " addresses, is " + open + "; connectTimeout may be as long at most");
            }
            long connectNanos = Text.nanos(connect == null ? CONNECT_TIMEOUT : connect);
            long openNanos = Text.nanos(open == null ? OPEN_TIMEOUT : open);
            if (open == null && connectNanos > openNanos / 3) {
                openNanos = connectNanos > Long.MAX_VALUE / 3 ? Long.MAX_VALUE : 3 * connectNanos;
            }
            TcpConnector.Settings settings = new TcpConnector.Settings(
                    host, port, family, connectNanos, openNanos, tcpNoDelay, keepAlive, resolver);
            return new LazyConnection(this, name, via.apply(new TcpConnector(name, settings)));
        }
    }
}
