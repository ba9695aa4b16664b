package dev.perthread.cli.fetch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A small built-in web server on loopback, for trying the command without a network. */
final class DemoServer implements AutoCloseable {

    static {
        // Without it every answer waits some 40 ms for the client's delayed acknowledgement. Read once, by a static
        // field.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // Seconds. A request that never ends, or a response that nobody reads, would occupy its thread for good.
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "60");
        // Otherwise it closes all but 200 of the connections that its clients keep.
        System.setProperty("sun.net.httpserver.maxIdleConnections", "100000");
    }

    private static final int BACKLOG = 4096; // hundreds of threads may connect at the same moment
    private static final String HTML = "text/html; charset=utf-8";
    private static final String TEXT = "text/plain; charset=utf-8";

    private static final class Page {
        final String type;
        final byte[] content;

        Page(String type, byte[] content) {
            this.type = type;
            this.content = content;
        }
    }

    private final HttpServer server;
    private final ExecutorService handlers;
    private final Map<String, Page> pages;

    private DemoServer(HttpServer server) {
        Page index = new Page(HTML, index());
        this.server = server;
        this.pages = Map.of(
                "/", index,
                "/index.html", index,
                "/1k.txt", new Page(TEXT, text(1 << 10)),
                "/64k.txt", new Page(TEXT, text(1 << 16)),
                "/1m.txt", new Page(TEXT, text(1 << 20)));
        AtomicInteger number = new AtomicInteger();
        // Without a bound: each request that is not complete yet occupies a thread, and must not keep others waiting.
        this.handlers = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "site-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(handlers);
        server.createContext("/", this::answer);
    }

    /** Starts one, reachable from this machine alone; port 0 takes a free one. */
    static DemoServer start(int port) throws IOException {
        DemoServer server = new DemoServer(
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG));
        server.server.start();
        return server;
    }

    String url() {
        InetSocketAddress address = server.getAddress();
        String host = address.getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort() + "/";
    }

    @Override
    public void close() {
        server.stop(0);
        handlers.shutdownNow();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            Page page = pages.get(exchange.getRequestURI().getPath());
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, 405, new Page(TEXT, bytes("The method must be GET or HEAD.\n")));
            } else if (page == null) {
                send(
                        exchange,
                        404,
                        new Page(TEXT, bytes("There is no such page; the pages are " + pages.keySet() + ".\n")));
            } else {
                send(exchange, 200, page);
            }
        }
    }

    private static void send(HttpExchange exchange, int status, Page page) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", page.type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, page.content.length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(page.content);
        }
    }

    private static byte[] index() {
        try (InputStream page = DemoServer.class.getResourceAsStream("index.html")) {
            if (page == null) {
                throw new IllegalStateException("index.html is missing from the jar");
            }
            return page.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("index.html cannot be read from the jar", e);
        }
    }

    /** Exactly so many bytes of numbered lines, so that a reader can see where he is. */
    private static byte[] text(int size) {
        StringBuilder text = new StringBuilder(size + 64);
        for (int line = 1; text.length() < size; line++) {
            text.append("line ").append(line).append(": each thread reads its own copy through its own socket\n");
        }
        text.setLength(size - 1);
        return bytes(text.append('\n').toString());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
