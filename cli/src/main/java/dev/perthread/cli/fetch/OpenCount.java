package dev.perthread.cli.fetch;

import dev.perthread.CloseReason;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * A counter of the connections that are open at the same time, over all hosts of a run, which also knows which of them
 * were kept. Stats knows how many are open now and how many there were in all, but of one host, and not the most at
 * once.
 */
final class OpenCount implements Listener {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final LongAdder unfit = new LongAdder();
    private final boolean reuses;

    /** What acquired() told this thread last: it is called by the thread that opens a scope. */
    @SuppressWarnings("ThreadLocalUsage") // one a run, not a constant
    private final ThreadLocal<Boolean> usedBefore = ThreadLocal.withInitial(() -> false);

    /** For connections that may serve several requests, or for such as never do. */
    OpenCount(boolean reuses) {
        this.reuses = reuses;
    }

    /** Only a connection that is kept can have served before. */
    @Override
    public boolean wantsLeases() {
        return reuses;
    }

    /** Whether the connection that this thread has open now had served before. */
    boolean wasUsedBefore() {
        return usedBefore.get();
    }

    /** How many of those that were kept were found ended, or with something unasked on them, before their next use. */
    long unfit() {
        return unfit.sum();
    }

    int now() {
        return open.get();
    }

    int most() {
        return most.get();
    }

    @Override
    public void opened(ResourceInfo resource) {
        most.accumulateAndGet(open.incrementAndGet(), Math::max);
    }

    @Override
    public void acquired(ResourceInfo resource) {
        usedBefore.set(resource.uses() > 1);
    }

    @Override
    public void closed(ResourceInfo resource, CloseReason reason) {
        count(reason);
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        count(reason);
    }

    private void count(CloseReason reason) {
        open.decrementAndGet();
        if (reason == CloseReason.CHECK_FAILED) {
            unfit.increment();
        }
    }
}
