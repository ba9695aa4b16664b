// Six threads share three connections to a server, and one of them ends without giving its connection back. Look at it with
// perthread timeline afterwards, or with perthread top meanwhile; docs/observability.md has the commands.

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThreadMXBean;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

public class Forgetful {
    private static final int THREADS = 6;
    private static final int CONNECTIONS = 3;
    private static final int FORGETS_AT = 4; // its fourth question

    /** How many questions each thread asks may be given: 12 take a second or so, 5000 some minutes. */
    public static void main(String[] args) throws Exception {
        int questions = args.length == 0 ? 12 : Integer.parseInt(args[0]);
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                LazyConnection shared = LazyConnection.tcp("127.0.0.1", server.getLocalPort())
                        .name("answers")
                        .whenIdle(IdlePolicy.LEND)
                        .limit(CONNECTIONS)
                        .acquireTimeout(Duration.ofSeconds(10))
                        .trace(true) // remember where each lease was acquired
                        .build();
                PerThreadMXBean.Registration shown = shared.holder().registerMXBean()) {
            daemon(() -> accept(server));
            List<Thread> threads = new ArrayList<>();
            for (int number = 1; number <= THREADS; number++) {
                boolean forgetful = number == THREADS;
                threads.add(new Thread(() -> work(shared, questions, forgetful), forgetful ? "forgetful" : "asker-" + number));
            }
            System.out.println("process " + ProcessHandle.current().pid() + ", in JMX as " + shown.objectName());
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            System.out.println(shared.holder().stats());
        }
    }

    private static void work(LazyConnection shared, int questions, boolean forgetful) {
        try {
            for (int question = 1; question <= questions; question++) {
                if (forgetful && question == FORGETS_AT) {
                    ask(shared.open(), question); // no try-with-resources, and so never closed
                    return;
                }
                try (Connection mine = shared.open()) {
                    ask(mine, question);
                    mine.done(); // the whole answer was read: the connection may be lent to the next
                }
                pause(20); // does something with the answer
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void ask(Connection mine, int question) throws IOException {
        mine.send(("question " + question + "\n").getBytes(US_ASCII));
        mine.recv(1024);
    }

    private static void accept(ServerSocket server) {
        try {
            while (true) {
                Socket connection = server.accept();
                daemon(() -> answer(connection));
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private static void answer(Socket connection) {
        try (connection) {
            BufferedReader in = new BufferedReader(new InputStreamReader(connection.getInputStream(), US_ASCII));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                pause(60); // thinks
                connection.getOutputStream().write(("answer to " + line + "\n").getBytes(US_ASCII));
            }
        } catch (IOException e) {
            return; // the client has gone
        }
    }

    private static void pause(int mostMillis) {
        try {
            Thread.sleep(ThreadLocalRandom.current().nextInt(mostMillis / 4, mostMillis));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "server");
        thread.setDaemon(true);
        thread.start();
    }
}
