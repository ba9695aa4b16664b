package dev.perthread.spring.boot;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Closes all pools when the application ends, after those who use them have stopped and before any bean is destroyed. A
 * context that is only stopped may be started again, and a closed pool could not: there, what is idle is closed.
 */
final class PoolShutdown implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {
    private static final System.Logger LOG = System.getLogger("dev.perthread.spring");

    private final PoolBeans pools;
    private final ApplicationContext context;
    private final @Nullable Duration grace;
    private final int phase;
    private volatile boolean running;
    private volatile boolean ending;

    PoolShutdown(PoolBeans pools, ApplicationContext context, PerThreadProperties.Shutdown options) {
        this.pools = pools;
        this.context = context;
        this.grace = options.grace();
        this.phase = options.phase();
    }

    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        ending |= event.getApplicationContext() == context; // and not a child's, whose events come here too
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        if (ending) {
            closeAll();
        } else {
            pools.all().forEach(pool -> pool.evictIdle());
        }
    }

    /** Side by side: each has the whole grace, and all together take no longer than one. */
    private void closeAll() {
        List<Thread> closing = new ArrayList<>();
        for (PoolBean pool : pools.all()) {
            Thread thread = new Thread(() -> close(pool), "perthread-close-" + pool.name());
            thread.setDaemon(true);
            thread.start();
            closing.add(thread);
        }
        try {
            for (Thread thread : closing) {
                thread.join();
            }
        } catch (InterruptedException hurry) {
            closing.forEach(Thread::interrupt); // which ends the grace
            Thread.currentThread().interrupt();
        }
    }

    private void close(PoolBean pool) {
        try {
            pool.close(grace);
        } catch (Exception failure) {
            LOG.log(Level.WARNING, pool.name() + ": resources failed to close at shutdown", failure);
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return phase;
    }
}
