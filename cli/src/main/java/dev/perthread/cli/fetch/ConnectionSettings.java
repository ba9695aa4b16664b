package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import dev.perthread.cli.fetch.Target.Endpoint;
import dev.perthread.net.HostAndPort;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.LazyConnections;
import dev.perthread.net.Tls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SNIHostName;
import org.jspecify.annotations.Nullable;

/**
 * How the connections of a run are made, and what becomes of them after a request.
 *
 * @param tls for https
 * @param unix the socket that all requests go to, whatever their URL names; null connects to that
 * @param whenIdle what becomes of a connection after a request
 * @param limit the most connections at once, to all hosts together; 0 is no limit
 * @param limitPerHost the most connections to one host at once; 0 is no limit
 */
record ConnectionSettings(Tls tls, @Nullable Path unix, IdlePolicy whenIdle, int limit, int limitPerHost) {
    /** A new connection for every request, as the recipe does it. */
    static final ConnectionSettings PLAIN = new ConnectionSettings(Tls.defaults(), null, IdlePolicy.CLOSE, 0, 0);

    private static final Duration AS_LONG_AS_IT_TAKES = Duration.ofDays(1); // whoever is served has its own timeouts

    /** Whether a connection may serve several requests. */
    boolean reuses() {
        return whenIdle != IdlePolicy.CLOSE;
    }

    boolean isLimited() {
        return limit != 0 || limitPerHost != 0;
    }

    /** To the only host of a run, or to the Unix socket. */
    LazyConnection.Builder to(Endpoint endpoint) {
        LazyConnection.Builder builder = kind(endpoint).whenIdle(whenIdle);
        int least = limit == 0 || (limitPerHost != 0 && limitPerHost < limit) ? limitPerHost : limit;
        return least == 0 ? builder : builder.limit(least).acquireTimeout(AS_LONG_AS_IT_TAKES);
    }

    private LazyConnection.Builder kind(Endpoint endpoint) {
        if (unix != null) {
            return LazyConnection.unix(unix);
        }
        return endpoint.tls()
                ? LazyConnection.tls(endpoint.host(), endpoint.port()).tls(tls)
                : LazyConnection.tcp(endpoint.host(), endpoint.port());
    }

    /**
     * To several hosts.
     *
     * @throws IllegalArgumentException if one of them is no name for TLS, or is both by http and by https
     */
    LazyConnections.Builder to(Collection<Endpoint> endpoints) {
        LazyConnections.Builder builder = kind(endpoints).whenIdle(whenIdle);
        if (limit != 0) {
            builder.limit(limit);
        }
        if (limitPerHost != 0) {
            builder.limitPerHost(limitPerHost);
        }
        return isLimited() ? builder.acquireTimeout(AS_LONG_AS_IT_TAKES) : builder;
    }

    private LazyConnections.Builder kind(Collection<Endpoint> endpoints) {
        Set<HostAndPort> encrypted = places(endpoints, true);
        Set<HostAndPort> plain = places(endpoints, false);
        if (encrypted.isEmpty()) {
            return LazyConnections.tcp();
        }
        for (HostAndPort place : encrypted) {
            if (plain.contains(place)) {
                throw new IllegalArgumentException(
                        place + " must be in URLs by http or by https, but was in URLs by both");
            }
            requireNameForTls(place.host());
        }
        LazyConnections.Builder builder = LazyConnections.tls().tls(tls);
        return plain.isEmpty() ? builder : builder.withoutTls(plain::contains);
    }

    private static Set<HostAndPort> places(Collection<Endpoint> endpoints, boolean tls) {
        return endpoints.stream()
                .filter(endpoint -> endpoint.tls() == tls)
                .map(endpoint -> HostAndPort.of(endpoint.host(), endpoint.port()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Connecting would refuse it too, but only then. */
    private static void requireNameForTls(String host) {
        if (host.indexOf(':') < 0) { // an IPv6 address has some, and is no name
            try {
                new SNIHostName(host.endsWith(".") ? host.substring(0, host.length() - 1) : host);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "the host of an https URL must be a name of letters, digits, hyphens and dots, or an address, but"
                                + " was \"" + host + "\"",
                        e);
            }
        }
    }
}
