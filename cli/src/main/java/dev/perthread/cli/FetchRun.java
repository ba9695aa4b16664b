// The main job: many threads, one shared LazyConnection a host, a socket of its own for every thread.
package dev.perthread.cli;

import dev.perthread.ResourceException;
import dev.perthread.cli.Target.Endpoint;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** Used once: start, await, close. Any thread may stop it at any time. */
final class FetchRun implements AutoCloseable {
    private static final int PIECE = 8192;

    private final Plan plan;
    private final Consumer<Outcome> tell;
    private final Map<Endpoint, LazyConnection> shared = new LinkedHashMap<>();
    private final OpenCount open = new OpenCount();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch working;
    private volatile boolean stopping;
    private volatile long began;
    private volatile long ended;

    /** Opens nothing yet. The consumer is called by the thread that made the request, outside of its scope. */
    FetchRun(Plan plan, Consumer<Outcome> tell) {
        this.plan = plan;
        this.tell = tell;
        this.working = new CountDownLatch(plan.threads());
        for (Target target : plan.targets()) {
            shared.computeIfAbsent(target.endpoint(), this::connectionTo);
        }
    }

    private LazyConnection connectionTo(Endpoint endpoint) {
        return LazyConnection.tcp(endpoint.host(), endpoint.port())
                .connectTimeout(plan.timeout())
                .readTimeout(plan.timeout())
                .listener(open)
                .build();
    }

    /**
     * Starts all threads, and lets them go together.
     *
     * @throws Main.Failure if the system does not give so many threads; none has done anything then
     */
    void start() throws Main.Failure {
        List<Thread> threads = new ArrayList<>(plan.threads());
        try {
            for (int number = 1; number <= plan.threads(); number++) {
                Thread thread = thread("fetch-" + number);
                thread.start();
                threads.add(thread);
            }
        } catch (OutOfMemoryError e) {
            stopping = true;
            gate.countDown();
            throw new Main.Failure("only " + threads.size() + " of " + plan.threads()
                    + " threads could be started; fewer --threads, or --virtual, is allowed");
        }
        began = System.nanoTime();
        gate.countDown();
    }

    private Thread thread(String name) {
        Runnable work = () -> work(name);
        if (plan.virtual()) {
            return VirtualThreads.unstarted(name, work);
        }
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void work(String name) {
        try {
            gate.await();
            for (int round = 0; round < plan.rounds(); round++) {
                for (Target target : plan.targets()) {
                    if (stopping) {
                        return;
                    }
                    fetch(name, target);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does; and then it is to end
        } finally {
            ended = System.nanoTime();
            working.countDown();
        }
    }

    private void fetch(String thread, Target target) {
        LazyConnection connection = Objects.requireNonNull(shared.get(target.endpoint()));
        Answer answer = new Answer();
        String local = "";
        String remote = "";
        boolean complete = false;
        String failure;
        long start = System.nanoTime();
        try (Connection own = connection.open()) {
            local = text(own.localAddress());
            remote = text(own.remoteAddress());
            own.send(target.request());
            complete = receive(own, answer);
            failure = complete ? answer.complaint() : tooLong();
        } catch (SocketTimeoutException e) {
            failure = remote.isEmpty()
                    ? Reasons.of(e)
                    : "the server sent nothing for " + Values.seconds(plan.timeout()) + "; --timeout allows more";
        } catch (IOException | ResourceException | IllegalStateException e) {
            failure = Reasons.of(e);
        }
        Duration time = Duration.ofNanos(System.nanoTime() - start);
        if (stopping && !complete) {
            return; // cut off by stop(), which is not the request's failure
        }
        (failure == null ? succeeded : failed).increment();
        tell.accept(
                new Outcome(thread, target, local, remote, answer.bytes(), answer.status(), complete, time, failure));
    }

    /** The recipe's loop, with a bound. Returns whether the end was reached. */
    private boolean receive(Connection own, Answer answer) throws IOException {
        byte[] piece = own.recv(PIECE);
        while (piece.length > 0) {
            answer.add(piece);
            bytes.add(piece.length);
            if (answer.bytes() > plan.maxBytes()) {
                return false;
            }
            piece = own.recv(PIECE);
        }
        return true;
    }

    private String tooLong() {
        return "the answer is longer than " + plan.maxBytes() + " bytes; --max-bytes allows more";
    }

    private static String text(SocketAddress address) {
        if (address instanceof InetSocketAddress inet && !inet.isUnresolved()) {
            String host = inet.getAddress().getHostAddress();
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
        }
        return address.toString();
    }

    /** Waits until all threads have ended; false if that took longer. */
    boolean await(Duration longest) throws InterruptedException {
        return working.await(longest.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Closes every connection at once, under its user; the threads end as soon as they notice. */
    void stop() {
        stopping = true;
        gate.countDown();
        shared.values().forEach(connection -> connection.close(Duration.ZERO));
    }

    @Override
    public void close() {
        stop();
    }

    long planned() {
        return plan.requests();
    }

    long finished() {
        return succeeded.sum() + failed.sum();
    }

    long bytes() {
        return bytes.sum();
    }

    int openNow() {
        return open.now();
    }

    /** What was done so far; to be called before {@link #close}, which is not an interruption. */
    Summary summary() {
        long until = working.getCount() == 0 ? ended : System.nanoTime();
        return new Summary(
                plan.threads(),
                plan.requests(),
                succeeded.sum(),
                failed.sum(),
                shared.values().stream()
                        .mapToLong(connection -> connection.holder().stats().opened())
                        .sum(),
                open.most(),
                bytes(),
                Duration.ofNanos(began == 0 ? 0 : until - began),
                stopping);
    }
}
