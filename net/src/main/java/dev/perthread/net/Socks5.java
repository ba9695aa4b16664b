package dev.perthread.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The upgrade that asks a SOCKS proxy of version 5 for a connection (RFC 1928), with user and password if it wants them
 * (RFC 1929).
 */
record Socks5(
        String proxy,
        Host host,
        int port,
        @Nullable String user,
        @Nullable String password) implements ConnectionUpgrade {
    private static final int VERSION = 5;
    private static final int NO_LOGIN = 0;
    private static final int USER_AND_PASSWORD = 2;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;

    /** What the codes of the answer mean, by the RFC. */
    private static final List<String> REPLIES = List.of(
            "succeeded",
            "general failure",
            "not allowed by its rules",
            "network unreachable",
            "host unreachable",
            "connection refused",
            "time to live expired",
            "command not supported",
            "address type not supported");

    @Override
    public Transport apply(Transport below, Deadline deadline) throws IOException {
        ProxyExchange talk = new ProxyExchange(
                below, deadline, "cannot connect to " + host.endpoint(port) + " through the " + proxy);
        agreeOnLogin(talk);
        talk.send(request());
        byte[] head = talk.receive(4);
        requireVersion(talk, head[0], VERSION);
        if (head[1] != 0) {
            int code = head[1] & 0xff;
            throw talk.failure("the proxy says: " + (code < REPLIES.size() ? REPLIES.get(code) : "failure " + code));
        }
        // The address it connects from: read to get past it, of no use to anybody.
        int length = switch (head[3]) {
            case IPV4 -> 4;
            case IPV6 -> 16;
            case NAME -> talk.receive(1)[0] & 0xff;
            default -> throw talk.failure("it answered with an address of the unknown type " + head[3]);
        };
        talk.receive(length + 2);
        return below;
    }

    private void agreeOnLogin(ProxyExchange talk) throws IOException {
        boolean login = user != null && password != null;
        talk.send(login ? new byte[] {VERSION, 2, NO_LOGIN, USER_AND_PASSWORD} : new byte[] {VERSION, 1, NO_LOGIN});
        byte[] chosen = talk.receive(2);
        requireVersion(talk, chosen[0], VERSION);
        if (chosen[1] == NO_LOGIN) {
            return;
        }
        if (chosen[1] != USER_AND_PASSWORD || user == null || password == null) {
            throw talk.failure(login ? "it takes no login by user and password" : "it wants a login; none was given");
        }
        ByteArrayOutputStream ask = new ByteArrayOutputStream();
        ask.write(1); // the version of the login's own protocol
        counted(ask, user);
        counted(ask, password);
        talk.send(ask.toByteArray());
        byte[] answer = talk.receive(2);
        if (answer[1] != 0) {
            throw talk.failure("it refuses user and password");
        }
    }

    private byte[] request() throws IOException {
        ByteArrayOutputStream ask = new ByteArrayOutputStream();
        ask.writeBytes(new byte[] {VERSION, 1, 0});
        if (host.isAddress()) {
            byte[] address = InetAddress.getByName(host.elsewhere()).getAddress();
            ask.write(address.length == 4 ? IPV4 : IPV6);
            ask.writeBytes(address);
        } else {
            ask.write(NAME);
            counted(ask, host.elsewhere());
        }
        ask.write(port >> 8);
        ask.write(port);
        return ask.toByteArray();
    }

    private static void counted(ByteArrayOutputStream to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        to.write(bytes.length);
        to.writeBytes(bytes);
    }

    private static void requireVersion(ProxyExchange talk, byte given, int wanted) throws IOException {
        if (given != wanted) {
            throw talk.failure("it does not speak SOCKS5: it answered with version " + given);
        }
    }

    /** No password in a log. */
    @Override
    public String toString() {
        return Arrays.asList(proxy, host, port).toString();
    }
}
