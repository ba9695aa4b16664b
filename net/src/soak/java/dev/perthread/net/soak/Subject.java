package dev.perthread.net.soak;

import dev.perthread.CloseReason;
import dev.perthread.CloseReport;
import dev.perthread.IdlePolicy;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ResourceInfo;
import dev.perthread.Stats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * One pool under test with everything that must be true of it; LazySubject and PlainSubject say how it is entered.
 * Counts on its own what the holder counts, and compares.
 */
abstract class Subject {
    /** By the pulse's clock. Far above what a busy machine adds, far below what a lost wake-up does: for ever. */
    static final Duration MARGIN = Duration.ofSeconds(6);

    /** The library promises a second for what dead threads left, and its closers come on top. */
    private static final Duration RECLAIM = Duration.ofSeconds(3);

    /** After the holder was closed. */
    private static final Duration WAKE = Duration.ofSeconds(2);

    static final Duration CONNECT = Duration.ofMillis(400);
    static final Duration OPEN = Duration.ofMillis(800);
    static final Duration READ = Duration.ofMillis(700);

    /** Who is at the other end, whose connections are counted there but for the proxies' and openssl's. */
    enum Peer {
        DIRECT(0),
        TLS_1_3(1),
        TLS_1_2(2),
        /** Openssl, with session tickets without end. */
        TICKETS(3),
        /** The last ones are its ports. */
        PROXIED(4);

        final int place;

        Peer(int place) {
            this.place = place;
        }

        private int port(int[] ports, RandomGenerator random) {
            return ports[this == PROXIED ? random.nextInt(place, ports.length) : place];
        }

        boolean speaksTls() {
            return this == TLS_1_3 || this == TLS_1_2 || this == TICKETS;
        }

        boolean isCounted() {
            return this != TICKETS && this != PROXIED;
        }

        /** Each of them once among the first ones, so that the runtime has loaded what it needs. */
        private static Peer of(int number, RandomGenerator random) {
            if (number <= 10) {
                return values()[number % values().length];
            }
            return switch (random.nextInt(20)) {
                case 0, 1, 2 -> TLS_1_3;
                case 3, 4 -> TLS_1_2;
                case 5 -> TICKETS;
                case 6, 7, 8, 9, 10 -> DIRECT;
                default -> PROXIED;
            };
        }
    }

    /** What a holder is built with. */
    record Shape(
            String name,
            int port,
            Peer peer,
            IdlePolicy idle,
            ReentryPolicy reentry,
            int limit,
            Duration acquireTimeout,
            Duration idleTimeout,
            Duration maxAge,
            boolean check,
            boolean listener,
            boolean trace,
            boolean failing) {

        /** The ports of those who are counted, then of openssl, or 0, then of the proxies. */
        static Shape random(int number, int[] ports, RandomGenerator random) {
            Peer peer = Peer.of(number, random);
            if (peer == Peer.TICKETS && peer.port(ports, random) == 0) {
                peer = Peer.TLS_1_3;
            }
            int port = peer.port(ports, random);
            boolean keeps = random.nextInt(4) > 0;
            IdlePolicy idle = !keeps ? IdlePolicy.CLOSE : random.nextBoolean() ? IdlePolicy.KEEP : IdlePolicy.LEND;
            ReentryPolicy reentry = any(random, ReentryPolicy.values());
            boolean limited = random.nextInt(3) > 0;
            int[] waits = {0, 20, 100, 500, 1500, 5000};
            return new Shape(
                    "soak-" + number + "-" + idle + "-" + reentry + "-" + peer,
                    port,
                    peer,
                    idle,
                    reentry,
                    limited ? random.nextInt(1, 9) : Integer.MAX_VALUE,
                    Duration.ofMillis(waits[random.nextInt(waits.length)]),
                    keeps && random.nextBoolean() ? Duration.ofMillis(random.nextInt(10, 500)) : null,
                    keeps && random.nextBoolean() ? Duration.ofMillis(random.nextInt(50, 2000)) : null,
                    keeps && random.nextInt(4) > 0,
                    random.nextInt(3) > 0,
                    random.nextInt(4) == 0,
                    random.nextInt(3) == 0);
        }

        private static <E> E any(RandomGenerator random, E[] all) {
            return all[random.nextInt(all.length)];
        }

        boolean limited() {
            return limit != Integer.MAX_VALUE;
        }
    }

