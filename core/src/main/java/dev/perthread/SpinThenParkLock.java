package dev.perthread;

import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock that is held for less time than it takes to park: tries for about a microsecond before it parks. A thread that parks
 * is away for twenty or more, and where many threads come and go, as at a limit, they would then queue for the lock and not
 * for the resource. It still parks in the end: the thread that has the lock may have lost its processor.
 */
final class SpinThenParkLock extends ReentrantLock {
    private static final int TRIES = Runtime.getRuntime().availableProcessors() > 1 ? 50 : 0;

    private static final long serialVersionUID = 1;

    @Override
    public void lock() {
        StackProbe.touchForLock(); // an overflow in lock() or unlock(), or between them, could not be undone
        for (int i = 0; i < TRIES; i++) {
            if (tryLock()) {
                return;
            }
            Thread.onSpinWait();
        }
        try {
            super.lock();
        } catch (OutOfMemoryError noNode) {
            // Java 17 needs memory for whoever queues. But what is done under the lock must not be left out: a permit
            // that is not given back is lost for ever.
            while (!tryLock()) {
                LockSupport.parkNanos(this, 10_000);
            }
        }
    }
}
