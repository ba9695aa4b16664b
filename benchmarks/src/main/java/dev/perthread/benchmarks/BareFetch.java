// The loop of perthread fetch on bare sockets, with nothing around them.
package dev.perthread.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** {@code HOST PORT THREADS REQUESTS_PER_THREAD WRITES}; the request goes out in one write, or in three as the recipe's. */
public final class BareFetch {
    private BareFetch() {}

    /** Fetches, and prints the bytes it got. */
    public static void main(String[] args) throws InterruptedException {
        String host = args[0];
        int port = Integer.parseInt(args[1]);
        int requests = Integer.parseInt(args[3]);
        boolean three = args[4].equals("3");
        AtomicLong total = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[2]); i++) {
            Thread thread = new Thread(() -> {
                try {
                    for (int j = 0; j < requests; j++) {
                        total.addAndGet(fetch(host, port, three));
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
}
