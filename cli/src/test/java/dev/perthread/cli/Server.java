package dev.perthread.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on loopback that does what a test tells it, and counts what is opened and closed. */
public final class Server implements AutoCloseable {

    /** What is done with a connection once its request is read; it is closed afterwards. */
    @FunctionalInterface
    public interface Answerer {
        void answer(Socket connection, String request) throws Exception;
    }

    private final ServerSocket listening;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger peak = new AtomicInteger();
    private final Answerer answerer;

    public final Queue<String> requests = new ConcurrentLinkedQueue<>();
    public final Queue<Integer> clientPorts = new ConcurrentLinkedQueue<>();
    public final AtomicInteger goneClients = new AtomicInteger();

    public Server(Answerer answerer) throws IOException {
        this(new ServerSocket(0, 1000, InetAddress.getLoopbackAddress()), answerer);
    }

    public Server(ServerSocket listening, Answerer answerer) {
        this.listening = listening;
        this.answerer = answerer;
        daemon("server", this::accept);
    }

    /** Answers every request with these bytes. */
    public static Server sending(String answer) throws IOException {
        return new Server((connection, request) -> write(connection, answer));
    }

    /** Answers one request after the other on the same connection, until it is closed, by the answerer or the client. */
    public static Server answeringMany(Answerer answerer) throws IOException {
        return answeringMany(new ServerSocket(0, 1000, InetAddress.getLoopbackAddress()), answerer);
    }

    public static Server answeringMany(ServerSocket listening, Answerer answerer) {
        Server[] self = new Server[1];
        self[0] = new Server(listening, (connection, request) -> {
            for (String next = request; !next.isEmpty(); next = head(connection.getInputStream())) {
                if (next != request) {
                    self[0].requests.add(next);
                }
                answerer.answer(connection, next);
                if (connection.isClosed()) {
                    return;
                }
            }
        });
        return self[0];
    }

    public static void write(Socket connection, String text) throws IOException {
        connection.getOutputStream().write(text.getBytes(ISO_8859_1));
    }

    public static String page(int size) {
        return "HTTP/1.0 200 OK\r\nContent-Length: " + size + "\r\n\r\n" + "x".repeat(size);
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket connection = listening.accept();
                open.add(connection);
                peak.accumulateAndGet(open.size(), Math::max);
                clientPorts.add(connection.getPort());
                daemon("server-connection", () -> serve(connection));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            String request = head(connection.getInputStream());
            requests.add(request);
            answerer.answer(connection, request);
        } catch (Exception e) {
            goneClients.incrementAndGet();
        } finally {
            open.remove(connection);
        }
    }

    public static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            head.write(next);
            if (head.size() == 1 && (next < 'A' || next > 'Z')) {
                break; // no method: there is no sense in waiting for the end of such a request
            }
        }
        return head.toString(ISO_8859_1);
    }

    public int port() {
        return listening.getLocalPort();
    }

    public String url(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    public int connections() {
        return clientPorts.size();
    }

    public int openNow() {
        return open.size();
    }

    public int peak() {
        return peak.get();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket connection : open) {
            connection.close();
        }
    }
}
