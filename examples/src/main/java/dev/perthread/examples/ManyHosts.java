// Pages of many hosts over few connections: sixty-four in all, four to each host. A connection serves whichever
// thread comes next for its host; the one that has been idle longest makes room for another host.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.net.Connection;
import dev.perthread.net.HostAndPort;
import dev.perthread.net.LazyConnections;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Fetches pages by HTTP/1.1, of servers that say how long a page is. */
final class ManyHosts implements AutoCloseable {
    static final int LIMIT = 64;
    static final int LIMIT_PER_HOST = 4;
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *([0-9]{1,9})\r\n");

    private final LazyConnections web = LazyConnections.tcp()
            .name("web")
            .whenIdle(IdlePolicy.LEND)
            .limit(LIMIT)
            .limitPerHost(LIMIT_PER_HOST)
            .acquireTimeout(Duration.ofMinutes(5)) // all threads wait for sixty-four connections
            .build();

    /** Returns how many bytes the page has. The connection is kept only if all of it was read. */
    int fetch(HostAndPort host, String path) throws IOException {
        return web.call(host.host(), host.port(), connection -> {
            connection.send(
                    ("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return read(connection);
        });
    }

    private static int read(Connection connection) throws IOException {
        InputStream in = connection.input();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the answer ends in its header");
            }
            head.append((char) next);
        }
        Matcher length = LENGTH.matcher(head);
        if (!head.toString().startsWith("HTTP/1.1 200 ") || !length.find()) {
            throw new IOException("the answer is not a page whose length is known: " + head.substring(0, 12));
        }
        int expected = Integer.parseInt(length.group(1));
        if (in.readNBytes(expected).length < expected) {
            throw new EOFException("the page is shorter than " + expected + " bytes");
        }
        return expected;
    }

    /** All pages of all hosts at once, a task for each; returns how many bytes they have. */
    long fetchAll(List<HostAndPort> hosts, int pages, ExecutorService threads) throws Exception {
        List<Future<Integer>> sizes = new ArrayList<>();
        for (HostAndPort host : hosts) { // one after the other, so that its connections serve many of its pages
            for (int page = 0; page < pages; page++) {
                String path = "/" + page;
                sizes.add(threads.submit(() -> fetch(host, path)));
            }
        }
        long bytes = 0;
        for (Future<Integer> size : sizes) {
            bytes += size.get();
        }
        return bytes;
    }

    LazyConnections web() {
        return web;
    }

    @Override
    public void close() {
        web.close();
    }

    private static HostAndPort host(String argument) {
        int colon = argument.lastIndexOf(':');
        return HostAndPort.of(argument.substring(0, colon), Integer.parseInt(argument.substring(colon + 1)));
    }

    /** Takes how many pages of each host, and hosts with their ports. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2 || !Stream.of(arguments).skip(1).allMatch(host -> host.matches(".+:[0-9]{1,5}"))) {
            System.err.println(
                    "there must be two arguments or more, a number of pages, and hosts such as 127.0.0.1:8000");
            return;
        }
        List<HostAndPort> hosts =
                Stream.of(arguments).skip(1).map(ManyHosts::host).toList();
        int pages = Integer.parseInt(arguments[0]);
        ExecutorService threads = ManyThreads.threads();
        try (ManyHosts many = new ManyHosts()) {
            long bytes = many.fetchAll(hosts, pages, threads);
            System.out.println(pages * hosts.size() + " pages of " + hosts.size() + " hosts, " + bytes
                    + " bytes, at most " + many.web().holder().stats().mostOpen() + " connections at once");
        } finally {
            threads.shutdown();
        }
    }
}
