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
        Host host,
        int port,
        @Nullable String user,
        @Nullable String password) implements ConnectionUpgrade {
    private static final int LONGEST_HEADER = 16 * 1024;
    private static final int LONGEST_SHOWN = 100;
    private static final String SWITCHING_PROTOCOLS = "101"; // the last answer too, and never one to CONNECT
    private static final String BEGINNING = "HTTP/1.";
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})([ \\r].*)?", Pattern.DOTALL);

    @Override
    public Transport apply(Transport below, Deadline deadline) throws IOException {
        String target = host.endpointElsewhere(port);
        ProxyExchange talk = new ProxyExchange(
                below, deadline, "cannot connect to " + host.endpoint(port) + " through the " + proxy);
        String request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
        if (user != null && password != null) {
            byte[] login = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
            request += "Proxy-Authorization: Basic " + Base64.getEncoder().encodeToString(login) + "\r\n";
        }
        talk.send((request + "\r\n").getBytes(StandardCharsets.UTF_8));
        requireSuccess(talk);
        return below;
    }

    /** Interim answers (1xx) may come before the one that counts (RFC 9110, section 15.2). */
    private static void requireSuccess(ProxyExchange talk) throws IOException {
        int left = LONGEST_HEADER;
        while (true) {
            String header = header(talk, left);
            left -= header.length();
            String status = header.lines().findFirst().orElse("");
            Matcher parts = STATUS.matcher(status);
            if (!parts.matches()) {
                throw notHttp(talk, status);
            }
            String code = parts.group(1);
            if (code.startsWith("2")) {
                return;
            }
            if (!code.startsWith("1") || code.equals(SWITCHING_PROTOCOLS)) {
                throw talk.failure("the proxy says: " + Messages.shown(status, LONGEST_SHOWN));
            }
        }
    }

    /**
     * As far as the empty line, whose end and those of the others may lack the carriage return (RFC 9112, section 2.2).
     * Byte by byte: what comes after it is the target's, and must still be there for its reader.
     */
    private static String header(ProxyExchange talk, int longest) throws IOException {
        StringBuilder header = new StringBuilder();
        int inLine = 0;
        while (header.length() < longest) {
            char next = (char) (talk.receive(1)[0] & 0xff);
            header.append(next);
            if (header.length() == BEGINNING.length() && !BEGINNING.contentEquals(header)) {
                throw notHttp(talk, header.toString()); // who speaks something else may never send an empty line
            }
            if (next == '\n') {
                if (inLine == 0) {
                    return header.toString();
                }
                inLine = 0;
            } else if (next != '\r') {
                inLine++;
            }
        }
        throw talk.failure("the header of its answer has more than " + LONGEST_HEADER + " bytes");
    }

    private static IOException notHttp(ProxyExchange talk, String answer) {
        return talk.failure("it does not speak HTTP: it answered \"" + Messages.shown(answer, LONGEST_SHOWN) + "\"");
    }

    /** No password in a log. */
    @Override
    public String toString() {
        return proxy + " to " + host.endpoint(port);
    }
}