    final Shape shape;
    final InvariantMonitor monitor;

    /** Threads of the campaign that are inside a call of this holder or inside a scope. */
    final AtomicInteger users = new AtomicInteger();

    final AtomicLong acquired = new AtomicLong(); // leases that the campaign got
    final AtomicLong timedOut = new AtomicLong();
    final AtomicInteger leaksLeft = new AtomicInteger();
    final AtomicInteger leakLines = new AtomicInteger();

    private final Map<Object, Thread> inUse = new ConcurrentHashMap<>();
    private final AtomicInteger forced = new AtomicInteger();
    private final AtomicLong forceFrom = new AtomicLong(Long.MAX_VALUE);
    private volatile boolean closing;
    private volatile long closedAt = Long.MAX_VALUE; // two at once may both write: hardly apart
    volatile boolean closeReturned;
    long noUsersSince; // the judge's own; 0 while there are some

    private final long outOfMemoryBefore;

    Subject(Shape shape, InvariantMonitor monitor) {
        this.shape = shape;
        this.monitor = monitor;
        this.outOfMemoryBefore = monitor.outOfMemory.get();
    }

    /** Whether memory ran out in its life: then what the campaign itself counts may be wrong. */
    private boolean isDisturbed() {
        return monitor.outOfMemory.get() != outOfMemoryBefore;
    }

    /** One use of a resource. */
    interface Scope extends AutoCloseable {
        /** What nobody else may have at the same time. */
        Object resource();

        InputStream in() throws IOException;

        OutputStream out() throws IOException;

        /** Says that the last use ended well. */
        void done();

        void invalidate();

        @Override
        void close() throws IOException;
    }

    /** The work in a scope. */
    @FunctionalInterface
    interface Work {
        void in(Scope scope) throws IOException;
    }

    abstract PerThread<?, IOException> holder();

    /** Acquires; the caller closes, or does not. */
    abstract Scope enter(RandomGenerator random) throws IOException;

    /** The same by {@code call} or {@code run}, which end the scope themselves. */
    abstract void call(RandomGenerator random, Work work) throws IOException;

    abstract CloseReport close(Duration grace);

    /** Whether a kept connection is looked at before it is handed out again. */
    abstract boolean noticesWhatNobodyAskedFor();

    /** The longest that {@link #enter} may take. */
    private long patience() {
        Duration wait = shape.limited() ? shape.acquireTimeout() : Duration.ZERO;
        return wait.plus(OPEN).plus(MARGIN).toNanos();
    }

    /** By a thread that came out of {@link #enter}, whether with a resource or without. */
    void requireInTime(long begin) {
        long now = monitor.pauses.now();
        InvariantMonitor.max(monitor.worstAcquire, now - begin);
        monitor.require(
                now - begin <= patience(), shape + ": acquire took " + InvariantMonitor.millis(now - begin) + " ms");
        // Waiting threads are woken by close, and connecting ones freed; a plain opener may take its time.
        long sinceClosed = now - Math.max(begin, closedAt);
        monitor.require(
                sinceClosed <= OPEN.toNanos() + WAKE.toNanos(),
                shape + ": acquire went on for " + InvariantMonitor.millis(sinceClosed) + " ms after close");
    }

    /** By a thread that came out of one read or write, each of which has a timeout. */
    void requireTransferInTime(String what, long begin) {
        long took = monitor.pauses.now() - begin;
        InvariantMonitor.max(monitor.worstTransfer, took);
        monitor.require(
                took <= READ.plus(MARGIN).toNanos(),
                shape + ": a " + what + " took " + InvariantMonitor.millis(took) + " ms");
    }

    // ---- exclusive use ----

    /** Whether this is the outermost use by this thread; a breach if another thread has it. */
    boolean claim(Object resource) {
        Thread other = inUse.putIfAbsent(resource, Thread.currentThread());
        if (other == null) {
            return true;
        }
        boolean shared = other == Thread.currentThread() && shape.reentry() == ReentryPolicy.SHARE;
        monitor.require(shared, shape + ": " + resource + " is used by " + Thread.currentThread() + " and by " + other);
        return false;
    }

