// What a PerThread does: hands out, takes back, keeps, lends, expires, reclaims and closes resources.
package dev.perthread;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The policies, on top of {@link Slots} for the books and {@link Slot} for the state of each resource. */
final class Holder<T, X extends Exception> implements Reaper.Client {

    private final PerThread.Builder<T, X> options; // never changed: build() takes a copy
    private final LongSupplier clock;
    private final Slots<T> slots;
    private final Events<T> events;
    private final boolean keeps; // something outlives the scope
    private final boolean expires;
    private final boolean careful; // more to do at each lease than to change hands
    private volatile long tick; // the clock as of the last round or opening, for those who cannot afford to read it

    Holder(PerThread.Builder<T, X> options) {
        this.options = options;
        this.clock = options.clock;
        this.slots = new Slots<>(this, options.limit, options.whenIdle == IdlePolicy.LEND);
        this.events = new Events<>(this, options.listener);
        this.keeps = options.whenIdle != IdlePolicy.CLOSE;
        this.expires = options.idleNanos > 0 || options.ageNanos > 0;
        this.careful = expires || options.trace || options.check != null || options.listener != null;
        this.tick = clock.getAsLong();
    }

    String name() {
        return options.name;
    }

    long tick() {
        return tick;
    }

    // ---- acquire ----

    Lease<T> acquire(long timeout) throws X {
        Thread me = Thread.currentThread();
        Slot<T> own = slots.find(me);
        if (own != null && own.idleToLeased()) {
            // After the compare-and-set: who closed the holder before it is seen here, who closes it later sees LEASED.
            if (!careful && !slots.isClosed()) {
                own.count(tick);
                return new Lease<>(own, me);
            }
            return leaseKept(own, me);
        }
        return acquireOther(me, timeout);
    }

    private Lease<T> acquireOther(Thread me, long timeout) throws X {
        if (slots.isClosed()) {
            throw new IllegalStateException(Messages.closed(name()));
        }
        Slot<T> held = null;
        for (Slot<T> own : slots.find(me) == null ? List.<Slot<T>>of() : slots.own(me)) {
            if (own.isClaimed()) {
                continue; // its closer runs, perhaps further up this very stack
            }
            if (own.state() == Slot.OPENING) {
                throw new ReentryException(
                        name() + ": its opener calls acquire() of the same holder, in " + Messages.of(me)
                                + ": it would call itself for ever",
                        null);
            }
            if (own.idleToLeased()) {
                return leaseKept(own, me);
            }
            if (own.state() == Slot.LEASED) {
                held = held == null ? own : held;
            }
        }
        if (held != null && options.reentry == ReentryPolicy.REJECT) {
            throw new ReentryException(
                    name() + ": " + Messages.of(me) + " already holds a lease, acquired" + Messages.at(held.trace)
                            + "; close it first, or build with reentry(OPEN_NEW) or reentry(SHARE)",
                    held.trace);
        }
        if (held != null && options.reentry == ReentryPolicy.SHARE) {
            held.depth++;
            held.count(held.leasedAt());
            events.acquired(held);
            return new Lease<>(held, me);
        }
        Slot<T> slot = slots.take(me);
        return receive(slot == null ? waitForSlot(me, timeout) : slot, me);
    }

    private Lease<T> receive(Slot<T> slot, Thread me) throws X {
        return slot.state() == Slot.OPENING ? open(slot, me) : leaseKept(slot, me);
    }

    /** An idle resource, now ours: hands it out, or closes it and opens another one in its place. */
    private Lease<T> leaseKept(Slot<T> slot, Thread me) throws X {
        if (slots.isClosed()) {
            IllegalStateException refusal = new IllegalStateException(Messages.closed(name()));
            if (slot.claim(CloseReason.HOLDER_CLOSED)) {
                suppress(shut(slot, CloseReason.HOLDER_CLOSED), refusal);
            }
            throw refusal;
        }
        CloseReason unfit = unfit(slot);
        if (unfit != null) {
            Slot<T> next = slot.claim(unfit) ? replace(slot, unfit, me) : null;
            if (next == null) {
                throw new IllegalStateException(Messages.closed(name()));
            }
            return open(next, me);
        }
        begin(slot, clock.getAsLong());
        events.acquired(slot);
        return new Lease<>(slot, me);
    }

    private void begin(Slot<T> slot, long now) {
        if (options.trace) {
            try {
                slot.trace = new Throwable("acquired in " + Messages.of(slot.thread));
            } catch (Throwable failure) { // out of memory or stack: nobody will ever hold this lease
                if (slot.claim(CloseReason.INVALIDATED)) {
                    suppress(shut(slot, CloseReason.INVALIDATED), failure);
                }
                throw failure;
            }
        }
        slot.count(now);
    }

