package dev.perthread.net.soak;

import dev.perthread.net.soak.HostileTls.Wire;
import dev.perthread.net.soak.Request.Manner;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;

/** The peer: it answers requests in the manner they ask for, and counts its own side of every connection. */
final class Server {
    final AtomicLong accepted = new AtomicLong();
    final AtomicLong ended = new AtomicLong(); // by the client, in order
    final AtomicLong reset = new AtomicLong(); // by the client or the proxy, or ended in the middle of something
    final AtomicLong closed = new AtomicLong(); // by this side, because it was asked to
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    final Map<Manner, AtomicLong> manners = new EnumMap<>(Manner.class);

    private final ServerSocket listener;
    private final HostileTls tls; // or null
    private final String protocol;

    Server(int backlog) throws IOException {
        this(new ServerSocket(0, backlog, InetAddress.getLoopbackAddress()), null, null);
    }

    Server(int backlog, HostileTls tls, String protocol) throws IOException {
        this(HostileTls.listener(backlog), tls, protocol);
    }

    private Server(ServerSocket listener, HostileTls tls, String protocol) {
        this.listener = listener;
        this.tls = tls;
        this.protocol = protocol;
        for (Manner manner : Manner.values()) {
            manners.put(manner, new AtomicLong());
        }
        daemon("server", this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    static void daemon(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, 256 * 1024);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = listener.accept();
                accepted.incrementAndGet();
                most.accumulateAndGet(open.incrementAndGet(), Math::max);
                daemon("server-connection", () -> serve(socket));
            } catch (IOException e) {
                throw new IllegalStateException("the server cannot accept any more", e);
            }
        }
    }

    private void serve(Socket wire) {
        AtomicLong how = reset;
        try (wire;
                Socket socket = tls == null ? wire : tls.over(wire, protocol)) {
            wire.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            while (true) {
                Request request = next(in);
                if (request == null) {
                    how = ended;
                    return;
                }
                manners.get(request.manner()).incrementAndGet();
                if (!answer(request, wire, socket, in, out)) {
                    how = closed;
                    return;
                }
            }
        } catch (IOException broken) {
            how = reset;
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        } finally {
            how.incrementAndGet();
            open.decrementAndGet();
        }
    }

    private static Request next(DataInputStream in) throws IOException {
        byte[] bytes = in.readNBytes(Request.BYTES);
        if (bytes.length == 0) {
            return null;
        }
        if (bytes.length < Request.BYTES) {
            throw new EOFException("in the middle of a question");
        }
        return Request.read(new DataInputStream(new ByteArrayInputStream(bytes)));
    }

    /** Whether the connection goes on. */
    private static boolean answer(Request request, Socket wire, Socket socket, DataInputStream in, OutputStream out)
            throws IOException, InterruptedException {
        byte[] answer = request.answer();
        int half = answer.length / 2;
        switch (request.manner()) {
            case ANSWER -> out.write(answer);
            case DRIP -> {
                for (int i = 0; i < answer.length; i += Request.HEAD) {
                    out.write(answer, i, Math.min(Request.HEAD, answer.length - i));
                    Thread.sleep(1);
                }
            }
            case LATE -> {
                Thread.sleep(request.millis());
                out.write(answer);
            }
            case HALF_CLOSE -> {
                out.write(answer, 0, half);
                socket.shutdownOutput();
                in.readAllBytes();
                return false;
            }
            case CLOSE -> {
                out.write(answer, 0, half);
                return false;
            }
            case RESET -> {
                out.write(answer, 0, half);
                socket.setSoLinger(true, 0);
                return false;
            }
            case GARBAGE -> out.write(request.garbage());
            case UNASKED -> {
                out.write(answer);
                out.write(request.unasked());
            }
            case TAMPER -> {
                out.write(answer, 0, half);
                HostileTls.tamper(request, (Wire) wire, out, Arrays.copyOfRange(answer, half, answer.length));
                return false;
            }
            case SEVER -> {
                out.write(answer, 0, half);
                HostileTls.sever((Wire) wire);
                return false;
            }
            case KEY_UPDATES -> {
                out.write(answer, 0, half);
                for (int i = 0; i < 100_000; i++) { // until the client has gone; with TLS 1.2 it may not say so
                    ((SSLSocket) socket).startHandshake();
                }
                return false;
            }
            case NEW_HANDSHAKE -> {
                out.write(answer);
                ((SSLSocket) socket).startHandshake();
            }
        }
        return true;
    }
}
