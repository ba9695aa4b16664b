package dev.perthread.net.soak;

import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import dev.perthread.Stats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/** The second floor under test: a PerThread over plain sockets, with an opener, a closer and a check of our own. */
final class PlainSubject extends Subject {
    private final PerThread<Line, IOException> shared;
    private final AtomicLong opens = new AtomicLong();
    private final AtomicLong closes = new AtomicLong();
    private final AtomicInteger open = new AtomicInteger(); // from before the opener to after the closer

    /** The resource. */
    private static final class Line {
        final Socket socket = new Socket();
        final AtomicInteger closed = new AtomicInteger();

        @Override
        public String toString() {
            return "line from port " + socket.getLocalPort();
        }
    }

    PlainSubject(Shape shape, InvariantMonitor monitor) {
        super(shape, monitor);
        PerThread.Builder<Line, IOException> builder = PerThread.<Line, IOException>builder(
                        this::connect, this::disconnect)
                .name(shape.name())
                .whenIdle(shape.idle())
                .reentry(shape.reentry())
                .acquireTimeout(shape.acquireTimeout())
                .trace(shape.trace());
        if (shape.idle() != IdlePolicy.CLOSE) {
            builder.reuse(ReusePolicy.UNLESS_INVALIDATED);
        }
        if (shape.limited()) {
            builder.limit(shape.limit());
        }
        if (shape.idleTimeout() != null) {
            builder.idleTimeout(shape.idleTimeout());
        }
        if (shape.maxAge() != null) {
            builder.maxAge(shape.maxAge());
        }
        if (shape.check()) {
            builder.check(PlainSubject::isReusable);
        }
        if (shape.listener()) {
            builder.listener(listener);
        }
        shared = builder.build();
    }

    private Line connect() throws IOException {
        int now = open.incrementAndGet();
        Line line = null;
        try {
            monitor.require(now <= shape.limit(), shape + ": openers and closers see more than the limit");
            line = new Line();
            line.socket.setSoTimeout((int) READ.toMillis());
            line.socket.setTcpNoDelay(true);
            line.socket.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), shape.port()), (int) CONNECT.toMillis());
            if (ThreadLocalRandom.current().nextInt(20) == 0) { // long enough for the holder to be closed meanwhile
                LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(100_000_000));
            }
            if (shape.failing() && ThreadLocalRandom.current().nextInt(20) == 0) {
                throw new IOException("an opener that fails, on purpose");
            }
            opens.incrementAndGet();
            return line;
        } catch (Throwable failure) {
            if (line != null) {
                line.socket.close();
            }
            open.decrementAndGet();
            throw failure;
        }
    }

    private void disconnect(Line line) throws IOException {
        closes.incrementAndGet();
        try (line.socket) {
            monitor.require(line.closed.incrementAndGet() == 1, shape + ": closed twice: " + line.socket);
            closedUnderItsUser(line);
        } finally {
            open.decrementAndGet();
        }
        if (shape.failing() && ThreadLocalRandom.current().nextInt(20) == 0) {
            throw new IOException("a closer that fails, on purpose");
        }
    }

    /**
     * A timed read alone would not do: on Java 25 the time counts from before the socket's own lock is taken. A thread
     * that stands still there for a millisecond is told that nothing came before anybody has looked.
     */
    private static boolean isReusable(Line line) throws IOException {
        InputStream in = line.socket.getInputStream();
        line.socket.setSoTimeout(1);
        try {
            in.read();
            return false; // the end, or something that nobody asked for
        } catch (SocketTimeoutException quietOrNotLooked) {
            line.socket.setSoTimeout((int) READ.toMillis());
            return in.available() == 0;
        }
    }

    @Override
    PerThread<?, IOException> holder() {
        return shared;
    }

    @Override
    boolean noticesWhatNobodyAskedFor() {
        return shape.check() && shape.idle() != IdlePolicy.CLOSE;
    }

    @Override
    Scope enter(RandomGenerator random) throws IOException {
        Lease<Line> lease = random.nextBoolean() ? shared.acquire() : shared.acquire(shape.acquireTimeout());
        acquired.incrementAndGet();
        try {
            return new Leased(lease);
        } catch (Throwable forcedAlready) {
            lease.close();
            throw forcedAlready;
        }
    }

    @Override
    void call(RandomGenerator random, Work work) throws IOException {
        if (random.nextBoolean()) {
            shared.run(line -> {
                acquired.incrementAndGet();
                work.in(new Called(line));
            });
        } else {
            Integer result = shared.call(line -> {
                acquired.incrementAndGet();
                work.in(new Called(line));
                return 42;
            });
            monitor.require(result == 42, shape + ": call returned " + result);
        }
    }

    @Override
    CloseReport close(Duration grace) {
        return shared.close(grace);
    }

    @Override
    void judge() {
        super.judge();
        Stats now = shared.stats();
        monitor.require(
                opens.get() == now.opened() && closes.get() == now.closed() && open.get() == 0,
                shape + ": " + opens + " were opened and " + closes + " closed, " + open + " left, but " + now);
    }

    private record Leased(Lease<Line> lease, Line resource) implements Scope {
        Leased(Lease<Line> lease) {
            this(lease, lease.get());
        }

        @Override
        public InputStream in() throws IOException {
            return lease.get().socket.getInputStream();
        }

        @Override
        public OutputStream out() throws IOException {
            return lease.get().socket.getOutputStream();
        }

        @Override
        public void done() {
            lease.done();
        }

        @Override
        public void invalidate() {
            lease.invalidate();
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    private record Called(Line resource) implements Scope {
        @Override
        public InputStream in() throws IOException {
            return resource.socket.getInputStream();
        }

        @Override
        public OutputStream out() throws IOException {
            return resource.socket.getOutputStream();
        }

        @Override
        public void done() {
            throw new UnsupportedOperationException("the body returns instead");
        }

        @Override
        public void invalidate() {
            throw new UnsupportedOperationException("the body throws instead");
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException("the holder does it");
        }
    }
}
