package dev.perthread;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What there is once per pool as its user sees it, though a {@link KeyedPerThread} has an engine for each key: what is
 * logged once, whose closers run side by side, and by which number Flight Recorder tells it from others.
 */
final class PoolIdentity {
    private static final AtomicLong NUMBERS = new AtomicLong();

    final long number = NUMBERS.incrementAndGet(); // in this process
    final AtomicBoolean listenerFailed = new AtomicBoolean();
    final AtomicBoolean leakLogged = new AtomicBoolean();
    final AtomicInteger notDone = new AtomicInteger(); // leases that ended without done(); not counted on for ever
}
