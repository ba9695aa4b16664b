package dev.perthread.net.soak;

import dev.perthread.net.soak.Subject.Peer;
import dev.perthread.net.soak.Subject.Shape;
import dev.perthread.testkit.ThreadKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The campaign, in its own process: threads, holders and troubles for some minutes; then the reckoning and one table.
 */
final class Soak {
    private static final int SUBJECTS = 10;
    private static final int WORKERS = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final InvariantMonitor monitor;
    volatile boolean stopping;

    private final CountDownLatch end = new CountDownLatch(1);
    private final int[] ports;
    private final SplittableRandom plan; // guarded by this
    private final AtomicInteger number = new AtomicInteger();
    private final AtomicReferenceArray<Subject> subjects = new AtomicReferenceArray<>(SUBJECTS);
    private final Queue<Subject> retired = new ConcurrentLinkedQueue<>();
    private final AtomicReferenceArray<Thread> workers = new AtomicReferenceArray<>(WORKERS);
    private final List<Thread> helpers = new ArrayList<>();
    private final List<ThreadKind> kinds = ThreadKind.available().toList();
    private final BufferedReader answers = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private Soak(long seed, int[] ports) {
        this.monitor = new InvariantMonitor(seed);
        this.plan = new SplittableRandom(seed);
        this.ports = ports;
    }

    public static void main(String[] args) throws Exception {
        int[] ports = Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        Soak soak = new Soak(Long.getLong("soak.seed"), ports);
        double minutes = Double.parseDouble(System.getProperty("soak.minutes", "1"));
        boolean sound = soak.run(Duration.ofMillis((long) (minutes * 60_000)));
        System.out.flush();
        Runtime.getRuntime().halt(sound ? 0 : 1); // what is stuck must not keep a broken run from ending
    }

