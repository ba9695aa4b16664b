package dev.perthread.net;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
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

    /** In bytes: a login and a name have their length in one byte. */
    private static final int LONGEST_OF_SOCKS = 255;

    private final Protocol protocol;
    private final Host host;
    private final int port;
    private final @Nullable String user;
    private final @Nullable String password;

    private ProxyServer(Protocol protocol, Host host, int port, @Nullable String user, @Nullable String password) {
        this.protocol = protocol;
        this.host = host;
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
        return new ProxyServer(Protocol.SOCKS5, Host.of(host), port, null, null);
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
        return new ProxyServer(Protocol.HTTP, Host.of(host), port, null, null);
    }

    /**
     * The same proxy with a login, which is sent unencrypted: by RFC 1929, or as Basic authentication (RFC 7617).
     *
     * @param user for SOCKS 1 to 255 bytes in UTF-8, for HTTP anything without a colon
     * @param password for SOCKS 1 to 255 bytes in UTF-8, for HTTP anything; empty where the user is a key or a token
     * @return another one
     * @throws IllegalArgumentException if one is not as said; the message does not show it
     */
    public ProxyServer login(String user, String password) {
        Objects.requireNonNull(password, "password");
        if (protocol == Protocol.HTTP) {
            if (user.indexOf(':') >= 0) {
                throw new IllegalArgumentException("user of an HTTP proxy must be without a colon, but had one");
            }
        } else {
            requireRoom("user", user);
            requireRoom("password", password);
        }
        return new ProxyServer(protocol, host, port, user, password);
    }

    private static void requireRoom(String what, String given) {
        int length = given.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > LONGEST_OF_SOCKS) {
            throw new IllegalArgumentException(
                    what + " of a SOCKS5 proxy must have 1 to " + LONGEST_OF_SOCKS + " bytes, but had " + length);
        }
    }

    Host host() {
        return host;
    }

    int port() {
        return port;
    }

    /** What is done over a connection to the proxy to get one to the target. */
    ConnectionUpgrade to(Host target, int targetPort) {
        if (protocol == Protocol.HTTP) {
            return new HttpConnect(toString(), target, targetPort, user, password);
        }
        if (target.elsewhere().length() > LONGEST_OF_SOCKS) {
            throw new IllegalArgumentException(
                    "host must have " + LONGEST_OF_SOCKS + " bytes at most for a SOCKS5 proxy, but had "
                            + target.elsewhere().length());
        }
        return new Socks5(toString(), target, targetPort, user, password);
    }

    /** The protocol and the address; no login. */
    @Override
    public String toString() {
        return (protocol == Protocol.HTTP ? "HTTP proxy " : "SOCKS5 proxy ") + host.endpoint(port);
    }
}
