// What a PerThread does: hands out, takes back, keeps, lends, expires, reclaims and closes resources.
package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The policies, on top of {@link SlotRegistry} for the books and {@link Slot} for the state of each resource. */
final class Pool<T, X extends Exception> implements Reaper.Client {

    private static final long RECLAIM_PATIENCE = 100_000_000;

    static {
        ClassPreloader.initialize();
    }

    private static final AtomicLong NUMBERS = new AtomicLong();

    final long number = NUMBERS.incrementAndGet(); // in this process
    private final PerThread.Builder<T, X> options; // never changed: build() takes a copy
    private final LongSupplier clock;
    private final SlotRegistry<T> slots;
    private final Observer<T> events;
    private final ResourceCloser<T> closing;
    private final boolean keeps; // something outlives the scope
    private final boolean expires;
    private final boolean needsSlowPath; // more to do at each lease than to change hands
    private final Reaper.Entry reaperEntry = new Reaper.Entry(this);
    private final Queue<Runnable> atEnd = new ConcurrentLinkedQueue<>();
    private volatile long tick; // what the clock was when somebody last read it, for those who cannot afford to
    private volatile boolean recent; // it was not long ago

    Pool(PerThread.Builder<T, X> options) {
        this.options = options;
        this.clock = options.clock;
        this.slots = new SlotRegistry<>(this, options.limit, options.whenIdle == IdlePolicy.LEND);
        this.events = new Observer<>(this, options.listener);
        this.closing = new ResourceCloser<>(options, slots, events);
        this.keeps = options.whenIdle != IdlePolicy.CLOSE;
        this.expires = options.idleNanos > 0 || options.ageNanos > 0;
        this.needsSlowPath = expires || options.trace || options.check != null || events.tellsLeases();
        this.tick = clock.getAsLong();
        if (needsSlowPath) {
            slots.disableFastPath();
        }
    }

    String name() {
        return options.name;
    }

    /** The most that may be open at once; 0 if there is no limit. */
    int limit() {
        return options.limit == Integer.MAX_VALUE ? 0 : options.limit;
    }

    long now() {
        return clock.getAsLong();
    }

    long tick() {
        return tick;
    }

    // ---- acquire ----

    Lease<T> acquire(long timeout) throws X {
        Slot<T> slot = leaseFast(timeout);
        try {
            // Every lease is made here. The compiler leaves out an object that does not leave its scope, but not one
            // that may have been made here or there: with a second place every lease would take memory.
            return new Lease<>(slot, Thread.currentThread());
        } catch (Throwable noMemory) {
            if (slot.depth > 0) {
                slot.release(); // shared: only the lease that there is not ends
            } else {
                releaseAfterFailure(slot, noMemory);
            }
            throw noMemory;
        }
    }

    /** A lease without the object; {@link Slot#release} ends it, once. */
    Slot<T> leaseFast(long timeout) throws X {
        Thread me = Thread.currentThread();
        Slot<T> own = slots.find(me);
        if (own == null || !own.idleToLeased()) {
            return leaseSlow(me, timeout);
        }
        // After the compare-and-set: who closed the holder before it is seen here, who closes it later sees LEASED.
        if (slots.isSlowAcquire() || Jfr.recordsLeases()) {
            return openOrValidate(own, me);
        }
        own.stampLease(tick);
        return own;
    }

    private Slot<T> leaseSlow(Thread me, long timeout) throws X {
        if (slots.isClosed()) {
            throw new IllegalStateException(Messages.closed(name()));
        }
        Slot<T> held = null;
        for (Slot<T> own : slots.find(me) == null ? List.<Slot<T>>of() : slots.slotsOf(me)) {
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
                return openOrValidate(own, me);
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
            held.slowRelease = true;
            held.stampLease(held.leasedAt());
            try {
                events.acquired(held);
            } catch (Throwable noMemory) {
                held.depth--; // nobody gets the lease that would do it
                throw noMemory;
            }
            return held;
        }
        Slot<T> slot = slots.mustCheckWaiters() ? null : slots.take(me); // null as well while others wait
        return openOrValidate(slot == null ? waitForSlot(me, timeout) : slot, me);
    }

    private Slot<T> openOrValidate(Slot<T> slot, Thread me) throws X {
        try {
            return slot.state() == Slot.OPENING ? open(slot) : validateAndLease(slot, me);
        } catch (Throwable failure) {
            releaseAfterFailure(slot, failure);
            throw failure;
        }
    }

    /**
     * Most failures have been dealt with where they came up, and this does nothing then. But memory and stack can run out
     * in any line of ours, and a place that nobody gives back is lost for ever.
     */
    private void releaseAfterFailure(Slot<T> slot, Throwable failure) {
        if (!slot.isFilled()) {
            slots.removeUnopened(slot, false);
            return;
        }
        boolean uncounted = slot.state() == Slot.OPENING && !slot.isClaimed();
        if (uncounted && !slots.opened(slot)) {
            ResourceCloser.suppress(closing.closeClaimed(slot, CloseReason.HOLDER_CLOSED), failure);
        } else if (slot.claim(CloseReason.INVALIDATED)) {
            ResourceCloser.suppress(closing.closeClaimed(slot, CloseReason.INVALIDATED), failure);
        }
    }