    private boolean run(Duration length) throws Exception {
        System.out.printf("soak: %s on JDK %s, %s threads, seed %d%n", length, Runtime.version(), kinds, monitor.seed);
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            if (failure instanceof OutOfMemoryError) {
                monitor.outOfMemory.incrementAndGet();
            } else {
                monitor.breach("uncaught in " + thread, failure);
            }
        });
        Surroundings surroundings = new Surroundings(this::logged, monitor);
        for (int i = 0; i < SUBJECTS; i++) {
            subjects.set(i, next());
        }
        warmUp();
        surroundings.begin();
        request("@strike");
        startAll();
        supervise(length, surroundings);
        stop();
        retired.forEach(subject -> judge(subject, true));
        String[] sides = request("@settle").split(" ");
        judgeServer(Arrays.stream(sides).mapToLong(Long::parseLong).toArray());
        surroundings.judge();
        Report.print(monitor, length, request("@count"), sides, surroundings);
        return !monitor.isBroken();
    }

    /** What the Java runtime opens and starts once is there before anything is counted. */
    private void warmUp() throws Exception {
        for (ThreadKind kind : kinds) {
            kind.inParallel(8, index -> new Worker(this, split()).once());
        }
        for (int i = 0; i < SUBJECTS; i++) {
            retire(subjects.get(i), Duration.ofSeconds(1));
        }
        awaitJudged();
    }

    private void startAll() {
        FaultInjector injector = new FaultInjector(this);
        helper("exhaust", injector::exhaust);
        helper("interrupt", injector::interrupt);
        helper("bystander-1", injector::stand);
        helper("bystander-2", injector::stand);
        helper("renew-1", injector::renew);
        helper("renew-2", injector::renew);
    }

    /** What a helper does until the end. */
    @FunctionalInterface
    private interface Help {
        void help(SplittableRandom random) throws InterruptedException;
    }

    private void helper(String name, Help help) {
        SplittableRandom random = split();
        Thread thread = new Thread(
                () -> {
                    try {
                        help.help(random);
                    } catch (InterruptedException e) {
                        monitor.breach(name + " was interrupted", e);
                    }
                },
                "soak-" + name);
        helpers.add(thread);
        thread.start();
    }

    private void supervise(Duration length, Surroundings surroundings) throws InterruptedException {
        long stop = System.nanoTime() + length.toNanos();
        long minute = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < stop && !monitor.isBroken()) {
            try {
                for (int i = 0; i < WORKERS; i++) {
                    Thread worker = workers.get(i);
                    if (worker == null || !worker.isAlive()) {
                        workers.set(i, kinds.get(i % kinds.size()).start(new Worker(this, split())));
                    }
                }
                retired.removeIf(subject -> judge(subject, false));
                surroundings.look();
                monitor.forget(30_000_000_000L);
                if (System.nanoTime() > minute) {
                    minute += 60_000_000_000L;
                    Report.progress(monitor, surroundings);
                }
            } catch (OutOfMemoryError passing) {
                monitor.outOfMemory.incrementAndGet();
            }
            goOn(Duration.ofMillis(20));
        }
    }

    private void stop() throws InterruptedException {
        stopping = true;
        end.countDown();
        List<Thread> all = new ArrayList<>(helpers);
        for (int i = 0; i < WORKERS; i++) {
            all.add(workers.get(i));
        }
        all.removeIf(Objects::isNull); // ended before it had begun
        long late = System.nanoTime() + PATIENCE.toNanos();
        for (Thread thread : all) {
            TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, late - System.nanoTime()));
            if (thread.isAlive()) {
                Throwable where = new Throwable(thread.toString());
                where.setStackTrace(thread.getStackTrace());
                monitor.breach(thread + " does not end: waits for ever?", where);
            }
        }
        for (int i = 0; i < SUBJECTS; i++) {
            retire(subjects.get(i), Duration.ofMillis(plan.nextInt(500)));
        }
        awaitJudged();
    }

    private void awaitJudged() throws InterruptedException {
        long late = System.nanoTime() + PATIENCE.toNanos();
        while (!retired.isEmpty() && System.nanoTime() < late && monitor.breaches() < 20) {
            retired.removeIf(subject -> judge(subject, false));
            Thread.sleep(10);
        }
    }

    /** Whether that is done: it is right, or a breach was told. */
    private boolean judge(Subject subject, boolean now) {
        if (subject.isAtRest()) {
            subject.judge();
            return true;
        }
        if (subject.users.get() > 0 || !subject.closeReturned) {
            subject.noUsersSince = 0;
        } else if (subject.noUsersSince == 0) {
            subject.noUsersSince = monitor.pauses.now();
        }
        boolean late =
                subject.noUsersSince != 0 && monitor.pauses.now() - subject.noUsersSince > Subject.MARGIN.toNanos();
        if (now || late) {
            monitor.breach(
                    subject.shape + ": closed and not at rest, " + subject.users + " inside: "
                            + subject.holder().stats() + " " + subject.holder().snapshot(),
                    null);
            return true;
        }
        return false;
    }

    private void judgeServer(long[] sides) {
        for (int i = 0; i < sides.length; i += 6) {
            monitor.require(sides[i + 4] == 0, "the server still has " + sides[i + 4] + " connections open");
            monitor.require(
                    sides[i] == sides[i + 1] + sides[i + 2] + sides[i + 3],
                    "the server's own books are wrong: " + Arrays.toString(sides));
        }
        for (Peer peer : Peer.values()) {
            if (peer.isCounted()) {
                long opened = monitor.past("opened " + peer);
                long failed = monitor.past("failed to open " + peer);
                long accepted = sides[6 * peer.place];
                monitor.require(
                        opened <= accepted && accepted <= opened + failed,
                        peer + ": opened " + opened + ", failed " + failed + ", but the server accepted " + accepted);
            }
        }
    }

    // ---- for the threads of the campaign ----

    synchronized SplittableRandom split() {
        return plan.split();
    }

    Subject any(SplittableRandom random) {
        return subjects.get(random.nextInt(SUBJECTS));
    }

    Thread anyWorker(SplittableRandom random) {
        Thread worker = workers.get(random.nextInt(WORKERS));
        return worker == null ? new Thread() : worker;
    }

    /** Waits; false if the campaign ends. */
    boolean goOn(Duration pause) throws InterruptedException {
        return !end.await(pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Closes a holder under those who use it, and puts another one in its place. */
    void retire(Subject subject, Duration grace) {
        Subject next = next();
        for (int i = 0; i < SUBJECTS; i++) {
            if (subjects.compareAndSet(i, subject, next)) {
                retired.add(subject);
            }
        }
        subject.retire(grace);
    }

    private synchronized Subject next() {
        Shape shape = Shape.random(number.incrementAndGet(), ports, plan);
        return shape.peer().speaksTls() || plan.nextBoolean()
                ? new LazySubject(shape, monitor)
                : new PlainSubject(shape, monitor);
    }

    private void logged(String line) {
        for (Subject subject : retired) {
            if (subject.ownsLine(line)) {
                return;
            }
        }
        for (int i = 0; i < SUBJECTS; i++) {
            if (subjects.get(i).ownsLine(line)) {
                return;
            }
        }
        monitor.breach("unexpected log line: " + line, null);
    }

    private String request(String what) throws IOException {
        System.out.println(what);
        return answers.readLine();
    }
}
