// Makes the recording that perthread timeline --demo draws: a thousand virtual threads share sixteen connections, one of them
// ends without giving its connection back, and one keeps it for too long. On Java 21 or later, from the root, after a build:
//
//   java -cp 'cli/target/lib/*' cli/src/demo/DemoRecording.java cli/src/main/resources/dev/perthread/cli/timeline/demo.jfr.gz

import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ResourceInfo;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import jdk.jfr.Recording;

public class DemoRecording {
    private static final int THREADS = 1000;
    private static final int CONNECTIONS = 16;
    private static final int CHECKS_OUT = 3; // every third
    private static final int FORGETS = 421; // the number of the thread
    private static final int REPORTS = 250;
    private static final int BURST_FROM = 450;
    private static final int BURST_TO = 700;
    private static final List<String> EVENTS = List.of(
            "Open", "OpenFailed", "Lease", "Wait", "Close", "CloseFailed", "Leak", "HeldTooLong", "Resource", "Statistics");

    /** Stands for a connection to a database: the pool does not look into it. */
    record Session(int number) {}

    private static final CountDownLatch warned = new CountDownLatch(1);
    private static final AtomicInteger opened = new AtomicInteger();
    private static final Random random = new Random(16);

    public static void main(String[] args) throws Exception {
        Path file = Files.createTempFile("demo", ".jfr");
        try (Recording recording = new Recording()) {
            EVENTS.forEach(event -> recording.enable("dev.perthread." + event).withoutThreshold());
            recording.start();
            work();
            recording.stop();
            recording.dump(file);
        }
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(Path.of(args[0])))) {
            Files.copy(file, out);
        } finally {
            Files.delete(file);
        }
    }

    private static void work() throws Exception {
        try (PerThread<Session, RuntimeException> orders = PerThread.<Session, RuntimeException>builder(
                        DemoRecording::open, session -> sleep(2))
                .name("orders")
                .whenIdle(IdlePolicy.LEND)
                .limit(CONNECTIONS)
                .trace(true)
                .warnWhenHeldFor(Duration.ofMillis(400))
                .listener(new Listener() {
                    @Override
                    public void heldTooLong(ResourceInfo resource) {
                        if (resource.threadName().equals("request-" + REPORTS)) {
                            warned.countDown();
                        }
                    }
                })
                .build()) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 1; number <= THREADS; number++) {
                int it = number;
                int millis = 3 + random.nextInt(12);
                threads.add(Thread.ofVirtual().name("request-" + it).start(() -> serve(orders, it, millis)));
                Thread.sleep(number > BURST_FROM && number < BURST_TO ? 0 : 1); // a burst of requests makes a queue
                if (number == FORGETS + 100) {
                    System.gc(); // a thread that has ended is noticed by its reference
                }
            }
            for (Thread thread : threads) {
                thread.join();
            }
            threads.clear();
            Thread.sleep(100);
        }
    }

    private static Session open() {
        sleep(12);
        return new Session(opened.incrementAndGet());
    }

    private static void serve(PerThread<Session, RuntimeException> orders, int number, int millis) {
        if (number == FORGETS) {
            refund(orders);
        } else if (number == REPORTS) {
            report(orders);
        } else if (number % CHECKS_OUT == 0) {
            checkOut(orders, 2 * millis);
        } else {
            search(orders, millis);
        }
    }

    private static void search(PerThread<Session, RuntimeException> orders, int millis) {
        orders.run(session -> sleep(millis));
    }

    private static void checkOut(PerThread<Session, RuntimeException> orders, int millis) {
        orders.run(session -> sleep(millis));
    }

    /** Keeps its connection while it does something else: until the library has said so, which a busy machine may delay. */
    private static void report(PerThread<Session, RuntimeException> orders) {
        orders.run(session -> {
            sleep(700);
            await(warned);
        });
    }

    /** No try-with-resources, and so never closed. */
    private static void refund(PerThread<Session, RuntimeException> orders) {
        orders.acquire();
        sleep(20);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
