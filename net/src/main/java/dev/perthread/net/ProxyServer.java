package dev.perthread.net;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A proxy, for {@link LazyConnection.Builder#proxy}. The name of the target is looked up by the proxy and not here.
 * Immutable.
 */
public final class ProxyServer {
    private enum Protocol {
        SOCKS5,
        HTTP
    }

    /** What the SOCKS protocol has room for. */
    private static final int LONGEST = 255;

    private final Protocol protocol;
    private final String host;
    private final int port;
    private final @Nullable String user;
    private final @Nullable String password;

    private ProxyServer(Protocol protocol, String host, int port, @Nullable String user, @Nullable String password) {
        this.protocol = protocol;
        this.host = Checks.requireHost(host);
        this.port = Checks.requirePort(port);
        this.user = user;
        this.password = password;
    }

    /**
     * A SOCKS proxy of version 5 (RFC 1928).
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a proxy that asks for no login
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static ProxyServer socks5(String host, int port) {
        return new ProxyServer(Protocol.SOCKS5, host, port, null, null);
    }

    /**
     * An HTTP proxy, by its {@code CONNECT} method (RFC 9110, section 9.3.6).
     *
     * @param host a name or an address
     * @param port 1 to 65535
     * @return a proxy that asks for no login
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static ProxyServer http(String host, int port) {
        return new ProxyServer(Protocol.HTTP, host, port, null, null);
    }

    /**
     * The same proxy with a login, which is sent unencrypted: by RFC 1929, or as Basic authentication.
     *
     * @param user 1 to 255 bytes in UTF-8, for HTTP without a colon
     * @param password 1 to 255 bytes in UTF-8
     * @return another one
     * @throws IllegalArgumentException if one is empty or longer, or has a colon where it may not
     */
    public ProxyServer login(String user, String password) {
        if (protocol == Protocol.HTTP && user.indexOf(':') >= 0) {
            throw new IllegalArgumentException("user of an HTTP proxy has a colon in it; one without is allowed");
        }
        return new ProxyServer(protocol, host, port, required("user", user), required("password", password));
    }

    private static String required(String what, String given) {
        int length = given.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > LONGEST) {
            throw new IllegalArgumentException(
                    what + " of a proxy has " + length + " bytes; 1 to " + LONGEST + " are allowed");
        }
        return given;
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    /** What is done over a connection to the proxy to get one to the target. */
    ConnectionUpgrade to(String targetHost, int targetPort) {
        String bare = Hosts.withoutBrackets(targetHost);
        if (protocol == Protocol.HTTP) {
            return new HttpConnect(toString(), bare, targetPort, user, password);
        }
        if (bare.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            throw new IllegalArgumentException(
                    "host has more than " + LONGEST + " bytes, which is the most that a SOCKS5 proxy takes");
        }
        return new Socks5(toString(), bare, targetPort, user, password);
    }

    /** The protocol and the address; no login. */
    @Override
    public String toString() {
        return (protocol == Protocol.HTTP ? "HTTP proxy " : "SOCKS5 proxy ") + Hosts.endpoint(host, port);
    }
}
