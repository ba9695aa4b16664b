package dev.perthread.net;

import dev.perthread.IdlePolicy;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parser of connection strings: what to connect to and how, in one line of text, as configuration files and
 * arguments have it.
 *
 * <p>Every refusal names the string as far as its question mark: what comes after it may have a password in it. Where a
 * password may have got before the question mark, or been cut into pieces by an {@code &} of its own, nothing is quoted but
 * what has been understood.
 */
final class ConnectionString {
    private static final Pattern ADDRESSED = Pattern.compile("(tcp|tls|udp)://(.*)", Pattern.DOTALL);
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[^\\[\\]]*\\]|[^:\\[\\]/@]*):([0-9]{1,9})");
    private static final Pattern PROXY = Pattern.compile("(socks5|http)://(?:([^:@/]*):([^@/]*)@)?(.*)");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
    private static final Pattern SECRET = Pattern.compile("@|password", Pattern.CASE_INSENSITIVE);
    private static final String FORMS = "tcp://host:port, tls://host:port, udp://host:port or unix:/path";

    /** Options that are not TLS's own, by name. */
    private static final Map<String, Setter> SETTERS = new TreeMap<>();

    static {
        SETTERS.put("name", (builder, value) -> {
            if (!Messages.shown(value).equals(value)) {
                throw bad("name", value, "text without control characters"); // it goes into messages, logs and metrics
            }
            return builder.name(value);
        });
        duration("connectTimeout", LazyConnection.Builder::connectTimeout);
        duration("openTimeout", LazyConnection.Builder::openTimeout);
        duration("readTimeout", LazyConnection.Builder::readTimeout);
        duration("writeTimeout", LazyConnection.Builder::writeTimeout);
        duration("acquireTimeout", LazyConnection.Builder::acquireTimeout);
        duration("closeTimeout", LazyConnection.Builder::closeTimeout);
        duration("idleTimeout", LazyConnection.Builder::idleTimeout);
        duration("maxAge", LazyConnection.Builder::maxAge);
        duration("linger", LazyConnection.Builder::linger);
        duration("closerTimeout", LazyConnection.Builder::closerTimeout);
        duration("checkAfterIdle", LazyConnection.Builder::checkAfterIdle);
        duration("checkIdleEvery", LazyConnection.Builder::checkIdleEvery);
        duration("warnWhenHeldFor", LazyConnection.Builder::warnWhenHeldFor);
        number("limit", LazyConnection.Builder::limit);
        number("maxWaiting", LazyConnection.Builder::maxWaiting);
        number("minIdle", LazyConnection.Builder::minIdle);
        number("maxIdle", LazyConnection.Builder::maxIdle);
        number("maxUses", LazyConnection.Builder::maxUses);
        number("sendBuffer", LazyConnection.Builder::sendBuffer);
        number("receiveBuffer", LazyConnection.Builder::receiveBuffer);
        choice("tcpNoDelay", LazyConnection.Builder::tcpNoDelay, Map.of("true", true, "false", false));
        choice("keepAlive", LazyConnection.Builder::keepAlive, Map.of("true", true, "false", false));
        choice(
                "family",
                LazyConnection.Builder::family,
                Map.of("ipv4", StandardProtocolFamily.INET, "ipv6", StandardProtocolFamily.INET6));
        choice("timeLeases", LazyConnection.Builder::timeLeases, Map.of("true", true, "false", false));
        choice("whenIdle", LazyConnection.Builder::whenIdle, words(IdlePolicy.values()));
        choice("reuse", LazyConnection.Builder::reuse, words(ReusePolicy.values()));
        choice("reentry", LazyConnection.Builder::reentry, words(ReentryPolicy.values()));
        SETTERS.put("openBackoff", (builder, value) -> {
            String[] both = value.split(",", 2);
            String what = "two durations, the first and the longest, such as 100ms,10s";
            if (both.length < 2) {
                throw bad("openBackoff", value, what);
            }
            return builder.openBackoff(duration("openBackoff", both[0], what), duration("openBackoff", both[1], what));
        });
        SETTERS.put("bindTo", (builder, value) -> builder.bindTo(address(value)));
        SETTERS.put("proxy", (builder, value) -> builder.proxy(proxy(value)));
    }

    @FunctionalInterface
    private interface Setter {
        LazyConnection.Builder set(LazyConnection.Builder builder, String value);
    }

    @FunctionalInterface
    private interface Typed<T> {
        LazyConnection.Builder set(LazyConnection.Builder builder, T value);
    }

    /** Options of {@link Tls}, by name. */
    private enum TlsOption {
        ca,
        cert,
        key,
        alpn,
        serverName,
        protocols
    }

    private ConnectionString() {}

    static LazyConnection.Builder parse(String text) {
        return read(text, Function.identity());
    }

    static LazyConnection build(String text) {
        return read(text, LazyConnection.Builder::build); // which may refuse it as well, for what contradicts itself
    }

    /** A refusal that quotes, and what it says where there may be a password in what it would quote. */
    private static final class Refusal extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        final String discreet;

        Refusal(String quoting, String discreet) {
            super(quoting);
            this.discreet = discreet;
        }
    }

    private static <R> R read(String text, Function<LazyConnection.Builder, R> then) {
        int mark = text.indexOf('?');
        String place = mark < 0 ? text : text.substring(0, mark);
        boolean secret = SECRET.matcher(text).find();
        String shown = beforeEquals(place);
        try {
            LazyConnection.Builder builder;
            try {
                builder = place(place);
            } catch (IllegalArgumentException e) {
                shown = secret ? place.replaceFirst("(?s)^([a-z0-9]{0,8}:(?://)?|).*", "$1...") : shown;
                throw e;
            }
            return then.apply(mark < 0 ? builder : withOptions(builder, text.substring(mark + 1)));
        } catch (IllegalArgumentException e) {
            String why = secret && e instanceof Refusal refusal ? refusal.discreet : String.valueOf(e.getMessage());
            // No cause, and all of it fit to read: whatever refused it may quote it as it is.
            throw new IllegalArgumentException("connection string \"" + Messages.shown(shown, 200)
                    + (mark < 0 ? "" : "?...") + "\": " + Messages.shown(why));
        }
    }

    /** Where the question mark was forgotten, the first option is part of the place, and its value may be a password. */
    private static String beforeEquals(String place) {
        int equals = place.indexOf('=');
        return equals < 0 ? place : place.substring(0, equals) + "=...";
    }

    private static LazyConnection.Builder place(String place) {
        if (place.startsWith("unix:")) {
            String path = place.substring("unix:".length()).replaceFirst("^//(?=/)", "");
            if (!path.startsWith("/")) {
                throw new Refusal(
                        "the path must begin with /, but was \"" + beforeEquals(path) + "\"",
                        "the path must begin with /");
            }
            return LazyConnection.unix(Path.of(decoded(path)));
        }
        Matcher parts = ADDRESSED.matcher(place);
        if (!parts.matches()) {
            throw new IllegalArgumentException("it must be " + FORMS);
        }
        return at(parts.group(2), (host, port) -> switch (parts.group(1)) {
            case "tcp" -> LazyConnection.tcp(host, port);
            case "tls" -> LazyConnection.tls(host, port);
            default -> LazyConnection.udp(host, port);
        });
    }

    @FunctionalInterface
    private interface Place<T> {
        T at(String host, int port);
    }

    private static <T> T at(String hostAndPort, Place<T> make) {
        Matcher parts = HOST_AND_PORT.matcher(hostAndPort);
        if (!parts.matches()) {
            String must =
                    "the address must be host:port, with an IPv6 address in brackets and nothing before the host or after"
                            + " the port";
            throw new Refusal(must + ", but was \"" + beforeEquals(hostAndPort) + "\"", must);
        }
        String host = parts.group(1);
        if (host.startsWith("[")) {
            host = host.replaceFirst("%25(?=[^\\]])", "%"); // a zone is written so in URLs (RFC 6874, section 2)
        }
        return make.at(host, Integer.parseInt(parts.group(2)));
    }

    private static LazyConnection.Builder withOptions(LazyConnection.Builder builder, String query) {
        Map<String, String> given = new LinkedHashMap<>();
        for (String option : query.split("&", -1)) {
            int equals = option.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("each option must be name=value, with & between two of them");
            }
            String name = option.substring(0, equals);
            String value = option.substring(equals + 1);
            // A URL is taken apart before it is decoded, or a password could not have in it what separates its parts.
            boolean url = name.equals("proxy") && value.contains("://");
            if (given.put(name, url ? value : decoded(value)) != null) {
                throw new Refusal(
                        "option " + name + " must be given once, but was given twice",
                        "each option must be given once, but one was given twice");
            }
        }
        Map<TlsOption, String> encrypted = new TreeMap<>();
        given.forEach((name, value) -> {
            TlsOption tls = tlsOption(name);
            Setter setter = SETTERS.get(name);
            if (tls != null) {
                encrypted.put(tls, value);
            } else if (setter != null) {
                setter.set(builder, value);
            } else {
                String must = " is unknown; it must be one of " + String.join(", ", SETTERS.keySet()) + ", and for tls "
                        + Arrays.stream(TlsOption.values()).map(Enum::name).collect(Collectors.joining(", "));
                throw new Refusal(
                        "option " + Messages.shown(name, 40) + must,
                        "an option" + must + "; in a password, %26 must be written for &");
            }
        });
        if (!encrypted.isEmpty()) {
            if (!builder.isTls()) {
                throw new IllegalArgumentException(
                        "option " + encrypted.keySet().iterator().next()
                                + " has an effect on tls connections only; leave it out");
            }
            try {
                builder.tls(tls(encrypted));
            } catch (IllegalArgumentException e) {
                throw new Refusal(
                        String.valueOf(e.getMessage()),
                        "one of the options " + encrypted.keySet() + " has a value that is refused");
            }
        }
        return builder;
    }

    private static @Nullable TlsOption tlsOption(String name) {
        return Arrays.stream(TlsOption.values())
                .filter(one -> one.name().equals(name))
                .findAny()
                .orElse(null);
    }

    private static Tls tls(Map<TlsOption, String> given) {
        Tls tls = Tls.defaults();
        String cert = given.get(TlsOption.cert);
        String key = given.get(TlsOption.key);
        if ((cert == null) != (key == null)) {
            throw new IllegalArgumentException("option " + (cert == null ? "key" : "cert") + " must be given with "
                    + (cert == null ? "cert" : "key") + ", but was given alone");
        }
        if (cert != null && key != null) {
            tls = tls.identity(Path.of(cert), Path.of(key));
        }
        String ca = given.get(TlsOption.ca);
        tls = ca == null ? tls : tls.trust(Path.of(ca));
        String alpn = given.get(TlsOption.alpn);
        tls = alpn == null ? tls : tls.alpn(alpn.split(",", -1));
        String serverName = given.get(TlsOption.serverName);
        tls = serverName == null ? tls : tls.serverName(serverName);
        String protocols = given.get(TlsOption.protocols);
        return protocols == null ? tls : tls.protocols(protocols.split(",", -1));
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8); // a plus is a plus here
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("a % is not followed by two hexadecimal digits; %25 is a %", e);
        }
    }

    private static void duration(String name, Typed<Duration> setter) {
        SETTERS.put(
                name,
                (builder, value) ->
                        setter.set(builder, duration(name, value, "a number and ms, s, m or h, such as 250ms or 5s")));
    }

    private static Duration duration(String name, String value, String what) {
        Matcher parts = DURATION.matcher(value);
        if (!parts.matches()) {
            throw bad(name, value, what);
        }
        long number = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }

    private static void number(String name, Typed<Integer> setter) {
        SETTERS.put(name, (builder, value) -> {
            if (!value.matches("[0-9]{1,9}")) {
                throw bad(name, value, "a whole number");
            }
            return setter.set(builder, Integer.valueOf(value));
        });
    }

    private static <T> void choice(String name, Typed<T> setter, Map<String, T> choices) {
        SETTERS.put(name, (builder, value) -> {
            T chosen = choices.get(value);
            if (chosen == null) {
                throw bad(name, value, choices.keySet().stream().sorted().collect(Collectors.joining(" or ")));
            }
            return setter.set(builder, chosen);
        });
    }

    private static <E extends Enum<E>> Map<String, E> words(E[] values) {
        return Arrays.stream(values)
                .collect(Collectors.toMap(
                        value -> value.name().toLowerCase(Locale.ROOT).replace('_', '-'), Function.identity()));
    }

    private static InetAddress address(String value) {
        try {
            Host host = Host.of(value);
            if (host.isAddress()) {
                return InetAddress.getByName(host.here()); // looks nothing up
            }
        } catch (IllegalArgumentException | UnknownHostException noAddress) {
            // told below
        }
        throw bad("bindTo", value, "an IPv4 or IPv6 address");
    }

    private static ProxyServer proxy(String value) {
        Matcher parts = PROXY.matcher(value);
        if (!parts.matches()) {
            throw new IllegalArgumentException("option proxy must be socks5://host:port or http://host:port, with"
                    + " user:password@ before the host if it wants a login");
        }
        if (!HOST_AND_PORT.matcher(parts.group(4)).matches()) {
            // Not quoted: with a / or @ in it, a password is part of what is taken for the address.
            throw new IllegalArgumentException("option proxy must have an address host:port, with an IPv6 address"
                    + " in brackets, and in user and password %2F for / and %40 for @");
        }
        ProxyServer proxy = at(parts.group(4), parts.group(1).equals("http") ? ProxyServer::http : ProxyServer::socks5);
        return parts.group(2) == null ? proxy : proxy.login(decoded(parts.group(2)), decoded(parts.group(3)));
    }

    private static IllegalArgumentException bad(String name, String value, String what) {
        return new Refusal(
                "option " + name + " must be " + what + ", but was \"" + Messages.shown(value, 60) + "\"",
                "option " + name + " must be " + what + ", but has another value");
    }
}
