package dev.perthread;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The engine of a {@link PerThread}: acquire and release, on top of {@link SlotRegistry} for what there is and {@link Slot}
 * for the state of each resource. An acquire takes the fast path if its thread has an idle resource and nothing else is to
 * be done; else {@link #leaseSlow} takes what its thread has, or is admitted or waits, and opens or validates.
 */
final class Pool<T, X extends Exception> extends PoolBase<T> implements Reaper.Client {

    static {
        ClassPreloader.initialize();
    }

    private final PoolConfig<T, X> config;
    private final LiveSettings settings;
    private final SlotRegistry<T> registry;
    // The registry's, without two loads before the fast path's compare-and-set.
    private final ThreadTable<Slot<T>> slots;
    private final PermitQueue<T> queue;
    private final ReaperRegistration registration;
    private final Handoff<T> handoff;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final ResourceOpener<T, X> opener;
    private final SlowRelease<T> slowRelease;
    private final Upkeep<T> upkeep;
    private final BulkCloser<T> bulkCloser;
    private final WaitAtLimit<T> waiting;
    private final @Nullable TotalLimit<T> total; // of all keys
    private final @Nullable Runnable removeEntry; // of the key
    private final @Nullable Predicate<? super Throwable> invalidates; // null where nothing is kept anyway
    private final byte releasePath; // of most leases
    private final boolean ordersIdle; // a release stamps when the resource became idle, though it does nothing else
    private final boolean alwaysSlow; // each lease has more to do than to change hands
    private final Queue<Runnable> atEnd = new ConcurrentLinkedQueue<>();

    Pool(PoolConfig<T, X> config) {
        this(config, null, null);
    }

    /**
     * The pool of one key.
     *
     * @param total what the pools of all keys share
     * @param removeEntry makes the key forget this pool, with the lock held
     */
    Pool(PoolConfig<T, X> config, @Nullable TotalLimit<T> total, @Nullable Runnable removeEntry) {
        super(config);
        this.config = config;
        this.settings = new LiveSettings(config);
        this.total = total;
        this.removeEntry = removeEntry;
        Predicate<? super Throwable> given = config.invalidateWhen;
        this.invalidates = given != null || !config.keeps() ? given : failure -> true;
        this.releasePath = config.releasePath();
        this.ordersIdle = config.ordersIdle();
        this.observer = new Observer<>(config);
        this.alwaysSlow = config.alwaysSlow() || observer.tellsLeases();
        this.registry =
                new SlotRegistry<>(this, config, total, removeEntry == null ? null : this::forgetKey, alwaysSlow);
        this.slots = registry.index.byThread;
        this.queue = registry.queue;
        this.registration = new ReaperRegistration(this, registry);
        this.handoff = new Handoff<>(config, registry);
        this.closer = new ResourceCloser<>(config, registry, observer);
        this.opener = new ResourceOpener<>(config, settings, registry, observer, closer, registration);
        this.slowRelease = new SlowRelease<>(config, settings, registry, handoff, observer, closer);
        this.upkeep = new Upkeep<>(config, settings, registry, observer, closer, opener, handoff, slowRelease);
        this.bulkCloser = new BulkCloser<>(config, registry, closer, upkeep);
        this.waiting = new WaitAtLimit<>(config, registry, handoff, observer, closer, upkeep, registration);
        if (config.needsSpares()) {
            registration.registerAndWake();
        }
    }

    PoolConfig<T, X> config() {
        return config;
    }

    LiveSettings settings() {
        return settings;
    }

    BulkCloser<T> bulkCloser() {
        return bulkCloser;
    }

    Upkeep<T> upkeep() {
        return upkeep;
    }

    // ---- acquire ----

    Lease<T> acquire(long timeout) throws X {
        Slot<T> slot = leaseFast(timeout);
        try {
            // Every lease is made here. Escape analysis leaves out an object that does not leave its scope, but not
            // one that may have been made here or there: with a second place every lease would take memory.
            return new Lease<>(slot, Thread.currentThread());
        } catch (Throwable noMemory) {
            slot.countOut();
            if (slot.leases == 0) { // else it is shared, and only the lease that there is not ends
                closer.releaseAfterFailure(slot, noMemory);
            }
            throw noMemory;
        }
    }

    /** A lease that is known not to have to wait; null if it would have to. */
    @Nullable
    Lease<T> tryAcquire() throws X {
        try {
            return acquire(Attempt.NO_WAIT);
        } catch (Attempt.MustWaitException mustWait) {
            return null;
        }
    }

    <R extends @Nullable Object, Y extends Exception> R call(
            long timeout, Body<? super T, ? extends R, ? extends Y> body) throws X, Y {
        Slot<T> slot = leaseFast(timeout);
        R result;
        try {
            result = body.call(Lease.resource(slot, Thread.currentThread(), false));
        } catch (Throwable failure) {
            // Here, and not in what is called: if there is no stack left for that, the slot is found to be lost.
            slot.countOut();
            Lease.endAfter(slot, failure, invalidates);
            throw failure;
        }
        slot.countOut();
        release(slot, true);
        return result;
    }

    <Y extends Exception> void run(long timeout, Action<? super T, ? extends Y> action) throws X, Y {
        Slot<T> slot = leaseFast(timeout);
        try {
            action.run(Lease.resource(slot, Thread.currentThread(), false));
        } catch (Throwable failure) {
            slot.countOut(); // see call
            Lease.endAfter(slot, failure, invalidates);
            throw failure;
        }
        slot.countOut();
        release(slot, true);
    }

    /** A lease without the object, to be ended once, by {@link #release}. The fast path. */
    Slot<T> leaseFast(long timeout) throws X {
        // Loaded before the compare-and-set: what comes after it does not begin before it is done.
        SlotRegistry<T> all = registry;
        long tick = clock.tick();
        Thread me = Thread.currentThread();
        Slot<T> own = slots.entryOf(me);
        if (own == null || !own.idleToLeased()) {
            return leaseSlow(me, timeout, null);
        }
        // After the compare-and-set: a close or a mark that came before it is seen here, one that comes later sees
        // LEASED.
        if (all.isSlowAcquire() || own.isMarked() || Jfr.recordsLeases()) {
            return leaseSlow(me, timeout, own);
        }
        own.stampFirstLease(tick);
        return own;
    }

    /**
     * The slow path. Takes a slot: what this thread has, else somebody's idle resource or a permit, for which it may have to
     * wait. Then opens a resource in it, or validates the one that is there; one that is unfit is closed, and the next slot
     * is taken, until one is good, or something fails.
     *
     * @param taken the thread's own slot, already leased, or null if there is none to be had by the fast path
     */
    private Slot<T> leaseSlow(Thread me, long timeout, @Nullable Slot<T> taken) throws X {
        StackProbe.touch(); // without stack: what was taken is LEASED, with no lease, so lost until its next acquire
        Slot<T> slot = taken;
        try {
            Attempt attempt = new Attempt(me, timeout);
            if (slot == null && registry.isClosed()) {
                throw new IllegalStateException(Messages.closed(name()));
            }
            if (slot == null && registry.find(me) != null) {
                attempt.now(); // it begins: a closer may have to be run, or a listener
                Slot<T> shared = reenter(me);
                if (shared != null) {
                    return shared;
                }
                slot = takeOwn(attempt);
            }
            while (true) {
                if (slot == null) {
                    slot = waiting.admit(attempt);
                }
                slot.inTransition = true;
                CloseReason unfit = openOrValidate(slot, attempt);
                if (unfit == null) {
                    return lease(slot, attempt.found);
                }
                Slot<T> next = waiting.replace(slot, unfit, attempt);
                slot.inTransition = false;
                slot = next;
            }
        } catch (Throwable failure) {
            if (slot != null) {
                slot.inTransition = false;
                slot.leases = 0;
                closer.releaseAfterFailure(slot, failure);
            }
            registry.forgetIfUnused(); // the key, if this thread has just made its entry
            throw failure;
        }
    }

    /** Returns why the resource in a slot is not to be used, or null if it is: then it was opened just now, or is still good. */
    private @Nullable CloseReason openOrValidate(Slot<T> slot, Attempt attempt) throws X {
        if (slot.state() == Slot.OPENING) {
            attempt.found = opener.open(slot, attempt);
            if (!registry.opened(slot, attempt.openNanos)) {
                throw closer.closeAndReject(slot);
            }
            if (attempt.interrupted) { // not to be trusted, though the opener returned it
                throw opener.timedOut(attempt, null);
            }
            return null;
        }
        if (config.limitsIdle()) {
            handoff.unlist(slot);
        }
        CloseReason unfit = registry.isClosed() ? CloseReason.HOLDER_CLOSED : opener.validate(slot, attempt);
        if (registry.isClosed()) { // asked again: the check may have taken its time, or closed the pool itself
            throw closer.closeAndReject(slot);
        }
        attempt.found = unfit == null ? clock.now() : 0;
        return unfit;
    }

    /** By a thread that has something here: its lease again where those are shared, or null if it holds none. */
    private @Nullable Slot<T> reenter(Thread me) {
        Slot<T> leased = config.reentry == ReentryPolicy.OPEN_NEW ? null : heldBy(me);
        if (leased == null) {
            return null;
        }
        if (config.reentry == ReentryPolicy.REJECT) {
            throw new ReentryException(Messages.reentry(name(), me, leased.trace), leased.trace);
        }
        leased.releasePath = Slot.SLOW;
        leased.stampLease(leased.leasedAt());
        try {
            observer.acquired(leased);
        } catch (Throwable noMemory) {
            leased.leases--; // nobody gets the lease that would do it
            throw noMemory;
        }
        return leased;
    }

    private @Nullable Slot<T> heldBy(Thread thread) {
        for (Slot<T> own : registry.slotsOf(thread)) {
            if (own.state() == Slot.LEASED && !own.isClaimed() && !own.isLost()) {
                return own;
            }
        }
        return null;
    }

    /** An idle resource of this thread's own, leased now, or null; closes what it had to leave as it was. */
    private @Nullable Slot<T> takeOwn(Attempt attempt) {
        for (Slot<T> own : registry.slotsOf(attempt.me)) {
            if (closer.closeIfLost(own)) {
                continue;
            }
            if (own.state() == Slot.OPENING) {
                throw new ReentryException(
                        name() + ": its opener calls acquire() of the same pool, in " + Messages.of(attempt.me)
                                + ": it would call itself for ever",
                        null);
            }
            if (own.state() == Slot.CHECKING && !config.lends()) {
                waiting.awaitCheck(own, attempt);
            }
            if (own.idleToLeased()) {
                return own;
            }
        }
        return null;
    }

    private Slot<T> lease(Slot<T> slot, long now) {
        if (config.trace) {
            slot.trace = Messages.trace("acquired in " + Messages.of(slot.thread));
        }
        slot.notDone = false;
        slot.stampLease(now);
        Jfr.leaseBegins(slot);
        boolean slow = alwaysSlow || !config.keeps() || slot.recorded != null || settings.expires();
        slot.releasePath = slow ? Slot.SLOW : releasePath;
        observer.acquired(slot);
        slot.inTransition = false;
        return slot;
    }

    int prewarm(int count) throws X {
        StackProbe.touch();
        int opened = 0;
        for (Slot<T> slot = registry.reserveForNobody(count); slot != null; slot = registry.reserveForNobody(count)) {
            opener.openForNobody(slot);
            opened++;
        }
        return opened;
    }

    boolean awaitReady(long nanos) throws InterruptedException {
        return registry.survey.awaitIdle(config.minIdle, nanos);
    }

    /** Lock held, and nothing is here any more; false if what has failed lately must be remembered. */
    private boolean forgetKey() {
        if (removeEntry == null || (!registry.isClosed() && opener.isBackingOff())) {
            return false; // until the reaper finds that it is over
        }
        removeEntry.run();
        return true;
    }

    // ---- release ----

    @Override
    @Nullable
    Throwable release(Slot<T> slot, boolean done) {
        if (slot.isSlowRelease(done) || slot.isMarked()) {
            return slowRelease.release(slot, done);
        }
        if (ordersIdle) { // asked once: this is the only kind of pool for whose idle ones other keys wait
            slot.idleSince = clock.now();
            slot.leasedToIdle();
            slowRelease.offerIfWaitedFor(slot);
            return null;
        }
        slot.leasedToIdle();
        if (queue.mustCheckWaiters()) {
            slowRelease.offerIdle(slot);
        }
        return null;
    }

    @Override
    void closeClaimed(Slot<T> slot, CloseReason reason) {
        closer.closeClaimed(slot, reason);
    }

    // ---- evict, change, close ----

    int evict(Predicate<? super ResourceInfo> which) {
        Set<Long> chosen = new HashSet<>();
        for (ResourceInfo info : snapshot()) { // user code: without the lock
            if (which.test(info)) {
                chosen.add(info.id());
            }
        }
        return bulkCloser.retire(CloseReason.EVICTED, chosen::contains);
    }

    /** Of the idle timeout or the maximum age: from now on each lease has more to do. */
    void expiryChanged() {
        long now = clock.now();
        for (Slot<T> slot : registry.all()) {
            if (slot.idleSince == slot.openedAt) {
                slot.idleSince = now; // nobody has stamped it until now
            }
        }
        registry.disableFastPath();
        if (registration.isRegistered()) {
            Reaper.opened(null);
        }
    }

    void resume() {
        registry.resume(settings.expires());
    }

    CloseReport close(long grace) {
        CloseReport report = bulkCloser.close(grace);
        Jfr.statistics(this);
        for (Runnable task = atEnd.poll(); task != null; task = atEnd.poll()) {
            task.run();
        }
        return report;
    }

    boolean isClosed() {
        return registry.isClosed();
    }

    /** Has something done at the end of {@code close}; false if that has come already. */
    boolean atEnd(Runnable task) {
        atEnd.add(task);
        return !registry.isClosed() || !atEnd.remove(task); // whoever takes it out, closing or this, decides
    }

    void notAtEnd(Runnable task) {
        atEnd.remove(task);
    }

    // ---- for the reaper, and for those who wait for another key ----

    @Override
    void sweepForPermits() {
        upkeep.sweepForPermits();
    }

    @Override
    boolean isReclaiming() {
        return upkeep.isReclaiming();
    }

    @Override
    public long sweep(Consumer<Thread> owners) {
        long now = clock.advance();
        upkeep.sweep(now, owners);
        registry.forgetIfUnused();
        if (registration.deregister(config.needsSpares() || opener.isBackingOff())) {
            return Reaper.NOTHING_OPEN;
        }
        if (handoff.serveWaiters()) {
            return Reaper.QUICK;
        }
        return upkeep.next();
    }

    // ---- looking ----

    boolean isHeld() {
        return heldBy(Thread.currentThread()) != null;
    }

    List<ResourceInfo> snapshot() {
        long now = clock.now();
        Instant wall = Instant.now();
        return registry.all().stream()
                .map(slot -> slot.info(slot.shown(), now, wall))
                .toList();
    }

    @Override
    int limit() {
        int limit = registry.limit();
        return limit == Integer.MAX_VALUE ? 0 : limit;
    }

    @Override
    List<Slot<T>> slots() {
        return registry.all();
    }

    @Override
    Stats stats() {
        return registry.stats();
    }

    @Override
    @Nullable
    Stats statsOfAllKeys() {
        return total == null ? null : total.stats();
    }

    @Override
    int limitOfAllKeys() {
        return total == null || total.limit == Integer.MAX_VALUE ? 0 : total.limit;
    }
}
