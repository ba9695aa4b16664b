package dev.perthread.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that a name resolves to, as far as they fit the options.
 *
 * <p>It says where to look and what to take.
 *
 * @param host to look up
 * @param target for messages
 * @param family only addresses of this one, or {@code null} for all
 * @param from the address to connect from, which decides the family as well, or {@code null} for any
 */
record Addresses(
        Host host,
        String target,
        @Nullable StandardProtocolFamily family,
        @Nullable InetAddress from,
        Resolver resolver) {

    /** At least one, in the order in which they are found. */
    List<InetAddress> find() throws UnknownHostException {
        List<InetAddress> all;
        try {
            all = resolver.resolve(host.here());
        } catch (UnknownHostException e) {
            throw unknown(
                    host.isAddress()
                            ? "the address" + nameIfOther() + " has no meaning here: " + e.getMessage()
                            : "the name" + nameIfOther() + " has no address",
                    e);
        }
        StandardProtocolFamily wanted = family != null ? family : from == null ? null : familyOf(from);
        if (wanted == null) {
            return all;
        }
        List<InetAddress> fit =
                all.stream().filter(one -> familyOf(one) == wanted).toList();
        if (fit.isEmpty()) {
            String only = all.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", "));
            throw unknown("the name" + nameIfOther() + " has no " + wanted + " address, only " + only, null);
        }
        return fit;
    }

    /** The name of a proxy is not in the target. */
    private String nameIfOther() {
        return target.startsWith(host.toString()) || target.startsWith("[" + host) ? "" : " " + host;
    }

    static StandardProtocolFamily familyOf(InetAddress address) {
        return address instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
    }

    private UnknownHostException unknown(String why, @Nullable UnknownHostException cause) {
        UnknownHostException failure = new UnknownHostException("cannot connect to " + target + ": " + why);
        failure.initCause(cause);
        return failure;
    }
}
