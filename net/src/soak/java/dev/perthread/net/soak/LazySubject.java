package dev.perthread.net.soak;

import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import dev.perthread.net.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/** The third floor under test: a LazyConnection. */
final class LazySubject extends Subject {
    private final LazyConnection shared;

    LazySubject(Shape shape, InvariantMonitor monitor) {
        super(shape, monitor);
        LazyConnection.Builder builder = to(shape)
                .name(shape.name())
                .connectTimeout(shortest(CONNECT, shape))
                .openTimeout(shortest(OPEN, shape))
                .readTimeout(READ)
                .whenIdle(shape.idle())
                .reentry(shape.reentry())
                .trace(shape.trace());
        if (shape.limited()) {
            builder.limit(shape.limit()).acquireTimeout(shape.acquireTimeout());
        }
        if (shape.idleTimeout() != null) {
            builder.idleTimeout(shape.idleTimeout());
        }
        if (shape.maxAge() != null) {
            builder.maxAge(shape.maxAge());
        }
        if (shape.listener()) {
            builder.listener(listener);
        }
        shared = build(builder);
    }

    /** It reads the trusted certificate, and there are times without a descriptor. */
    private static LazyConnection build(LazyConnection.Builder builder) {
        while (true) {
            try {
                return builder.build();
            } catch (IllegalArgumentException failed) {
                if (!failed.toString().contains("Too many open files")) {
                    throw failed;
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    private static LazyConnection.Builder to(Shape shape) {
        if (!shape.peer().speaksTls()) {
            return LazyConnection.tcp("127.0.0.1", shape.port());
        }
        return LazyConnection.tls("127.0.0.1", shape.port())
                .tls(Tls.defaults().trust(Path.of(System.getProperty("soak.trusted"))));
    }

    /** The acquireTimeout covers connecting, unless it is zero. */
    private static Duration shortest(Duration time, Shape shape) {
        Duration whole = shape.acquireTimeout();
        return shape.limited() && !whole.isZero() && whole.compareTo(time) < 0 ? whole : time;
    }

    @Override
    PerThread<?, IOException> holder() {
        return shared.holder();
    }

    /** It looks at a kept connection by itself. */
    @Override
    boolean noticesWhatNobodyAskedFor() {
        return shape.idle() != IdlePolicy.CLOSE;
    }

    @Override
    Scope enter(RandomGenerator random) throws IOException {
        Connection connection = shared.open();
        acquired.incrementAndGet();
        try {
            return new Leased(connection);
        } catch (Throwable forcedAlready) {
            connection.close();
            throw forcedAlready;
        }
    }

    @Override
    void call(RandomGenerator random, Work work) throws IOException {
        shared.call(connection -> {
            acquired.incrementAndGet();
            work.in(new Leased(connection));
            return null;
        });
    }

    @Override
    CloseReport close(Duration grace) {
        return shared.close(grace);
    }

    private final class Leased implements Scope {
        private final Connection connection;
        private final Object resource;

        Leased(Connection connection) {
            this.connection = connection;
            this.resource = connection.localAddress();
        }

        @Override
        public Object resource() {
            return resource;
        }

        @Override
        public InputStream in() {
            InputStream in = connection.input();
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                }

                @Override
                public int read(byte[] into, int from, int length) throws IOException {
                    long begin = monitor.pauses.now();
                    try {
                        return in.read(into, from, length);
                    } finally {
                        requireTransferInTime("read", begin);
                    }
                }

                @Override
                public int available() throws IOException {
                    return in.available();
                }
            };
        }

        @Override
        public OutputStream out() {
            OutputStream out = connection.output();
            return new OutputStream() {
                @Override
                public void write(int one) throws IOException {
                    write(new byte[] {(byte) one}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    long begin = monitor.pauses.now();
                    try {
                        out.write(bytes, from, length);
                    } finally {
                        requireTransferInTime("write", begin);
                    }
                }
            };
        }

        @Override
        public void done() {
            connection.done();
        }

        @Override
        public void invalidate() {
            connection.invalidate();
        }

        @Override
        public void close() throws IOException {
            connection.close();
        }
    }
}
