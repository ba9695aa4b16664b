package dev.perthread;

import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Random operations by many threads, each checked against a sequential model: a thread knows its leases, what each gave it, and what it has left idle. From that follows what the next
 * operation may return or throw. What other threads can change (eviction, the limit, closing) widens it; nothing else.
 */
final class RandomOperations {
    private static final class OpenFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /**
     * What the pool has, beyond its policies.
     *
     * @param whenDone whether leases must be declared done for their resource to be reused
     * @param reset whether leases end with a reset, which may fail
     * @param check whether there is a check before reuse, which may fail
     * @param slow whether openers, closers, checks and resets take some time
     */
    record Extras(boolean whenDone, boolean reset, boolean check, boolean slow) {
        static Extras random(Random random) {
            return new Extras(random.nextBoolean(), random.nextBoolean(), random.nextBoolean(), random.nextInt(3) == 0);
        }

        /** Only what lets a resource outlive its scope has most of it. */
        Extras with(IdlePolicy whenIdle) {
            return whenIdle == IdlePolicy.CLOSE ? new Extras(false, false, false, slow) : this;
        }
    }

    private static final String UNDECLARED = "leases ended without done()";

    private final Matrix matrix;
    private final Extras extras;
    private final long seed;
    private final boolean closeHalfway;
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Boolean> failOpen = ThreadLocal.withInitial(() -> false);
    private final Set<Probe> failClose = ConcurrentHashMap.newKeySet();
    private final Set<Probe> failReset = ConcurrentHashMap.newKeySet();
    private final Set<Probe> failedCheck = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean suspending = new AtomicBoolean(); // one at a time, so that its resume() is its own
    private final AtomicInteger suspensions = new AtomicInteger(); // begun
    private final AtomicInteger refreshedUpTo = new AtomicInteger(); // no acquire gets one of these numbers any more
    private final AtomicReference<Lease<Probe>> shown = new AtomicReference<>();
    private final AtomicInteger places = new AtomicInteger();
    final AtomicInteger peak = new AtomicInteger();
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger operations = new AtomicInteger();
    private volatile boolean closing;
    final PerThread<Probe, RuntimeException> pool;

    RandomOperations(Matrix matrix, Extras given, long seed, RecordingListener journal, boolean closeHalfway) {
        this.matrix = matrix;
        this.extras = given.with(matrix.whenIdle());
        this.seed = seed;
        this.closeHalfway = closeHalfway;
        PerThread.Builder<Probe, RuntimeException> builder =
                matrix.<Probe, RuntimeException>builder(this::open).closer(this::closeClaimed);
        if (extras.whenDone) {
            builder.reuse(ReusePolicy.WHEN_DONE);
        }
        if (extras.reset) {
            builder.reset(this::reset);
        }
        if (extras.check) {
            builder.check(this::check);
        }
        this.pool = (journal == null ? builder : builder.listener(journal)).build();
    }

    private Probe open() {
        peak.accumulateAndGet(places.incrementAndGet(), Math::max);
        takeTime();
        if (failOpen.get()) {
            places.decrementAndGet();
            throw new OpenFailure();
        }
        opened.incrementAndGet();
        return new Probe();
    }

