package dev.perthread.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;

/** A server on loopback that sends what it is told to, in pieces, and then closes or resets the connection. */
public final class Peer {
    private final ServerSocket server;
    private final boolean asked;
    private volatile byte[] answer = {};
    private volatile int seed;
    private volatile boolean reset;

    /** With {@code asked}, it first reads until an empty line. */
    public Peer(boolean asked) {
        this.asked = asked;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Thread thread = new Thread(this::serve, "peer");
        thread.setDaemon(true);
        thread.start();
    }

    public int port() {
        return server.getLocalPort();
    }

    public void prepare(byte[] answer, int seed, boolean reset) {
        this.answer = answer;
        this.seed = seed;
        this.reset = reset;
    }

    private void serve() {
        while (true) {
            try (Socket client = server.accept()) {
                serve(client);
            } catch (IOException e) {
                // The client did not want the rest.
            }
        }
    }

    private void serve(Socket client) throws IOException {
        client.setTcpNoDelay(true);
        client.setSoTimeout(10_000);
        if (asked) {
            int lineEnds = 0;
            InputStream in = client.getInputStream();
            for (int c = in.read(); c >= 0 && lineEnds < 2; c = lineEnds < 2 ? in.read() : -1) {
                lineEnds = c == '\n' ? lineEnds + 1 : c == '\r' ? lineEnds : 0;
            }
        }
        byte[] bytes = answer;
        boolean abrupt = reset;
        Random random = new Random(seed);
        OutputStream out = client.getOutputStream();
        for (int from = 0; from < bytes.length; ) {
            int piece = Promises.nextPiece(random, bytes.length - from);
            out.write(bytes, from, piece);
            from += piece;
        }
        if (abrupt) {
            client.setSoLinger(true, 0);
        }
    }
}