    private @Nullable CloseReason unfit(Slot<T> slot) {
        CloseReason reason = expires ? expired(slot, clock.getAsLong()) : null;
        if (reason != null || options.check == null) {
            return reason;
        }
        try {
            return options.check.isUsable(slot.resource()) ? null : CloseReason.CHECK_FAILED;
        } catch (Throwable failure) {
            restoreInterrupt(failure);
            return CloseReason.CHECK_FAILED;
        }
    }

    /** Pure in {@code now}. Ages differ by up to a tenth, so that what was opened together does not all end together. */
    private @Nullable CloseReason expired(Slot<T> slot, long now) {
        if (options.ageNanos > 0 && now - slot.openedAt >= options.ageNanos - jitter(slot.id)) {
            return CloseReason.MAX_AGE;
        }
        if (options.idleNanos > 0 && now - slot.idleSince >= options.idleNanos) {
            return CloseReason.IDLE_TIMEOUT;
        }
        return null;
    }

    private long jitter(long id) {
        double share = ((id * 0x9E3779B97F4A7C15L) >>> 40) / (double) (1 << 24);
        return (long) (options.ageNanos * 0.1 * share);
    }

    private Lease<T> open(Slot<T> slot, Thread me) throws X {
        T resource;
        boolean called = false;
        try {
            if (slots.isClosed()) {
                throw new IllegalStateException(Messages.closed(name()));
            }
            Reaper.opened(slots.startWatch() ? this : null);
            called = true;
            resource = Objects.requireNonNull(options.opener.open(), "the opener returned null");
        } catch (Throwable failure) {
            slots.abandoned(slot, called);
            if (called) {
                events.openFailed(failure);
            }
            throw failure;
        }
        long now = clock.getAsLong();
        tick = now;
        slot.fill(resource, now);
        events.opened(slot); // while it is OPENING nobody can close it, so this is told first
        begin(slot, now);
        if (!slots.opened(slot)) {
            IllegalStateException refusal = new IllegalStateException(Messages.closed(name()));
            if (slot.claim(CloseReason.HOLDER_CLOSED)) {
                suppress(shut(slot, CloseReason.HOLDER_CLOSED), refusal);
            }
            throw refusal;
        }
        events.acquired(slot);
        return new Lease<>(slot, me);
    }

    // ---- waiting at the limit ----

    private Slot<T> waitForSlot(Thread me, long timeout) {
        sweepOnce(); // a dead thread's place, or an expired resource's, is found at once
        Waiter<T> waiter = slots.takeOrWait(me);
        if (waiter == null) {
            throw new IllegalStateException(Messages.closed(name()));
        }
        Slot<T> granted = waiter.granted;
        if (granted != null) {
            return granted;
        }
        Reaper.hurry(); // from now on it looks every few milliseconds after missed releases and dead owners
        long begin = System.nanoTime();
        try {
            return await(waiter, begin, timeout);
        } catch (Throwable failure) {
            if (!slots.giveUp(waiter, false)) {
                undo(waiter);
            }
            throw failure;
        } finally {
            slots.countWait();
            events.waited(System.nanoTime() - begin);
        }
    }

    private Slot<T> await(Waiter<T> waiter, long begin, long timeout) {
        while (true) {
            Slot<T> granted = waiter.granted;
            if (granted != null) {
                return granted;
            }
            if (slots.isClosed()) {
                throw new IllegalStateException(
                        Messages.closed(name()) + "; " + Messages.of(waiter.thread) + " was waiting");
            }
            long left = timeout - (System.nanoTime() - begin);
            boolean interrupted = Thread.interrupted();
            if (left <= 0 || interrupted) {
                if (interrupted) {
                    waiter.thread.interrupt();
                }
                if (!slots.giveUp(waiter, !interrupted)) {
                    continue; // granted at the last moment, and kept: the next in line must not be passed over
                }
                throw interrupted
                        ? new AcquireInterruptedException(
                                situation(waiter.thread, "was interrupted while it waited", begin))
                        : new AcquireTimeoutException(situation(waiter.thread, "got no resource", begin));
            }
            LockSupport.parkNanos(this, left);
        }
    }

    /** Granted, but the waiting thread is on its way out with an exception. */
    private void undo(Waiter<T> waiter) {
        Slot<T> granted = waiter.granted;
        if (granted == null) {
            return;
        }
        if (granted.state() == Slot.OPENING) {
            slots.abandoned(granted, false);
        } else {
            granted.leasedToIdle();
            idleAgain(granted);
        }
    }

