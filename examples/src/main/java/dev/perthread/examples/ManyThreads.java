// Ten thousand virtual threads use a client that is not thread-safe: sixteen of it are open, and each has one user at a
// time.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Counts in Redis, by a client as one writes it who thinks of one thread. A client whose use failed is closed and not lent
 * again: nobody knows where in an answer it stands.
 */
final class ManyThreads implements AutoCloseable {
    private static final int LIMIT = 16;

    /** Two threads in here at once would read each other's answers. */
    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader answers;

        Client(String host, int port) throws IOException {
            socket = new Socket(host, port);
            answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        }

        long increment(String counter) throws IOException {
            socket.getOutputStream().write(("INCR " + counter + "\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = answers.readLine();
            if (answer == null || !answer.startsWith(":")) {
                throw new IOException("the answer is " + answer + " and not a number");
            }
            return Long.parseLong(answer.substring(1));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private final PerThread<Client, IOException> clients;

    ManyThreads(String host, int port) {
        this.clients = PerThread.<Client, IOException>builder(() -> new Client(host, port))
                .name("redis")
                .whenIdle(IdlePolicy.LEND) // to whoever has waited longest
                .limit(LIMIT)
                .acquireTimeout(Duration.ofSeconds(60))
                .build();
    }

    /** All of them at once; returns how many different numbers they got. */
    long increment(String counter, int times, ExecutorService threads) throws Exception {
        List<Future<Long>> numbers = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            numbers.add(threads.submit(() -> clients.call(client -> client.increment(counter))));
        }
        List<Long> got = new ArrayList<>();
        for (Future<Long> number : numbers) {
            got.add(number.get());
        }
        return got.stream().distinct().count();
    }

    long opened() {
        return clients.stats().opened();
    }

    @Override
    public void close() {
        clients.close();
    }

    /** From Java 21 on one writes {@code Executors.newVirtualThreadPerTaskExecutor()}; this is for Java 17 as well. */
    static ExecutorService threads() {
        try {
            return (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (ReflectiveOperationException java17) {
            return Executors.newFixedThreadPool(200);
        }
    }

    /** Takes the host and the port of a Redis server. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("there must be two arguments, the host and the port of a Redis server");
            return;
        }
        ExecutorService threads = threads();
        try (ManyThreads many = new ManyThreads(arguments[0], Integer.parseInt(arguments[1]))) {
            System.out.println(many.increment("perthread-example", 10_000, threads) + " numbers, over " + many.opened()
                    + " connections");
        } finally {
            threads.shutdown();
        }
    }
}
