package dev.perthread;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What there is once per pool as its user sees it, though a {@link KeyedPerThread} has an engine for each key: what is
 * logged once, and whose closers run side by side.
 */
final class PoolIdentity {
    final AtomicBoolean listenerFailed = new AtomicBoolean();
    final AtomicBoolean leakLogged = new AtomicBoolean();
    final AtomicInteger notDone = new AtomicInteger(); // leases that ended without done(); not counted on for ever
}
