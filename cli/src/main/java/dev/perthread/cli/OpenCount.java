// Counts the connections that are open at the same time, over all hosts of a run, and knows which ones were kept.
package dev.perthread.cli;

import dev.perthread.CloseReason;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import java.util.concurrent.atomic.AtomicInteger;

/** Stats knows how many are open now and how many there were in all, but of one host, and not the most at once. */
final class OpenCount implements Listener {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    /** What acquired() told this thread last: it is called by the thread that opens a scope. */
    @SuppressWarnings("ThreadLocalUsage") // one a run, not a constant
    private final ThreadLocal<Boolean> usedBefore = ThreadLocal.withInitial(() -> false);

    /** Whether the connection that this thread has open now had served before. */
    boolean wasUsedBefore() {
        return usedBefore.get();
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
        open.decrementAndGet();
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        open.decrementAndGet();
    }
}
