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

    private final Matrix matrix;
    private final long seed;
    private final boolean closeHalfway;
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Boolean> failOpen = ThreadLocal.withInitial(() -> false);
    private final Set<Probe> failClose = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Lease<Probe>> shown = new AtomicReference<>();
    private final AtomicInteger places = new AtomicInteger();
    final AtomicInteger peak = new AtomicInteger();
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger operations = new AtomicInteger();
    private volatile boolean closing;
    final PerThread<Probe, RuntimeException> pool;

    RandomOperations(Matrix matrix, long seed, RecordingListener journal, boolean closeHalfway) {
        this.matrix = matrix;
        this.seed = seed;
        this.closeHalfway = closeHalfway;
        PerThread.Builder<Probe, RuntimeException> builder =
                matrix.<Probe, RuntimeException>builder(this::open).closer(this::closeClaimed);
        this.pool = (journal == null ? builder : builder.listener(journal)).build();
    }

    private Probe open() {
        peak.accumulateAndGet(places.incrementAndGet(), Math::max);
        if (failOpen.get()) {
            places.decrementAndGet();
            throw new OpenFailure();
        }
        opened.incrementAndGet();
        return new Probe();
    }

    private void closeClaimed(Probe probe) throws IOException {
        probe.close();
        closed.incrementAndGet();
        places.decrementAndGet();
        if (failClose.remove(probe)) {
            throw new IOException("on purpose");
        }
    }

    /** Runs, closes the holder, and returns what was wrong. */
    List<String> run(int threads, int each) throws Exception {
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
        return wrong.stream()
                .map(line -> matrix + ", seed " + seed + ": " + line)
                .toList();
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
        private final Set<Probe> invalid = ConcurrentHashMap.newKeySet();
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
            switch (random.nextInt(16)) {
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
            try {
                Lease<Probe> lease = pool.acquire(Duration.ofNanos(random.nextInt(300_000)));
                Probe probe = lease.get();
                boolean mine = uses.containsKey(probe);
                expect(!probe.isClosed(), "got a closed resource");
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
                seen.add(probe);
                leases.add(lease);
                uses.merge(probe, 1, Integer::sum);
                shown.set(lease);
            } catch (ReentryException e) {
                expect(!leases.isEmpty() && matrix.reentry() == ReentryPolicy.REJECT, "refused: " + e);
            } catch (OpenFailure e) {
                expect(failOpen.get(), "not asked to fail");
            } catch (AcquireTimeoutException e) {
                expect(matrix.limit() != Matrix.NONE, "waited without a limit: " + e);
            } catch (AcquireInterruptedException e) {
                expect(interrupted && me.isInterrupted(), "interrupted: " + e);
            } catch (IllegalStateException e) {
                expect(closing, "refused: " + e);
            }
            expect(pool.isHeld() == !leases.isEmpty(), "isHeld " + leases);
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
