package dev.perthread.cli.fetch;

import dev.perthread.Action;
import dev.perthread.Listener;
import dev.perthread.cli.fetch.Target.Endpoint;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.LazyConnections;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The connections of a run: a {@code LazyConnection} for its only host or its Unix socket, or {@code LazyConnections} for
 * several hosts.
 */
interface FetchConnections extends AutoCloseable {

    /** Opens a scope of the calling thread for a target, runs the action, and ends it. */
    void run(Target target, Action<Connection, IOException> action) throws IOException;

    /** How many were opened so far. */
    long opened();

    /** Closes all at once, under their users. */
    @Override
    void close();

    /**
     * Opens nothing yet.
     *
     * @throws IllegalArgumentException if a host, or a file for TLS, is not what it should be
     */
    static FetchConnections of(FetchPlan plan, Listener listener) {
        ConnectionSettings settings = plan.settings();
        Duration timeout = plan.bounds().timeout();
        Duration maxTime = plan.bounds().maxTime();
        Duration connect = timeout.compareTo(maxTime) < 0 ? timeout : maxTime;
        // Waiting at a limit would count, too; and what it is if nothing is said is enough for several addresses.
        boolean bounded = !settings.isLimited() && maxTime.compareTo(timeout.multipliedBy(3)) < 0;
        Set<Endpoint> endpoints = plan.targets().stream().map(Target::endpoint).collect(Collectors.toUnmodifiableSet());
        if (endpoints.size() == 1 || (settings.unix() != null && !endpoints.isEmpty())) {
            LazyConnection.Builder one = settings.to(endpoints.iterator().next())
                    .connectTimeout(connect)
                    .readTimeout(timeout)
                    .listener(listener);
            return new ToOne((bounded ? one.openTimeout(maxTime) : one).build());
        }
        LazyConnections.Builder many = settings.to(endpoints)
                .connectTimeout(connect)
                .readTimeout(timeout)
                .listener(listener);
        return new ToMany((bounded ? many.openTimeout(maxTime) : many).build());
    }

    /** To one place. */
    record ToOne(LazyConnection shared) implements FetchConnections {
        @Override
        public void run(Target target, Action<Connection, IOException> action) throws IOException {
            shared.run(action);
        }

        @Override
        public long opened() {
            return shared.holder().stats().opened();
        }

        @Override
        public void close() {
            shared.close(Duration.ZERO);
        }
    }

    /** To the host of each target. */
    record ToMany(LazyConnections shared) implements FetchConnections {
        @Override
        public void run(Target target, Action<Connection, IOException> action) throws IOException {
            shared.run(target.host(), target.port(), action);
        }

        @Override
        public long opened() {
            return shared.holder().stats().opened();
        }

        @Override
        public void close() {
            shared.close(Duration.ZERO);
        }
    }
}
