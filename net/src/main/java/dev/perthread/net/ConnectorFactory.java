package dev.perthread.net;

import java.net.InetAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A factory of connectors that have the same options. What the connectors of all hosts share, such as the certificates that
 * TLS trusts, is made once. Immutable.
 */
final class ConnectorFactory {
    private final String name;
    private final Options.Kind kind;
    private final boolean kept;
    private final long connectNanos;
    private final @Nullable StandardProtocolFamily family;
    private final @Nullable InetAddress from;
    private final @Nullable ProxyServer proxy;
    private final Tls tls;
    private final @Nullable SSLContext trusting; // none without TLS
    private final Resolver resolver;
    private final Map<SocketOption<?>, Object> socketOptions;

    /**
     * Reads the files that the options name.
     *
     * @param name of the pool, for messages
     * @param sessions of TLS that are remembered, to resume them
     */
    ConnectorFactory(String name, Options options, int sessions) {
        this.name = name;
        this.kind = options.kind;
        this.kept = options.kept;
        this.connectNanos = options.connectNanos();
        this.family = options.family;
        this.from = options.from;
        this.proxy = options.proxy;
        this.tls = options.tls;
        this.trusting = kind == Options.Kind.TLS ? tls.context(sessions) : null;
        this.resolver = options.resolver;
        this.socketOptions = options.socketOptions();
    }

    Connector to(UnixDomainSocketAddress path) {
        return new UnixConnector(name, path, connectNanos, socketOptions);
    }

    /** For a host, by TLS if that is the kind of the options. */
    Connector to(Host host, int port) {
        return kind == Options.Kind.UDP ? udp(host, port) : tcp(host, port, trusting);
    }

    /** For a host, by TCP without TLS. */
    Connector plainTo(Host host, int port) {
        return tcp(host, port, null);
    }

    private Connector udp(Host host, int port) {
        String endpoint = host.endpoint(port);
        return new UdpConnector(
                name, endpoint, new Addresses(host, endpoint, family, from, resolver), port, socketOptions);
    }

    private Connector tcp(Host host, int port, @Nullable SSLContext encrypting) {
        List<ConnectionUpgrade> upgrades = new ArrayList<>();
        String target = host.endpoint(port);
        if (proxy != null) {
            target += " through the " + proxy;
            upgrades.add(proxy.to(host, port));
        }
        if (encrypting != null) {
            upgrades.add(tls.to(host, port, encrypting));
        }
        Addresses addresses = new Addresses(proxy == null ? host : proxy.host(), target, family, from, resolver);
        return new TcpConnector(
                name,
                new TcpConnector.Settings(
                        target,
                        addresses,
                        proxy == null ? port : proxy.port(),
                        connectNanos,
                        kept || encrypting != null,
                        socketOptions,
                        List.copyOf(upgrades)));
    }
}
