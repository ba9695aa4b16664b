package dev.perthread.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The loop of {@code perthread fetch} on bare Java sockets: {@code HOST PORT THREADS REQUESTS_PER_THREAD WAY}. The
 * ways are {@code three}, the request in three writes like the recipe's; {@code one}, in one write; {@code keep}, in
 * one write, with one connection per thread kept for all of its requests.
 */
public final class BareFetch {
    private BareFetch() {}

    /** Fetches, and prints the bytes it got. */
    public static void main(String[] args) throws InterruptedException {
        String host = args[0];
        int port = Integer.parseInt(args[1]);
        int requests = Integer.parseInt(args[3]);
        String way = args[4];
        AtomicLong total = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[2]); i++) {
            Thread thread = new Thread(() -> {
                try {
                    if (way.equals("keep")) {
                        total.addAndGet(fetchAll(host, port, requests));
                    } else {
                        for (int j = 0; j < requests; j++) {
                            total.addAndGet(fetch(host, port, way.equals("three")));
                        }
                    }
                } catch (IOException e) {
                    e.printStackTrace();
                    System.exit(1);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(total);
    }

    private static long fetch(String host, int port, boolean three) throws IOException {
        try (Socket socket = new Socket(host, port)) {
            OutputStream out = socket.getOutputStream();
            if (three) {
                out.write("GET /index.html HTTP/1.0\r\n".getBytes(StandardCharsets.US_ASCII));
                out.write("Host: 127.0.0.1\r\n".getBytes(StandardCharsets.US_ASCII));
                out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            } else {
                out.write("GET /index.html HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            InputStream in = socket.getInputStream();
            byte[] piece = new byte[8192];
            long got = 0;
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                got += n;
            }
            return got;
        }
    }

    private static long fetchAll(String host, int port, int requests) throws IOException {
        byte[] request = "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] answer = new byte[8192];
        long all = 0;
        try (Socket socket = new Socket(host, port)) {
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            for (int i = 0; i < requests; i++) {
                out.write(request);
                int got = 0;
                do {
                    int n = in.read(answer, got, answer.length - got);
                    if (n <= 0) {
                        throw new IOException("the answer ends early, or is longer than " + answer.length + " bytes");
                    }
                    got += n;
                } while (!isWhole(answer, got));
                all += got;
            }
        }
        return all;
    }

    private static boolean isWhole(byte[] answer, int got) {
        String text = new String(answer, 0, got, StandardCharsets.ISO_8859_1);
        int head = text.indexOf("\r\n\r\n");
        if (head < 0) {
            return false;
        }
        String field = "Content-Length: ";
        int length = text.indexOf(field) + field.length();
        return got == head + 4 + Integer.parseInt(text.substring(length, text.indexOf("\r\n", length)));
    }
}