    private String situation(Thread me, String what, long begin) {
        Stats now = slots.stats();
        long mine = slots.own(me).stream()
                .filter(slot -> slot.state() == Slot.LEASED && !slot.isClaimed())
                .count();
        String hint = "";
        if (mine > 0) {
            hint = "; this thread holds " + mine + " of them itself, so it may be waiting for its own";
        } else if (options.whenIdle == IdlePolicy.KEEP && now.idle() > 0) {
            hint = "; the idle ones are reserved for their threads, whenIdle(LEND) or an idleTimeout would free them";
        }
        return name() + ": " + Messages.of(me) + " " + what + ", after "
                + Messages.of(Duration.ofNanos(System.nanoTime() - begin)) + " (limit " + options.limit + ", leased "
                + now.leased() + ", idle " + now.idle() + ", opening " + now.opening() + ", waiting " + now.waiting()
                + ")"
                + hint;
    }

    // ---- release ----

    /** By the owner, once a lease. */
    void release(Slot<T> slot) {
        if (slot.depth > 0) {
            slot.depth--;
            events.released(slot);
        } else if (keeps && !careful && !slot.invalid) {
            slot.leasedToIdle();
            if (slots.wantsIdle()) {
                idleAgain(slot);
            }
        } else {
            releaseCarefully(slot);
        }
    }

    private void releaseCarefully(Slot<T> slot) {
        if (slot.isClaimed()) {
            return; // closed by force meanwhile
        }
        events.released(slot); // before anybody else can take or close it
        CloseReason reason = null;
        if (slot.invalid) {
            reason = CloseReason.INVALIDATED;
        } else if (!keeps) {
            reason = CloseReason.SCOPE_END;
        } else if (expires) {
            long now = clock.getAsLong();
            slot.idleSince = now;
            reason = expired(slot, now);
        }
        if (reason != null) {
            if (slot.claim(reason)) {
                rethrow(shut(slot, reason));
            }
            return;
        }
        slot.trace = null;
        slot.leasedToIdle();
        if (slots.wantsIdle()) {
            idleAgain(slot);
        }
    }

    private void idleAgain(Slot<T> slot) {
        if (!slots.isClosed()) {
            slots.handOver(slot);
        }
        // Not else: the holder may have been closed while this thread was about to hand over.
        if (slots.isClosed() && slot.idleToClosing() && slot.claim(CloseReason.HOLDER_CLOSED)) {
            rethrow(shut(slot, CloseReason.HOLDER_CLOSED));
        }
    }

    // ---- closing one ----

    /** Runs the closer; the caller has claimed the slot. Returns what the closer threw. */
    private @Nullable Throwable shut(Slot<T> slot, CloseReason reason) {
        Throwable failure = runCloser(slot);
        slots.gone(slot, reason, failure != null);
        events.closed(slot, reason, failure);
        return failure;
    }

    private @Nullable Slot<T> replace(Slot<T> slot, CloseReason reason, Thread me) {
        Throwable failure = runCloser(slot);
        Slot<T> next = slots.goneForAnother(slot, reason, failure != null, me);
        if (next == null) {
            slots.gone(slot, reason, failure != null);
        }
        events.closed(slot, reason, failure);
        return next;
    }

    private @Nullable Throwable runCloser(Slot<T> slot) {
        slot.closer = Thread.currentThread();
        try {
            options.closer.close(slot.resource());
            return null;
        } catch (Throwable failure) {
            restoreInterrupt(failure);
            return failure;
        }
    }

    private static void restoreInterrupt(Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
    }

