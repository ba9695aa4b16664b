package dev.perthread.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A loopback server that counts who is connected, for tests whose resources are opened in other processes. It counts
 * what it saw itself: connections begun, questions answered, connections ended with or without a goodbye.
 */
public final class CountingServer implements AutoCloseable {
    private final ServerSocket listener;
    private final Queue<Visit> visits = new ConcurrentLinkedQueue<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private volatile boolean closing;

    private CountingServer(ServerSocket listener) {
        this.listener = listener;
    }

    /** One connection. */
    public static final class Visit {
        private final Socket socket;
        private volatile String who = "nobody yet";
        private final AtomicInteger questions = new AtomicInteger();
        private volatile boolean polite;
        private volatile boolean ended;

        private Visit(Socket socket) {
            this.socket = socket;
        }

        /**
         * Who connected.
         *
         * @return a word of the client's, its process, and its thread there
         */
        public String who() {
            return who;
        }

        /**
         * How many questions it asked.
         *
         * @return zero or more
         */
        public int questions() {
            return questions.get();
        }

        /**
         * Whether it said goodbye before it went.
         *
         * @return false for one that is still there
         */
        public boolean polite() {
            return polite;
        }

        /**
         * Whether it has gone.
         *
         * @return true from the end of its connection on
         */
        public boolean ended() {
            return ended;
        }

        @Override
        public String toString() {
            return who + (ended ? polite ? " (gone)" : " (gone without a goodbye)" : " (connected)") + ", " + questions
                    + " questions";
        }
    }

    /**
     * Starts one.
     *
     * @return a server on a free port of loopback
     * @throws IOException if there is none
     */
    public static CountingServer start() throws IOException {
        CountingServer server = new CountingServer(new ServerSocket(0, 200, InetAddress.getLoopbackAddress()));
        daemon(server::accept).start();
        return server;
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "counting-server");
        thread.setDaemon(true);
        return thread;
    }

    private void accept() {
        try {
            while (true) {
                Visit visit = new Visit(listener.accept());
                daemon(() -> serve(visit)).start();
            }
        } catch (IOException e) {
            if (!closing) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void serve(Visit visit) {
        try (Socket socket = visit.socket;
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            String hello = in.readLine();
            if (hello == null) {
                return;
            }
            if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                answer(socket, "no");
                return;
            }
            visit.who = hello;
            visits.add(visit);
            answer(socket, "yes");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("bye")) {
                    visit.polite = true;
                    return;
                }
                visit.questions.incrementAndGet();
                answer(socket, line);
            }
        } catch (IOException gone) {
            // as whoever is killed goes
        } finally {
            visit.ended = true;
        }
    }

    private static void answer(Socket socket, String line) throws IOException {
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Where it is.
     *
     * @return the port on loopback
     */
    public int port() {
        return listener.getLocalPort();
    }

    /**
     * Refuses whoever comes next.
     *
     * @param howMany connections
     */
    public void refuse(int howMany) {
        refusals.set(howMany);
    }

    /**
     * Everybody who came with this word and was not refused.
     *
     * @param word what the client was made with
     * @return in the order of arrival
     */
    public List<Visit> visits(String word) {
        List<Visit> some = new ArrayList<>();
        for (Visit visit : visits) {
            if (visit.who.startsWith(word + " ")) {
                some.add(visit);
            }
        }
        return some;
    }

    /**
     * How many of those are still connected.
     *
     * @param word what the client was made with
     * @return zero or more
     */
    public long open(String word) {
        return visits(word).stream().filter(visit -> !visit.ended).count();
    }

    @Override
    public void close() throws IOException {
        closing = true;
        listener.close();
        for (Visit visit : visits) {
            visit.socket.close();
        }
    }
}
