package dev.perthread.examples.clients;

import dev.perthread.Action;
import dev.perthread.Closer;
import dev.perthread.Opener;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The obvious way: a client in a {@code ThreadLocal}. Nothing tells when its thread ends, so it has nothing to close. */
@SuppressWarnings("ThreadLocalUsage") // one per trial
final class ThreadLocalWay<T> implements Way {
    private final Opener<T, ?> opener;
    private final Action<T, ?> use;
    private final Queue<T> opened = new ConcurrentLinkedQueue<>(); // for the trial's end; the obvious way has none

    ThreadLocalWay(Opener<T, ?> opener, Action<T, ?> use) {
        this.opener = () -> {
            T client = opener.open();
            opened.add(client);
            return client;
        };
        this.use = use;
    }

    // lines: start
    private final ThreadLocal<T> clients = new ThreadLocal<>();

    @Override
    public void use() throws Exception {
        T client = clients.get();
        if (client == null) {
            client = opener.open();
            clients.set(client);
        }
        use.run(client);
    }
    // lines: end

    @Override
    public void close() {}

    /** What the trial does so that the next one starts with nothing open. */
    void closeAll(Closer<T> closer) {
        for (T client : opened) {
            try {
                closer.close(client);
            } catch (Exception brokenLongAgo) {
                // its server was killed
            }
        }
    }
}
