package dev.perthread.cli.fetch;

import dev.perthread.cli.console.ErrorMessages;
import java.net.IDN;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One URL to fetch: where to connect and what to send there.
 *
 * @param url as it was given
 * @param tls whether by https
 * @param host a name or an address, an IPv6 address without its brackets and with its zone, if it has one
 * @param port from 1 to 65535
 * @param path the path and the query, as they are sent
 */
record Target(String url, boolean tls, String host, int port, String path) {

    private static final int HTTP = 80;
    private static final int HTTPS = 443;
    private static final int HIGHEST_PORT = 65_535;

    /** URI.getHost knows no names with an underscore, though they exist and resolve; so it is taken apart here. */
    private static final Pattern AUTHORITY = Pattern.compile("(?<host>\\[[^]]+]|[^:\\[\\]]+)(?::(?<port>\\d*))?");

    /** What a name may consist of once it is ASCII: turning it into that makes slashes and spaces of their look-alikes. */
    private static final Pattern NAME = Pattern.compile("(?!\\.+$)[a-z0-9._-]+"); // dots alone name nothing

    /** What is shared by all URLs that name it. */
    record Endpoint(boolean tls, String host, int port) {
        /** By hand, as {@link #hashCode}: what a record has of its own takes Java 17 some 20 ms to link, a fifth of a start. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Endpoint that && tls == that.tls && port == that.port && host.equals(that.host);
        }

        @Override
        public int hashCode() {
            return 31 * host.hashCode() + 2 * port + (tls ? 1 : 0);
        }
    }

    static Target parse(String given) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(given)) {
            throw refuse(
                    given, "is not a URL (it has half a character in it)"); // URI fails on it later, in its own way
        }
        URI uri;
        try {
            uri = new URI(given);
        } catch (URISyntaxException e) {
            throw refuse(given, "is not a URL (" + e.getReason() + ")");
        }
        String scheme = uri.getScheme();
        String authority = uri.getRawAuthority();
        boolean tls = "https".equalsIgnoreCase(scheme);
        if (scheme != null && authority != null && !tls && !"http".equalsIgnoreCase(scheme)) {
            throw refuse(given, "has the scheme " + ErrorMessages.quoted(scheme));
        }
        if (scheme == null || authority == null) {
            throw refuse(given, "is not a URL");
        }
        if (authority.contains("@")) {
            throw refuse(given, "names a user, which is never sent");
        }
        Matcher parts = AUTHORITY.matcher(authority);
        if (!parts.matches()) {
            throw refuse(given, "names no host and port that can be understood");
        }
        String host = host(given, parts.group("host"));
        return new Target(given, tls, host, port(given, parts.group("port"), tls ? HTTPS : HTTP), path(uri));
    }

    private static String host(String given, String host) {
        if (host.startsWith("[")) {
            return host.substring(1, host.length() - 1).replaceFirst("%25(?=.)", "%"); // RFC 6874, section 2
        }
        try {
            String name = IDN.toASCII(host).toLowerCase(Locale.ROOT);
            if (NAME.matcher(name).matches()) {
                return name;
            }
        } catch (IllegalArgumentException e) {
            throw noHost(given, host);
        }
        throw noHost(given, host);
    }

    private static IllegalArgumentException noHost(String given, String host) {
        return refuse(given, "names the host " + ErrorMessages.quoted(host) + ", which is none");
    }

    private static int port(String given, @Nullable String digits, int usual) {
        if (digits == null || digits.isEmpty()) {
            return usual;
        }
        int port = digits.length() > 5 ? 0 : Integer.parseInt(digits);
        if (port < 1 || port > HIGHEST_PORT) {
            throw refuse(
                    given, "names port " + ErrorMessages.cut(digits) + ", which must be from 1 to " + HIGHEST_PORT);
        }
        return port;
    }

    private static String path(URI uri) {
        URI ascii = URI.create(uri.toASCIIString());
        String path = ascii.getRawPath();
        String query = ascii.getRawQuery();
        return (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
    }

    private static IllegalArgumentException refuse(String given, String why) {
        return new IllegalArgumentException(
                "must be http[s]://HOST[:PORT][/PATH], but " + ErrorMessages.quoted(withoutUser(given)) + " " + why);
    }

    /** A user part may be a password, and is not shown. It ends with the last @, since what is wrong may be before that. */
    private static String withoutUser(String given) {
        int at = given.lastIndexOf('@');
        int scheme = given.indexOf("://");
        int from = scheme < 0 || scheme > at ? 0 : scheme + "://".length();
        return at < 0 ? given : given.substring(0, from) + "..." + given.substring(at);
    }

    Endpoint endpoint() {
        return new Endpoint(tls, host, port);
    }

    /** The recipe's request. After HTTP/1.0 the server closes the connection to end its answer. */
    byte[] request(String version) {
        // The zone of an address means something on this machine only (RFC 6874, section 4).
        String name = host.contains(":") ? "[" + host.replaceFirst("%.*", "") + "]" : host;
        boolean usual = port == (tls ? HTTPS : HTTP);
        String request = "GET " + path + " " + version + "\r\nHost: " + name + (usual ? "" : ":" + port) + "\r\n\r\n";
        return request.getBytes(StandardCharsets.US_ASCII);
    }
}
