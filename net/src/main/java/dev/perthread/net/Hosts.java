package dev.perthread.net;

import java.util.regex.Pattern;

/** Host names and addresses as text: their forms in messages and in the Java runtime. */
final class Hosts {
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

    private Hosts() {}

    /** With the brackets that the colons of an IPv6 address need. */
    static String endpoint(String host, int port) {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        return (bare ? "[" + host + "]" : host) + ":" + port;
    }

    /** As the Java runtime wants an IPv6 address. */
    static String withoutBrackets(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** Whether this is an address, for which nothing has to be looked up; without brackets. */
    static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
    }
}