    /** An idle resource, now ours: hands it out, or closes it and opens another one in its place. */
    private Slot<T> validateAndLease(Slot<T> slot, Thread me) throws X {
        CloseReason validate = slots.isClosed() ? CloseReason.HOLDER_CLOSED : validate(slot);
        if (slots.isClosed()) { // asked again: the check may have taken its time, or closed the holder itself
            throw rejectClosed(slot);
        }
        if (validate != null) {
            Slot<T> next = slot.claim(validate) ? closing.replace(slot, validate, me) : null;
            if (next == null) {
                throw new IllegalStateException(Messages.closed(name()));
            }
            return openOrValidate(next, me);
        }
        stampLease(slot, clock.getAsLong());
        events.acquired(slot);
        return slot;
    }

    /** The holder is closed, and this open slot is not to be handed out any more. */
    private IllegalStateException rejectClosed(Slot<T> slot) {
        return slot.claim(CloseReason.HOLDER_CLOSED)
                ? closeAndReject(slot)
                : new IllegalStateException(Messages.closed(name()));
    }

    private IllegalStateException closeAndReject(Slot<T> claimed) {
        Throwable failure = closing.closeClaimed(claimed, CloseReason.HOLDER_CLOSED); // first: what needs no memory
        IllegalStateException refusal = new IllegalStateException(Messages.closed(name()));
        ResourceCloser.suppress(failure, refusal);
        return refusal;
    }

    private void stampLease(Slot<T> slot, long now) {
        if (options.trace) {
            slot.trace = Messages.trace("acquired in " + Messages.of(slot.thread));
        }
        slot.stampLease(now);
        Jfr.leaseBegins(slot);
        slot.slowRelease = needsSlowPath || !keeps || slot.recorded != null;
    }

    private @Nullable CloseReason validate(Slot<T> slot) {
        CloseReason reason = expires ? closing.expired(slot, clock.getAsLong()) : null;
        if (reason != null || options.check == null) {
            return reason;
        }
        try {
            return options.check.isUsable(slot.resource()) ? null : CloseReason.CHECK_FAILED;
        } catch (Throwable failure) {
            ResourceCloser.restoreInterrupt(failure);
            Log.line(Level.DEBUG, () -> name() + ": the check before reuse failed, another one is opened", failure);
            return CloseReason.CHECK_FAILED;
        }
    }

    /**
     * The clock, or what it was some 10 ms ago: for stamps that are only looked at. Reading it costs a fourth of all that
     * is done to open and close a resource.
     */
    private long recently() {
        if (!recent) {
            tick = clock.getAsLong();
            recent = true; // after tick: whoever sees this may use that
            Reaper.opened(null); // its next round, which comes within 10 ms of this, ends it
        }
        return tick;
    }

    /** Something is open, or is about to be, or somebody waits: the reaper's business. */
    private void registerAndWake() {
        boolean known = slots.isRegistered();
        Reaper.opened(known ? null : reaperEntry);
        if (!known) {
            slots.register(); // only now that it has been told: who comes next would rely on it
        }
    }

    private Slot<T> open(Slot<T> slot) throws X {
        boolean called = false;
        long begin = 0;
        Jfr.Span recorded = null;
        try {
            if (slots.isClosed()) {
                throw new IllegalStateException(Messages.closed(name()));
            }
            registerAndWake();
            begin = events.begin();
            recorded = Jfr.opening();
            called = true;
            // Nothing in between: from here on receive() finds the resource and closes it, whatever goes wrong.
            slot.setResource(Objects.requireNonNull(options.opener.open(), "the opener returned null"));
        } catch (Throwable failure) {
            slots.removeUnopened(slot, called);
            if (called) {
                Jfr.openFailed(recorded, slot, failure);
                events.openFailed(failure, begin);
            }
            throw failure;
        }
        Jfr.opened(recorded, slot);
        long now = needsSlowPath ? clock.getAsLong() : recently();
        slot.openedAt = now;
        events.opened(slot, begin); // while it is OPENING nobody can close it, so this is told first
        if (!slots.opened(slot)) {
            throw closeAndReject(slot);
        }
        stampLease(slot, now);
        events.acquired(slot);
        return slot;
    }

    // ---- waiting at the limit ----