    void unclaim(Object resource) {
        inUse.remove(resource);
    }

    /** By a closer. */
    void closedUnderItsUser(Object resource) {
        Thread user = inUse.get(resource);
        if (user != null && user.isAlive()) {
            monitor.require(
                    mayForce(),
                    shape + ": " + resource + " is closed by " + Thread.currentThread() + " under its user " + user);
        }
    }

    boolean isClosing() {
        return closing;
    }

    boolean mayForce() {
        return System.nanoTime() - forceFrom.get() >= 0 && closing;
    }

    /** Whether a line of the log is this holder's; counts it. */
    boolean ownsLine(String line) {
        boolean mine = line.startsWith(shape.name() + ": ") && line.contains(" ended without closing its lease");
        if (mine) {
            leakLines.incrementAndGet();
        }
        return mine;
    }

    // ---- the end ----

    /** Closes the holder; several threads may do it at once. */
    void retire(Duration grace) {
        long end = System.nanoTime() + grace.toNanos();
        // Before closed: who is refused sees it, and the earliest of several graces counts.
        forceFrom.accumulateAndGet(end, (now, next) -> now == Long.MAX_VALUE ? next : Math.min(now, next));
        closedAt = Math.min(closedAt, monitor.pauses.now());
        closing = true;
        users.incrementAndGet();
        try {
            closeNow(grace);
        } finally {
            users.decrementAndGet();
        }
    }

    private void closeNow(Duration grace) {
        long begin = System.nanoTime();
        long beginOfClosers = monitor.closerPauses.now();
        CloseReport report = close(grace);
        long lost = System.nanoTime() - begin - (monitor.closerPauses.now() - beginOfClosers);
        forced.addAndGet(report.forced());
        monitor.forced.addAndGet(report.forced());
        for (Throwable failure : report.failures()) {
            if (lost > 1_000_000_000L && String.valueOf(failure.getMessage()).contains("has not returned after")) {
                monitor.lateClosers.incrementAndGet(); // its thread did not run
            } else if (!shape.failing()) {
                monitor.breach(
                        shape + ": closing the holder failed, with a standstill of " + InvariantMonitor.millis(lost)
                                + " ms; threads: " + Surroundings.threadDump(),
                        failure);
            }
        }
        closeReturned = true;
    }

    /** At any time. */
    void look() {
        monitor.looks.incrementAndGet();
        List<ResourceInfo> snapshot = holder().snapshot();
        Stats now = holder().stats();
        monitor.require(now.open() == now.opened() - now.closed(), shape + ": " + now);
        monitor.require(
                now.leased() >= 0 && now.idle() >= 0 && now.opening() >= 0 && now.waiting() >= 0 && now.open() >= 0,
                shape + ": negative: " + now);
        monitor.require(
                (long) now.open() + now.opening() <= shape.limit() && snapshot.size() <= shape.limit(),
                shape + ": over its limit: " + now);
        monitor.require(now.leased() + now.idle() <= now.open(), shape + ": more in use than open: " + now);
        monitor.require(now.leaked() <= leaksLeft.get(), shape + ": more leaked than were left: " + now);
        for (ResourceInfo resource : snapshot) {
            Long ended = monitor.deaths.get(resource.threadId());
            if (ended != null && resource.state() != ResourceInfo.State.CLOSING) {
                requireReclaimed(monitor.pauses.now() - ended, resource);
            }
        }
    }

    private void requireReclaimed(long late, ResourceInfo resource) {
        monitor.require(
                late < RECLAIM.toNanos(),
                shape + ": left by a thread that ended " + InvariantMonitor.millis(late) + " ms ago: " + resource);
    }

    /** Whether all has come to rest; what is not right then will not become so any more. */
    boolean isAtRest() {
        Stats now = holder().stats();
        return users.get() == 0
                && closeReturned
                && now.open() == 0
                && now.opening() == 0
                && now.waiting() == 0
                && holder().snapshot().isEmpty();
    }

