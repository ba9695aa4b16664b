// Code of a user: not in a package of the library's, so that class loaders can be told apart.
package outside;

import dev.perthread.IdlePolicy;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** An application that shares connections and never closes what it shares. */
public final class Client implements BiFunction<String, Runnable, AutoCloseable> {
    private static final List<LazyConnection> SHARED = new CopyOnWriteArrayList<>();

    /** With nothing open. */
    public Client() {}

    /** Uses a connection for one byte there and back, and returns it; it has been done with, but its scope has not ended. */
    @Override
    public AutoCloseable apply(String connectionString, Runnable check) {
        LazyConnection shared = LazyConnection.parse(connectionString)
                .whenIdle(IdlePolicy.KEEP)
                .check(connection -> {
                    check.run();
                    return true;
                })
                .checkIdleEvery(Duration.ofMillis(300))
                .build();
        SHARED.add(shared);
        try {
            Connection mine = shared.open();
            mine.send(new byte[] {1});
            mine.recv(1);
            mine.done();
            return mine;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
