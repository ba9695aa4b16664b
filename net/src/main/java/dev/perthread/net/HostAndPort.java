package dev.perthread.net;

/**
 * A host and a port, the key of {@link LazyConnections}. Hosts are equal if they are the same name, whatever its case and
 * whether in Unicode or in its form in ASCII (IDNA), or the same address. A name and its addresses are not.
 *
 * @since 0.1
 */
public final class HostAndPort {
    private final Host host;
    private final int port;
    private final String canonical;

    private HostAndPort(Host host, int port) {
        this.host = host;
        this.port = port;
        this.canonical = host.canonical();
    }

    /**
     * A host and a port. Looks nothing up.
     *
     * @param host a name or an address, an IPv6 address with or without brackets
     * @param port 1 to 65535
     * @return both
     * @throws IllegalArgumentException if the host is blank or has spaces in it, or the port is out of range
     */
    public static HostAndPort of(String host, int port) {
        return new HostAndPort(Host.of(host), Checks.requirePort(port));
    }

    Host place() {
        return host;
    }

    /**
     * Returns the host as it was given, without brackets.
     *
     * @return a name or an address
     */
    public String host() {
        return host.toString();
    }

    /**
     * Returns the port.
     *
     * @return 1 to 65535
     */
    public int port() {
        return port;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HostAndPort that && port == that.port && canonical.equals(that.canonical);
    }

    @Override
    public int hashCode() {
        return canonical.hashCode() + port;
    }

    /** {@code host:port}, an IPv6 address in brackets. */
    @Override
    public String toString() {
        return host.endpoint(port);
    }
}