    private void rethrow(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw new ResourceCloseException(name() + ": closing a resource failed: " + failure, failure);
        }
    }

    private static void suppress(@Nullable Throwable failure, Throwable primary) {
        if (failure != null && failure != primary) {
            primary.addSuppressed(failure);
        }
    }

    // ---- closing many ----

    boolean isHeld() {
        for (Slot<T> own : slots.own(Thread.currentThread())) {
            if (own.state() == Slot.LEASED && !own.isClaimed()) {
                return true;
            }
        }
        return false;
    }

    boolean releaseOwn() {
        List<Throwable> failures = new ArrayList<>();
        int closed = closeIdle(slots.own(Thread.currentThread()), CloseReason.RELEASED, failures);
        rethrowAll(failures);
        return closed > 0;
    }

    int evictIdle() {
        return closeIdle(slots.all(), CloseReason.EVICTED, null);
    }

    private int closeIdle(List<Slot<T>> candidates, CloseReason reason, @Nullable List<Throwable> failures) {
        int closed = 0;
        for (Slot<T> slot : candidates) {
            if (slot.idleToClosing() && slot.claim(reason)) {
                add(failures, shut(slot, reason));
                closed++;
            }
        }
        return closed;
    }

    private static void add(@Nullable List<Throwable> failures, @Nullable Throwable failure) {
        if (failures != null && failure != null) {
            failures.add(failure);
        }
    }

    void rethrowAll(List<Throwable> failures) {
        if (!failures.isEmpty()) {
            Throwable first = failures.get(0);
            failures.subList(1, failures.size()).forEach(other -> suppress(other, first));
            rethrow(first);
        }
    }

    CloseReport close(long grace) {
        Thread me = Thread.currentThread();
        long begin = System.nanoTime();
        long closedBefore = slots.stats().closed();
        slots.close();
        List<Throwable> failures = new ArrayList<>();
        try {
            do {
                closeIdle(slots.all(), CloseReason.HOLDER_CLOSED, failures);
                reap(failures, Runnable::run);
                // Looks again every few milliseconds even if nobody signals: a release need not have seen us yet.
            } while (slots.awaitGone(me, Math.min(Reaper.QUICK, grace - (System.nanoTime() - begin)))
                    && System.nanoTime() - begin < grace);
        } catch (InterruptedException impatient) {
            me.interrupt(); // somebody wants this thread back: the grace ends here
        }
        closeIdle(slots.all(), CloseReason.HOLDER_CLOSED, failures);
        int forced = 0;
        for (Slot<T> slot : slots.all()) {
            // What is still being opened cannot be forced: its opener's thread closes it as soon as it has it.
            if (slot.state() == Slot.LEASED && slot.claim(CloseReason.FORCED)) {
                add(failures, shut(slot, CloseReason.FORCED));
                forced++;
            }
        }
        return new CloseReport((int) (slots.stats().closed() - closedBefore), forced, failures);
    }

    // ---- dead threads and time ----

    int reap() {
        return reap(null, Runnable::run);
    }

    private int reap(@Nullable List<Throwable> failures, Consumer<Runnable> executor) {
        int reclaimed = 0;
        for (Slot<T> slot : slots.all()) {
            if (slot.thread != null && !slot.thread.isAlive() && reclaim(slot, failures, executor)) {
                reclaimed++;
            }
        }
        return reclaimed;
    }

    private boolean reclaim(Slot<T> slot, @Nullable List<Throwable> failures, Consumer<Runnable> executor) {
        // That isAlive() was false happens-after all that the owner did: LEASED now is LEASED for ever.
        boolean leaked = slot.state() == Slot.LEASED;
        if (!leaked && options.whenIdle == IdlePolicy.LEND) {
            slots.disown(slot);
            return false;
        }
        boolean ours = leaked || slot.idleToClosing();
        if (!ours || !slot.claim(CloseReason.THREAD_ENDED)) {
            return false;
        }
        executor.accept(() -> {
            if (leaked) {
                events.leaked(slot);
            }
            add(failures, shut(slot, CloseReason.THREAD_ENDED));
        });
        return true;
    }

    private void sweepOnce() {
        reap();
        closeExpired(clock.getAsLong(), Runnable::run);
    }

    private void closeExpired(long now, Consumer<Runnable> executor) {
        if (!expires) {
            return;
        }
        for (Slot<T> slot : slots.all()) {
            CloseReason reason = slot.state() == Slot.IDLE ? expired(slot, now) : null;
            // Between the look and the compare-and-set the owner cannot have used it: it would have found it expired.
            if (reason != null && slot.idleToClosing() && slot.claim(reason)) {
                executor.accept(() -> shut(slot, reason));
            }
        }
    }

    @Override
    public long sweep(Consumer<Thread> owners) {
        long now = clock.getAsLong();
        tick = now;
        reap(null, Threads::runAside);
        closeExpired(now, Threads::runAside);
        for (Slot<T> slot : slots.all()) {
            if (slot.thread != null && (slot.state() == Slot.LEASED || options.whenIdle != IdlePolicy.LEND)) {
                owners.accept(slot.thread);
            }
        }
        if (slots.endWatch()) {
            return Reaper.NOTHING_OPEN;
        }
        if (slots.serveWaiters()) {
            return Reaper.QUICK;
        }
        return nextExpiry();
    }

    private long nextExpiry() {
        long next = Reaper.NO_HURRY;
        if (options.idleNanos > 0) {
            next = options.idleNanos / 4; // late by at most a quarter, within the reaper's bounds
        }
        return options.ageNanos > 0 ? Math.min(next, options.ageNanos / 10) : next;
    }

    // ---- looking ----

    List<ResourceInfo> snapshot() {
        long now = clock.getAsLong();
        Instant wall = Instant.now();
        return slots.all().stream()
                .map(slot -> slot.info(slot.shown(), now, wall))
                .toList();
    }

    ResourceInfo info(Slot<T> slot, ResourceInfo.State shown) {
        return slot.info(shown, clock.getAsLong(), Instant.now());
    }

    Stats stats() {
        return slots.stats();
    }
}
