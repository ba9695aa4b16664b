package dev.perthread.net;

import java.net.InetAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The options of connections of one kind: which of them that kind has, whether they fit together, and what they lead to.
 *
 * <p>The options that the pool of the connections has are not here, but for those that limit these.
 */
final class Options {
    enum Kind {
        TCP,
        TLS,
        UNIX,
        UDP;

        String scheme() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Set<Kind> TCP_BASED = EnumSet.of(Kind.TCP, Kind.TLS);
    private static final Set<Kind> ADDRESSED = EnumSet.complementOf(EnumSet.of(Kind.UNIX));

    /** The kinds that an option has an effect on, for those that have none on some. */
    private static final Map<String, Set<Kind>> PARTIAL = Map.of(
            "connectTimeout", EnumSet.complementOf(EnumSet.of(Kind.UDP)),
            "family", ADDRESSED,
            "bindTo", ADDRESSED,
            "tcpNoDelay", TCP_BASED,
            "keepAlive", TCP_BASED,
            "linger", TCP_BASED,
            "proxy", TCP_BASED,
            "tls", EnumSet.of(Kind.TLS),
            "withoutTls", EnumSet.of(Kind.TLS));

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration ACQUIRE_TIMEOUT = Duration.ofSeconds(30); // the pool's own default
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

    final Kind kind;
    private final Set<String> given = new LinkedHashSet<>();
    private final Map<SocketOption<?>, Object> socketOptions = new HashMap<>();

    @Nullable
    Duration connectTimeout;

    @Nullable
    Duration openTimeout;

    @Nullable
    Duration acquireTimeout;

    Duration readTimeout = READ_TIMEOUT;

    @Nullable
    Duration writeTimeout;

    @Nullable
    StandardProtocolFamily family;

    @Nullable
    InetAddress from;

    @Nullable
    ProxyServer proxy;

    Tls tls = Tls.defaults();
    boolean limited;
    boolean kept; // for a later scope
    Resolver resolver = Resolver.SYSTEM;

    Options(Kind kind) {
        this.kind = kind;
        if (TCP_BASED.contains(kind)) {
            socketOptions.put(StandardSocketOptions.TCP_NODELAY, true);
        }
    }

    /** Remembers that this option was given; whether it fits is seen when all are. */
    Options give(String option) {
        given.add(option);
        return this;
    }

    <T> void give(String option, SocketOption<T> of, T value) {
        give(option).socketOptions.put(of, value);
    }

    Map<SocketOption<?>, Object> socketOptions() {
        return Map.copyOf(socketOptions);
    }

    /** Refuses what contradicts itself. */
    void check() {
        for (String option : given) {
            if (!PARTIAL.getOrDefault(option, EnumSet.allOf(Kind.class)).contains(kind)) {
                throw new IllegalArgumentException(
                        option + " has no effect on a " + kind.scheme() + " connection; leave it out");
            }
        }
        atMost("connectTimeout", connectTimeout, "openTimeout", openTimeout, "covers all addresses");
        if (acquireTimeout != null && !acquireTimeout.isZero()) {
            atMost("openTimeout", openTimeout, "acquireTimeout", acquireTimeout, "covers connecting");
        }
        if (family != null && from != null && Addresses.familyOf(from) != family) {
            throw new IllegalArgumentException(
                    "bindTo must be an address of family " + family + ", but was " + from.getHostAddress());
        }
    }

    private static void atMost(
            String option, @Nullable Duration part, String of, @Nullable Duration whole, String why) {
        if (part != null && whole != null && part.compareTo(whole) > 0) {
            throw new IllegalArgumentException(option + " is " + part + " and " + of + ", which " + why + ", is "
                    + whole + "; " + option + " may be as long at most");
        }
    }

    Duration writeTimeout() {
        return writeTimeout == null ? readTimeout : writeTimeout;
    }

    long connectNanos() {
        return Timeouts.nanos(connectTimeout == null ? CONNECT_TIMEOUT : connectTimeout);
    }

    long openNanos() {
        if (openTimeout != null) {
            return Timeouts.nanos(openTimeout);
        }
        long three = connectNanos() > Long.MAX_VALUE / 3 ? Long.MAX_VALUE : 3 * connectNanos();
        return Math.max(Timeouts.nanos(OPEN_TIMEOUT), three);
    }

    /** Of {@code open()} in all: as given, or else the {@code openTimeout}, or else long enough for that. */
    Duration acquireTimeout() {
        if (acquireTimeout != null) {
            return acquireTimeout;
        }
        if (openTimeout != null && limited) {
            return openTimeout;
        }
        Duration opening = Duration.ofNanos(openNanos());
        return opening.compareTo(ACQUIRE_TIMEOUT) > 0 ? opening : ACQUIRE_TIMEOUT;
    }
}
