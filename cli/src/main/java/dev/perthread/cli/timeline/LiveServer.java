package dev.perthread.cli.timeline;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A web server for one timeline that changes, on this machine's loopback address. Two addresses exist: the page and its data,
 * both below a random token. Whoever does not know the token learns nothing: other users of this machine, and pages of other
 * sites in the same browser, also where their name has been made to lead here.
 */
public final class LiveServer implements AutoCloseable {
    private static final int TOKEN_BYTES = 32;
    private static final int THREADS = 4;
    private static final int MOST_QUEUED = 50;
    private static final int OK = 200;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;
    private static final String LONGEST_REQUEST = "10"; // seconds: one that never ends must not hold a thread for ever

    private final HttpServer server;
    private final ExecutorService threads;
    private final LiveTimeline timeline;
    private final Duration interval;
    private final String policy;
    private final String token = token();
    private final String host;

    private LiveServer(HttpServer server, LiveTimeline timeline, Duration interval) throws IOException {
        this.server = server;
        this.timeline = timeline;
        this.interval = interval;
        this.policy = TimelinePage.livePolicy(timeline.timeline(), interval) + "; frame-ancestors 'none'";
        this.host = "127.0.0.1:" + server.getAddress().getPort();
        this.threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "web");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::answer);
    }

    /**
     * Starts to serve.
     *
     * @param port where it listens; 0 takes a free one
     * @param interval how often the page asks for what has changed
     * @param timeline what it shows
     * @return the server, to be closed
     * @throws CommandFailure if it cannot listen there
     */
    public static LiveServer start(int port, Duration interval, LiveTimeline timeline) throws CommandFailure {
        System.setProperty("sun.net.httpserver.maxReqTime", LONGEST_REQUEST);
        try {
            InetAddress loopback = InetAddress.getByAddress("127.0.0.1", new byte[] {127, 0, 0, 1});
            HttpServer server = HttpServer.create(new InetSocketAddress(loopback, port), MOST_QUEUED);
            LiveServer live = new LiveServer(server, timeline, interval);
            server.start();
            return live;
        } catch (IOException e) {
            throw new CommandFailure("cannot listen on port " + port + " (" + ErrorMessages.of(e)
                    + "); --port must be a free port, or 0 for any");
        }
    }

    private static String token() {
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    /**
     * Where the page is.
     *
     * @return its address, with the token
     */
    public String url() {
        return "http://" + host + "/" + token + "/";
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            protect(exchange.getResponseHeaders());
            List<String> hosts = exchange.getRequestHeaders().getOrDefault("Host", List.of());
            String path = exchange.getRequestURI().toString();
            boolean isPage = same(path, "/" + token + "/");
            boolean isData = same(path, "/" + token + "/data");
            if (!hosts.equals(List.of(host))) {
                refuse(exchange, FORBIDDEN); // a page of another site whose name leads here
            } else if (!isPage && !isData) {
                refuse(exchange, NOT_FOUND);
            } else if (!exchange.getRequestMethod().equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET");
                refuse(exchange, NOT_ALLOWED);
            } else if (isPage) {
                send(exchange, "text/html; charset=utf-8", TimelinePage.live(timeline.timeline(), interval));
            } else {
                StringWriter json = new StringWriter();
                new TimelineJson(timeline.timeline()).write(json);
                send(exchange, "application/json", json.toString());
            }
        }
    }

    /** In a time that does not tell how much of it is right. */
    private static boolean same(String given, String right) {
        return MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
    }

    private void protect(Headers headers) {
        headers.set("Content-Security-Policy", policy);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer"); // the token is in the address
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cache-Control", "no-store");
    }

    private static void refuse(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private static void send(HttpExchange exchange, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(OK, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
