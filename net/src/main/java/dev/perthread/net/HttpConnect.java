package dev.perthread.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The upgrade that asks an HTTP proxy for a connection, by the method CONNECT (RFC 9110, section 9.3.6). */
record HttpConnect(
        String proxy,
        String host,
        int port,
        @Nullable String user,
        @Nullable String password) implements ConnectionUpgrade {
    private static final int LONGEST_HEADER = 16 * 1024;
    private static final int LONGEST_SHOWN = 100;
    private static final String BEGINNING = "HTTP/1.";
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})([ \\r].*)?", Pattern.DOTALL);

    @Override
    public Transport apply(SocketTransport below, Deadline deadline) throws IOException {
        String target = Hosts.endpoint(host, port);
        ProxyExchange talk =
                new ProxyExchange(below, deadline, "cannot connect to " + target + " through the " + proxy);
        String request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
        if (user != null && password != null) {
            byte[] login = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
            request += "Proxy-Authorization: Basic " + Base64.getEncoder().encodeToString(login) + "\r\n";
        }
        talk.send((request + "\r\n").getBytes(StandardCharsets.UTF_8));
        String status = header(talk).lines().findFirst().orElse("");
        Matcher parts = STATUS.matcher(status);
        if (!parts.matches()) {
            throw notHttp(talk, status);
        }
        if (!parts.group(1).startsWith("2")) {
            throw talk.failure("the proxy says: " + Messages.shown(status, LONGEST_SHOWN));
        }
        return below;
    }

    /** Byte by byte: what comes after the empty line is the target's, and must still be there for its reader. */
    private static String header(ProxyExchange talk) throws IOException {
        StringBuilder header = new StringBuilder();
        while (!(header.length() >= 4 && header.indexOf("\r\n\r\n", header.length() - 4) >= 0)) {
            if (header.length() == LONGEST_HEADER) {
                throw talk.failure("the header of its answer has more than " + LONGEST_HEADER + " bytes");
            }
            header.append((char) (talk.receive(1)[0] & 0xff));
            if (header.length() == BEGINNING.length() && !BEGINNING.contentEquals(header)) {
                throw notHttp(talk, header.toString()); // who speaks something else may never send an empty line
            }
        }
        return header.toString();
    }

    private static IOException notHttp(ProxyExchange talk, String answer) {
        return talk.failure("it does not speak HTTP: it answered \"" + Messages.shown(answer, LONGEST_SHOWN) + "\"");
    }

    /** No password in a log. */
    @Override
    public String toString() {
        return proxy + " to " + Hosts.endpoint(host, port);
    }
}
