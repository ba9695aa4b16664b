package dev.perthread.net.soak;

import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** The third floor under test: a LazyConnection. */
final class LazySubject extends Subject {
    private final LazyConnection shared;

    LazySubject(Shape shape, InvariantMonitor monitor) {
        super(shape, monitor);
        LazyConnection.Builder builder = LazyConnection.tcp("127.0.0.1", shape.port())
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
        shared = builder.build();
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

    private record Leased(Connection connection, Object resource) implements Scope {
        Leased(Connection connection) {
            this(connection, connection.localAddress());
        }

        @Override
        public InputStream in() {
            return connection.input();
        }

        @Override
        public OutputStream out() {
            return connection.output();
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
