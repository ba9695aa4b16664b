package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import dev.perthread.cli.fetch.Target.Endpoint;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.Tls;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the connections of a run are made, and what becomes of them after a request.
 *
 * @param tls for https
 * @param unix the socket that all requests go to, whatever their URL names; null connects to that
 * @param whenIdle what becomes of a connection after a request
 * @param limit the most connections to one host at once; 0 is no limit
 */
record ConnectionSettings(Tls tls, @Nullable Path unix, IdlePolicy whenIdle, int limit) {
    /** A new connection for every request, as the recipe does it. */
    static final ConnectionSettings PLAIN = new ConnectionSettings(Tls.defaults(), null, IdlePolicy.CLOSE, 0);

    private static final Duration AS_LONG_AS_IT_TAKES = Duration.ofDays(1); // whoever is served has its own timeouts

    /** Whether a connection may serve several requests. */
    boolean reuses() {
        return whenIdle != IdlePolicy.CLOSE;
    }

    LazyConnection.Builder to(Endpoint endpoint) {
        LazyConnection.Builder builder = kind(endpoint).whenIdle(whenIdle);
        return limit == 0 ? builder : builder.limit(limit).acquireTimeout(AS_LONG_AS_IT_TAKES);
    }

    private LazyConnection.Builder kind(Endpoint endpoint) {
        if (unix != null) {
            return LazyConnection.unix(unix);
        }
        return endpoint.tls()
                ? LazyConnection.tls(endpoint.host(), endpoint.port()).tls(tls)
                : LazyConnection.tcp(endpoint.host(), endpoint.port());
    }
}
