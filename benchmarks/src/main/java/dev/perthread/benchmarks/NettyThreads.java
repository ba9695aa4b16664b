package dev.perthread.benchmarks;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The executor that gives JMH Netty's own kind of thread, for {@link AcquireReleaseBenchmark}. JMH makes it by name.
 */
public final class NettyThreads extends ThreadPoolExecutor {
    /**
     * As JMH calls it.
     *
     * @param threads how many
     * @param prefix of their names
     */
    public NettyThreads(int threads, String prefix) {
        super(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new FastThreadLocalThread(task, prefix);
            thread.setDaemon(true);
            return thread;
        });
    }
}
