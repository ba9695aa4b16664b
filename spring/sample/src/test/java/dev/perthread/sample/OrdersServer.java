package dev.perthread.sample;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on loopback that answers a line with a line, counts who comes, and can be restarted on its port. */
final class OrdersServer implements AutoCloseable {
    private final ServerSocket listener;
    private final Thread acceptor;
    private final Queue<Socket> clients = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger mostOpen = new AtomicInteger();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();

    OrdersServer(int port) throws IOException {
        listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
        acceptor = start(this::accept);
    }

    private static Thread start(Runnable task) {
        Thread thread = new Thread(task, "orders-server");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                clients.add(client);
                accepted.incrementAndGet();
                int now = open.incrementAndGet();
                mostOpen.accumulateAndGet(now, Math::max);
                start(() -> serve(client));
            }
        } catch (IOException closed) {
            // the end
        }
    }

    private void serve(Socket client) {
        try (client;
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answered.incrementAndGet();
                client.getOutputStream().write(("order " + line + "\n").getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException gone) {
            // restarted, or the client went
        } finally {
            open.decrementAndGet();
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    int open() {
        return open.get();
    }

    int mostOpen() {
        return mostOpen.get();
    }

    int accepted() {
        return accepted.get();
    }

    int answered() {
        return answered.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        try {
            acceptor.join(); // until it has left accept(), the port is still bound
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        for (Socket client : clients) {
            client.close();
        }
    }
}