    void judge() {
        Stats now = holder().stats();
        monitor.require(now.opened() == now.closed(), shape + ": opened and closed differ: " + now);
        monitor.require(now.leaked() <= now.reclaimed(), shape + ": more leaked than reclaimed: " + now);
        monitor.require(shape.failing() || now.closeFailures() == 0, shape + ": closers failed: " + now);
        if (!isDisturbed()) {
            // A lease that is closed by force before acquire has returned it need not have been counted; and one that
            // is before the body of call begins is counted, and the body not run.
            monitor.require(
                    now.acquired() <= acquired.get() + forced.get() && acquired.get() <= now.acquired() + forced.get(),
                    shape + ": " + acquired + " leases were got and " + forced + " forced, but " + now);
            monitor.require(now.timeouts() == timedOut.get(), shape + ": " + timedOut + " timed out, but " + now);
            monitor.require(
                    now.leaked() <= leaksLeft.get() && leaksLeft.get() <= now.leaked() + forced.get(),
                    shape + ": " + leaksLeft + " leaks were left and " + forced + " forced, but " + now);
            monitor.require(
                    leakLines.get() == (now.leaked() > 0 ? 1 : 0),
                    shape + ": " + leakLines + " warnings of a leak, but " + now);
            judgeListener(now);
        }
        monitor.add(now, shape.peer());
        monitor.retired.incrementAndGet();
    }

    // ---- what the listener is told ----

    private final Map<Long, Boolean> openIds = new ConcurrentHashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong toldOpened = new AtomicLong();
    private final AtomicLong toldClosed = new AtomicLong();
    private final AtomicLong toldFailed = new AtomicLong();
    private final AtomicLong toldLeaked = new AtomicLong();
    private final Map<CloseReason, AtomicLong> reasons = counters();

    private static Map<CloseReason, AtomicLong> counters() {
        Map<CloseReason, AtomicLong> counters = new EnumMap<>(CloseReason.class);
        for (CloseReason reason : CloseReason.values()) {
            counters.put(reason, new AtomicLong());
        }
        return counters;
    }

    private void judgeListener(Stats now) {
        if (!shape.listener()) {
            return;
        }
        String told = ", but the listener was told: opened " + toldOpened + ", closed " + reasons + ", failed "
                + toldFailed + ", leaked " + toldLeaked;
        monitor.require(
                toldOpened.get() == now.opened()
                        && toldClosed.get() == now.closed()
                        && toldFailed.get() == now.closeFailures()
                        && toldLeaked.get() == now.leaked()
                        && reasons.get(CloseReason.THREAD_ENDED).get() == now.reclaimed()
                        && reasons.get(CloseReason.FORCED).get() == forced.get()
                        && openIds.isEmpty(),
                shape + ": " + now + told);
    }

    final Listener listener = new Listener() {
        @Override
        public void opened(ResourceInfo resource) {
            guard(() -> {
                toldOpened.incrementAndGet();
                monitor.require(openIds.put(resource.id(), true) == null, shape + ": opened twice: " + resource);
                monitor.require(open.incrementAndGet() <= shape.limit(), shape + ": over its limit");
            });
        }

        @Override
        public void closed(ResourceInfo resource, CloseReason reason) {
            guard(() -> {
                toldClosed.incrementAndGet();
                reasons.get(reason).incrementAndGet();
                monitor.closes.get(reason).incrementAndGet();
                open.decrementAndGet();
                monitor.require(openIds.remove(resource.id()) != null, shape + ": closed twice: " + resource);
                Long ended = reason == CloseReason.THREAD_ENDED ? monitor.deaths.get(resource.threadId()) : null;
                if (ended != null) {
                    long late = monitor.pauses.now() - ended;
                    InvariantMonitor.max(monitor.worstReclaim, late);
                    requireReclaimed(late, resource);
                }
            });
        }

        @Override
        public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
            toldFailed.incrementAndGet();
            closed(resource, reason);
        }

        @Override
        public void leaked(ResourceInfo resource) {
            toldLeaked.incrementAndGet();
        }

        private void guard(Runnable told) {
            try {
                told.run();
            } catch (OutOfMemoryError passing) {
                monitor.outOfMemory.incrementAndGet();
            }
        }
    };
}
