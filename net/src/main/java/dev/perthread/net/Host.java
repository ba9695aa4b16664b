package dev.perthread.net;

import java.net.IDN;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A host, as a name or an address, in the form that each place needs: as it was given in messages, in ASCII where it is
 * looked up here, without a zone for a proxy, and without a trailing dot as well for TLS. Everything that takes a host
 * takes one of these, so that there is one rule for all.
 */
final class Host {
    /** Java takes further forms for addresses, such as 127.1 or 010.0.0.1; others read them otherwise, or not at all. */
    private static final Pattern IPV4 = Pattern.compile("(?:(?:0|[1-9][0-9]{0,2})(?:\\.(?=[0-9])|$)){4}");

    private static final int HIGHEST_BYTE = 255;

    /** What a name may consist of once it is ASCII: IDN makes slashes, colons and spaces of their look-alikes. */
    private static final Pattern ASCII_NAME = Pattern.compile("[A-Za-z0-9._-]+");

    private final String given;
    private final String ascii;
    private final boolean address;

    private Host(String given, String ascii, boolean address) {
        this.given = given;
        this.ascii = ascii;
        this.address = address;
    }

    /**
     * A host from its text. Looks nothing up.
     *
     * @param text a name, an IPv4 address, or an IPv6 address with or without brackets and a zone
     * @throws IllegalArgumentException if it is none of these
     */
    static Host of(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("host must be a name or an address, but was empty");
        }
        // Refused here because it would go into messages and logs as it is.
        if (text.codePoints().anyMatch(Messages::isInvisible)) {
            throw refused(text, "a name or an address without spaces or control characters");
        }
        if (text.indexOf('@') >= 0) { // not quoted: before it there may be a password
            throw new IllegalArgumentException("host must be a name or an address alone, but has an @ in it");
        }
        if (text.indexOf(':') >= 0 || text.indexOf('[') >= 0 || text.indexOf(']') >= 0) {
            return sixth(text);
        }
        String ascii = ascii(text);
        if (ascii.chars().allMatch(c -> c == '.')) {
            throw refused(text, "a name or an address");
        }
        return new Host(text, ascii, isIpv4(ascii));
    }

    private static Host sixth(String text) {
        boolean brackets = text.startsWith("[") && text.endsWith("]");
        String bare = brackets ? text.substring(1, text.length() - 1) : text;
        int percent = bare.indexOf('%');
        String literal = percent < 0 ? bare : bare.substring(0, percent);
        boolean known = literal.indexOf(':') >= 0 && literal.indexOf('[') < 0 && percent != bare.length() - 1;
        try {
            if (known) {
                InetAddress.getByName("[" + literal + "]"); // in brackets it is never looked up
            }
        } catch (UnknownHostException noAddress) {
            known = false;
        }
        if (!known) {
            throw refused(text, "a name, or an address, an IPv6 address in brackets or not");
        }
        return new Host(bare, bare, true);
    }

    private static String ascii(String name) {
        if (name.chars().allMatch(c -> c < 128)) {
            return name;
        }
        try {
            String ascii = IDN.toASCII(name);
            if (ASCII_NAME.matcher(ascii).matches()) {
                return ascii;
            }
        } catch (IllegalArgumentException noName) {
            // refused below, in words that say what was given
        }
        throw refused(name, "a name that has a form in ASCII (IDNA)");
    }

    private static boolean isIpv4(String text) {
        return IPV4.matcher(text).matches()
                && Arrays.stream(text.split("\\.")).allMatch(part -> Integer.parseInt(part) <= HIGHEST_BYTE);
    }

    private static IllegalArgumentException refused(String text, String what) {
        return new IllegalArgumentException("host must be " + what + ", but was \"" + Messages.shown(text) + "\"");
    }

    /** For messages: as it was given, with the port, and with the brackets that the colons of an IPv6 address need. */
    String endpoint(int port) {
        return endpoint(given, port);
    }

    private static String endpoint(String host, int port) {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /** What is looked up on this machine; an address may have a zone, which means something here only. */
    String here() {
        return ascii;
    }

    /** What another machine is told, such as a proxy; a name keeps its trailing dot, as it is looked up there. */
    String elsewhere() {
        int percent = address ? ascii.indexOf('%') : -1;
        return percent < 0 ? ascii : ascii.substring(0, percent);
    }

    /** The same, with the port. */
    String endpointElsewhere(int port) {
        return endpoint(elsewhere(), port);
    }

    /** What TLS asks for and verifies (RFC 6066, section 3): without a trailing dot, which no certificate has. */
    String forTls() {
        String name = elsewhere();
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /** The same for all ways to write the same host: hosts are told apart by it. */
    String canonical() {
        int percent = ascii.indexOf('%');
        String literal = percent < 0 ? ascii : ascii.substring(0, percent);
        if (literal.indexOf(':') < 0) {
            return ascii.toLowerCase(Locale.ROOT);
        }
        try {
            InetAddress sixth = InetAddress.getByName("[" + literal + "]"); // looks nothing up
            return sixth.getHostAddress() + (percent < 0 ? "" : ascii.substring(percent));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible); // of(String) has seen that it is an address
        }
    }

    /** Whether this is an address, for which nothing has to be looked up. */
    boolean isAddress() {
        return address;
    }

    /** As it was given, without brackets. */
    @Override
    public String toString() {
        return given;
    }
}