    private Slot<T> waitForSlot(Thread me, long timeout) {
        // A dead thread's place, or an expired resource's, is found at once. Looking each time would take two locks
        // more.
        if (expires) {
            closing.sweepOnce();
        }
        Waiter<T> waiter = slots.takeOrWait(me, expires);
        if (waiter != null && waiter.sweepFirst) {
            closing.sweepOnce();
            waiter = slots.takeOrWait(me, true);
        }
        if (waiter == null) {
            throw new IllegalStateException(Messages.closed(name()));
        }
        Slot<T> granted = waiter.granted;
        // Not what was granted in the queue: who was in it may have been told to look, too, and until it does nobody
        // else is told.
        if (granted != null && !waiter.joined) {
            return granted;
        }
        long begin = System.nanoTime();
        JfrEvents.Wait recorded = null;
        try { // at once: who is in the queue, and might be woken or granted something, must not go by another way
            try {
                recorded = Jfr.waiting();
                // Whoever does not want to wait may still find the place of a dead thread's or an expired resource,
                // though that is just being closed by somebody else.
                long patience = timeout < RECLAIM_PATIENCE && closing.isReclaiming() ? RECLAIM_PATIENCE : timeout;
                registerAndWake(); // and every few milliseconds from now on, for missed releases and dead owners
                return await(waiter, begin, patience);
            } finally {
                // Woken for this, perhaps, and gone another way: what is idle must not wait for nobody, nor for a
                // listener.
                slots.tryTake(waiter);
                Jfr.waited(recorded, this, waiter);
                events.waited(System.nanoTime() - begin);
            }
        } catch (Throwable failure) {
            try {
                if (!slots.giveUp(waiter, false)) {
                    undo(waiter);
                }
            } finally {
                slots.tryTake(waiter); // it was in the queue until now
            }
            throw failure;
        }
    }

    private Slot<T> await(Waiter<T> waiter, long begin, long timeout) {
        while (true) {
            slots.tryTake(waiter);
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
            slots.removeUnopened(granted, false);
        } else {
            granted.leasedToIdle();
            offerIdle(granted);
        }
    }

    private String situation(Thread me, String what, long begin) {
        return Messages.atTheLimit(options, slots, me, what, Duration.ofNanos(System.nanoTime() - begin));
    }

    // ---- release ----

    /** By the owner, once a lease. */
    void release(Slot<T> slot) {
        if (!slot.slowRelease) {
            slot.leasedToIdle();
            if (slots.mustCheckWaiters()) {
                offerIdle(slot);
            }
        } else if (slot.depth > 0) {
            slot.depth--;
            if (!slot.isClaimed()) {
                events.released(slot);
            }
        } else {
            try {
                releaseSlow(slot);
            } catch (Throwable failure) {
                // Still LEASED, so still ours: the lease has ended, nobody else will ever give the place back.
                if (slot.state() == Slot.LEASED && slot.claim(CloseReason.INVALIDATED)) {
                    ResourceCloser.suppress(closing.closeClaimed(slot, CloseReason.INVALIDATED), failure);
                }
                throw failure;
            }
        }
    }

    private void releaseSlow(Slot<T> slot) {
        Jfr.leaseEnds(slot);
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
            reason = closing.expired(slot, now);
        }
        if (reason != null) {
            if (slot.claim(reason)) {
                closing.rethrow(closing.closeClaimed(slot, reason));
            }
            return;
        }
        slot.trace = null;
        slot.slowRelease = false;
        slot.leasedToIdle();
        if (slots.mustCheckWaiters()) {
            offerIdle(slot);
        }
    }

    private void offerIdle(Slot<T> slot) {
        if (!slots.isClosed()) {
            slots.offer(slot);
        }
        // Not else: the holder may have been closed while this thread was about to hand over.
        if (slots.isClosed() && slot.idleToClosing() && slot.claim(CloseReason.HOLDER_CLOSED)) {
            closing.rethrow(closing.closeClaimed(slot, CloseReason.HOLDER_CLOSED));
        }
    }

    CloseReport close(long grace) {
        CloseReport report = closing.close(grace);
        Jfr.statistics(this);
        for (Runnable task = atEnd.poll(); task != null; task = atEnd.poll()) {
            task.run();
        }
        return report;
    }

    /** Has something done at the end of {@code close}; false if that has come already. */
    boolean atEnd(Runnable task) {
        atEnd.add(task);
        return !slots.isClosed() || !atEnd.remove(task); // whoever takes it out, closing or this, decides
    }

    void notAtEnd(Runnable task) {
        atEnd.remove(task);
    }

    // ---- for the reaper ----

    @Override
    public long sweep(Consumer<Thread> owners) {
        long now = clock.getAsLong();
        tick = now;
        recent = false;
        closing.sweep(now, owners);
        if (slots.deregister()) {
            return Reaper.NOTHING_OPEN;
        }
        if (slots.serveWaiters()) {
            return Reaper.QUICK;
        }
        return closing.nextExpiry();
    }

    // ---- looking ----

    boolean isHeld() {
        for (Slot<T> own : slots.slotsOf(Thread.currentThread())) {
            if (own.state() == Slot.LEASED && !own.isClaimed()) {
                return true;
            }
        }
        return false;
    }

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

    /** For how long the present lease has lasted; what {@link ResourceInfo#leasedSince} says of it holds here too. */
    Duration leasedFor(Slot<T> slot) {
        return Duration.ofNanos(Math.max(0, clock.getAsLong() - slot.leasedAt()));
    }

    List<Slot<T>> slots() {
        return slots.all();
    }

    ResourceCloser<T> closing() {
        return closing;
    }

    Stats stats() {
        return slots.stats();
    }
}