    private void takeTime() {
        if (extras.slow) {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200_000));
        }
    }

    private void reset(Probe probe) {
        probe.use(); // complains if anybody else has it, or if it is closed
        takeTime();
        if (failReset.remove(probe)) {
            throw new IllegalStateException("on purpose");
        }
    }

    private boolean check(Probe probe) {
        probe.use();
        takeTime();
        if (ThreadLocalRandom.current().nextInt(8) == 0) {
            failedCheck.add(probe);
            return false;
        }
        return true;
    }

    private void closeClaimed(Probe probe) throws IOException {
        takeTime();
        probe.close();
        closed.incrementAndGet();
        places.decrementAndGet();
        if (failClose.remove(probe)) {
            throw new IOException("on purpose");
        }
    }

    /** Runs, closes the holder, and returns what was wrong. */
    List<String> run(int threads, int each) throws Exception {
        long undeclaredBefore = undeclared();
        matrix.kind().inParallel(threads, i -> new Actions(seed * 31 + i, i).run(each));
        pool.reap();
        Stats before = pool.stats();
        expect(before.opened() == before.closed() + before.open(), "sums: " + before);
        pool.evictIdle();
        CloseReport report = pool.close(Duration.ofSeconds(20));
        expect(report.forced() == 0, "forced though every thread had ended: " + report);
        Stats after = pool.stats();
        expect(after.open() == 0 && after.leased() == 0 && after.idle() == 0, "open after close: " + after);
        expect(after.waiting() == 0 && after.opening() == 0, "waiting after close: " + after);
        expect(after.opened() == opened.get(), "opened " + opened + " but " + after);
        expect(after.closed() == closed.get(), "closed " + closed + " but " + after);
        expect(opened.get() == closed.get(), "opened " + opened + ", closed " + closed);
        expect(peak.get() <= matrix.limit(), "peak " + peak);
        expect(places.get() == 0, "places " + places);
        expect(pool.snapshot().isEmpty(), "snapshot " + pool.snapshot());
        if (after.leaked() > 0) {
            LogLines.expect("ended without closing its lease");
        }
        if (extras.whenDone() && undeclared() > undeclaredBefore) { // the first ten happened to be all of that kind
            LogLines.expect(UNDECLARED);
        }
        return wrong.stream()
                .map(line -> matrix + ", " + extras + ", seed " + seed + ": " + line)
                .toList();
    }

    private static long undeclared() {
        return LogLines.seen().stream()
                .filter(line -> line.contains(UNDECLARED))
                .count();
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            wrong.add(otherwise);
        }
    }

    /** One thread. */
    private final class Actions {
        private final Thread me = Thread.currentThread();
        private final Random random;
        private final int number;
        private final List<Lease<Probe>> leases = new ArrayList<>();
        private final IdentityHashMap<Probe, Integer> uses = new IdentityHashMap<>();
        private final Set<Probe> invalid = ConcurrentHashMap.newKeySet(); // or not done, retired, not reset
        private final Set<Probe> seen = ConcurrentHashMap.newKeySet();
        private Lease<Probe> stale;

        Actions(long seed, int number) {
            this.random = new Random(seed);
            this.number = number;
        }

        void run(int each) {
            for (int i = 0; i < each; i++) {
                operations.incrementAndGet();
                if (closeHalfway && number == 0 && i == each / 2) {
                    endAll();
                    closing = true;
                    pool.close(Duration.ofSeconds(20));
                }
                step();
            }
            if (random.nextBoolean()) {
                endAll();
            }
            uses.keySet().forEach(probe -> probe.end(me)); // and die inside the scope
        }

        private void step() {
            switch (random.nextInt(22)) {
                case 16, 17 -> tryAcquire();
                case 18 -> evictMine();
                case 19 -> refresh();
                case 20 -> setLimit();
                case 21 -> {
                    if (random.nextInt(4) == 0) {
                        suspend();
                    } else {
                        prewarm();
                    }
                }
                case 0, 1, 2, 3 -> acquire(false);
                case 4, 5, 6, 7 -> end();
                case 8 -> use();
                case 9 -> invalidate();
                case 10 -> misuse();
                case 11 -> release();
                case 12 -> {
                    if (random.nextInt(4) == 0) {
                        expect(pool.evictIdle() >= 0, "evicted less than none");
                    } else {
                        look();
                    }
                }
                case 13 -> expect(pool.reap() >= 0, "reaped less than none");
                case 14 -> {
                    me.interrupt();
                    acquire(true);
                    Thread.interrupted();
                }
                default -> {
                    failOpen.set(true);
                    acquire(false);
                    failOpen.set(false);
                }
            }
        }

        private void acquire(boolean interrupted) {
            int suspended = suspensions.get();
            boolean mayBeSuspended = suspending.get();
            try {
                int old = refreshedUpTo.get();
                entered(pool.acquire(Duration.ofNanos(random.nextInt(300_000))), old);
            } catch (ReentryException e) {
                expect(!leases.isEmpty() && matrix.reentry() == ReentryPolicy.REJECT, "refused: " + e);
            } catch (OpenFailure e) {
                expect(failOpen.get(), "not asked to fail");
            } catch (AcquireTimeoutException e) {
                expect(
                        matrix.limit() != Matrix.NONE
                                || extras.check
                                || mayBeSuspended
                                || suspended != suspensions.get(),
                        "waited without a limit: " + e);
            } catch (AcquireInterruptedException e) {
                expect(interrupted && me.isInterrupted(), "interrupted: " + e);
            } catch (IllegalStateException e) {
                expect(closing, "refused: " + e);
            }
            expect(pool.isHeld() == !leases.isEmpty(), "isHeld " + leases);
        }

        private void tryAcquire() {
            try {
                int old = refreshedUpTo.get();
                Lease<Probe> lease = pool.tryAcquire().orElse(null);
                if (lease != null) {
                    entered(lease, old);
                }
            } catch (ReentryException e) {
                expect(!leases.isEmpty() && matrix.reentry() == ReentryPolicy.REJECT, "refused: " + e);
            } catch (IllegalStateException e) {
                expect(closing, "refused: " + e);
            }
            expect(pool.isHeld() == !leases.isEmpty(), "isHeld " + leases);
        }

        private void entered(Lease<Probe> lease, int old) {
            Probe probe = lease.get();
            boolean mine = uses.containsKey(probe);
            expect(!probe.isClosed(), "got a closed resource");
            expect(mine || probe.number() > old, "got one from before a refresh: " + probe);
            expect(mine || !failedCheck.contains(probe), "got one whose check failed: " + probe);
            if (!leases.isEmpty()) {
                expect(matrix.reentry() != ReentryPolicy.REJECT, "entered twice");
                expect(mine == (matrix.reentry() == ReentryPolicy.SHARE), "shared or not: " + probe);
            } else {
                expect(!mine, "in use already: " + probe);
            }
            if (matrix.whenIdle() != IdlePolicy.LEND) {
                expect(probe.opener().equals(me), "opened by another thread: " + probe);
            }
            if (matrix.whenIdle() == IdlePolicy.CLOSE && !mine) {
                expect(!seen.contains(probe), "used again: " + probe);
            }
            expect(mine || !invalid.contains(probe), "invalidated, and handed out again: " + probe);
            if (!mine) {
                probe.begin(me);
            }
            if (random.nextInt(16) == 0) {
                failClose.add(probe);
            }
            if (extras.reset && random.nextInt(16) == 0) {
                failReset.add(probe);
            }
            seen.add(probe);
            leases.add(lease);
            uses.merge(probe, 1, Integer::sum);
            shown.set(lease);
        }

        private void end() {
            if (leases.isEmpty()) {
                return;
            }
            Lease<Probe> lease = leases.remove(random.nextInt(leases.size()));
            Probe probe = lease.get();
            boolean last = uses.merge(probe, -1, Integer::sum) == 0;
            if (last) {
                probe.end(me);
                uses.remove(probe);
            }
            if (extras.reset && failReset.contains(probe)) {
                invalid.add(probe); // its reset fails, or it is closed for another reason
            }
            if (!extras.whenDone || random.nextInt(4) > 0) {
                lease.done();
            } else {
                invalid.add(probe);
            }
            boolean doomed = failClose.contains(probe);
            try {
                lease.close();
            } catch (ResourceCloseException e) {
                expect(doomed && last && e.getCause() instanceof IOException, "close failed: " + e);
            }
            if (last && (matrix.whenIdle() == IdlePolicy.CLOSE || invalid.contains(probe))) {
                expect(probe.isClosed(), "still open after its scope: " + probe);
            }
            stale = lease;
        }

        private void endAll() {
            while (!leases.isEmpty()) {
                end();
            }
        }

        private void evictMine() {
            int evicted = pool.evict(info -> info.threadId() == Platform.id(me));
            expect(
                    evicted
                                    >= uses.keySet().stream()
                                            .filter(probe -> !invalid.contains(probe))
                                            .count()
                            || closing,
                    "evicted " + evicted + " of " + uses.size());
            invalid.addAll(uses.keySet()); // leased: closed at the end of the lease
        }

        private void refresh() {
            int before = Probe.opened();
            pool.refresh();
            refreshedUpTo.accumulateAndGet(before, Math::max);
            invalid.addAll(uses.keySet());
        }

        private void setLimit() {
            if (matrix.limit() != Matrix.NONE) {
                pool.setLimit(1 + random.nextInt(matrix.limit()));
            }
        }

        private void suspend() {
            if (!suspending.compareAndSet(false, true)) {
                return;
            }
            suspensions.incrementAndGet();
            try {
                CloseReport report = pool.suspend(Duration.ofNanos(random.nextInt(300_000)));
                expect(report.forced() == 0, "suspending forced: " + report);
                invalid.addAll(uses.keySet());
                if (leases.isEmpty()) {
                    expect(pool.tryAcquire().isEmpty() || closing, "served though suspended");
                }
            } catch (IllegalStateException e) {
                expect(closing, "not suspended: " + e);
            } finally {
                pool.resume();
                suspending.set(false);
            }
        }

        private void prewarm() {
            if (matrix.whenIdle() == IdlePolicy.LEND) {
                try {
                    expect(pool.prewarm(random.nextInt(4)) <= 4, "opened more than asked for");
                } catch (IllegalStateException e) {
                    expect(closing, "prewarm: " + e);
                }
            }
        }

        private void use() {
            for (Lease<Probe> lease : leases) {
                expect(uses.containsKey(lease.get()), "another resource than before");
                expect(!lease.get().isClosed(), "closed under its user");
            }
        }

        private void invalidate() {
            if (!leases.isEmpty()) {
                Lease<Probe> lease = leases.get(random.nextInt(leases.size()));
                lease.invalidate();
                invalid.add(lease.get());
            }
        }

        private void misuse() {
            Lease<Probe> old = stale;
            if (old != null) {
                old.close();
                expect(refuses(old::get) && refuses(old::invalidate), "a closed lease works");
            }
            Lease<Probe> other = shown.get();
            if (other != null && !leases.contains(other) && !other.equals(old)) {
                // Mine, long closed, or another thread's: get() throws in either case.
                expect(refuses(other::get), "another thread's lease works");
            }
        }

        private boolean refuses(Runnable use) {
            try {
                use.run();
                return false;
            } catch (IllegalStateException e) {
                return true;
            }
        }

        private void release() {
            try {
                boolean released = pool.release();
                expect(!released || matrix.whenIdle() != IdlePolicy.CLOSE, "released what should not be there");
            } catch (ResourceCloseException e) {
                expect(e.getCause() instanceof IOException, "release failed: " + e);
            }
            for (Probe probe : uses.keySet()) {
                expect(!probe.isClosed(), "released a leased one");
            }
            if (matrix.whenIdle() == IdlePolicy.KEEP) {
                for (Probe probe : seen) {
                    expect(uses.containsKey(probe) || gone(probe), "release() left " + probe);
                }
            }
        }

        /** Closed, or being closed by another thread at this moment. */
        private boolean gone(Probe probe) {
            long end = System.nanoTime() + 5_000_000_000L;
            while (!probe.isClosed() && System.nanoTime() - end < 0) {
                LockSupport.parkNanos(100_000); // not a spin: on a virtual thread it would keep the closer's carrier
            }
            return probe.isClosed();
        }

        private void look() {
            Stats now = pool.stats();
            expect(now.opened() - now.closed() == now.open(), "sums: " + now);
            expect(now.leased() >= 0 && now.idle() >= 0 && now.waiting() >= 0 && now.opening() >= 0, "less: " + now);
            expect(now.leased() + now.idle() <= now.open(), "more than open: " + now);
            expect(pool.snapshot().size() <= matrix.limit(), "more than the limit: " + now);
        }
    }
}
