// Counts the connections that are open at the same time, over all hosts of a run.
package dev.perthread.cli;

import dev.perthread.CloseReason;
import dev.perthread.Listener;
import dev.perthread.ResourceInfo;
import java.util.concurrent.atomic.AtomicInteger;

/** Stats knows how many are open now and how many there were in all, but of one host, and not the most at once. */
final class OpenCount implements Listener {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

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
    public void closed(ResourceInfo resource, CloseReason reason) {
        open.decrementAndGet();
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        open.decrementAndGet();
    }
}
