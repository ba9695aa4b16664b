package dev.perthread;

import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The engine of a {@link PerThread}: acquire and release, on top of {@link SlotRegistry} for what there is and {@link Slot}
 * for the state of each resource. An acquire takes the fast path if its thread has an idle resource and nothing else is to
 * be done; else it looks through its own, is admitted or waits, and opens or validates.
 */
final class Pool<T, X extends Exception> implements Reaper.Client {

    /** How many leases must end without done(), and none be reused, before the log says so. */
    private static final int UNDECLARED_BEFORE_WARNING = 10;

    static {
        ClassPreloader.initialize();
    }

    private static final AtomicLong NUMBERS = new AtomicLong();

    final long number = NUMBERS.incrementAndGet(); // in this process
    private final PoolConfig<T, X> config;
    private final LiveSettings settings;
    private final LongSupplier clock;
    private final SlotRegistry<T> registry;
    private final Handoff<T> handoff;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final Upkeep<T> upkeep;
    private final WaitAtLimit<T> waiting;
    private final ResourceOpener<T, X> opener;
    private final boolean reusesUndeclared;
    private final boolean stampsIdle; // somebody wants to know since when a resource is idle
    private final boolean ordersIdle; // and where a release does nothing else
    private final boolean timesLeases;
    private final boolean alwaysSlow; // each lease has more to do than to change hands
    private final Reaper.Entry reaperEntry = new Reaper.Entry(this);
    private final Queue<Runnable> atEnd = new ConcurrentLinkedQueue<>();
    private volatile long tick; // what the clock was when the reaper last read it, for those who cannot afford to

    Pool(PoolConfig<T, X> config) {
        this.config = config;
        this.settings = new LiveSettings(config);
        this.clock = config.clock;
        this.observer = new Observer<>(config, this::leasedSince);
        this.timesLeases = config.timeLeases || observer.tellsLeases();
        this.alwaysSlow = config.needsSlowPath() || timesLeases;
        this.registry = new SlotRegistry<>(this, config, alwaysSlow);
        this.handoff = new Handoff<>(this, registry);
        this.closer = new ResourceCloser<>(config, registry, observer);
        this.opener = new ResourceOpener<>(this, config, registry, observer, closer);
        this.upkeep = new Upkeep<>(this, config, registry, observer, closer, opener);
        this.waiting = new WaitAtLimit<>(this, config, registry, handoff, observer, closer, upkeep);
        this.reusesUndeclared = config.reusesUndeclared();
        this.ordersIdle = config.ordersIdle();
        this.stampsIdle = ordersIdle || config.checkEveryNanos > 0 || config.checkAfterNanos > 0;
        this.tick = clock.getAsLong();
        if (config.needsSpares()) {
            registerAndWake();
        }
    }

    /** As messages and events show it. */
    String name() {
        return config.shownName;
    }

    /** The key of a pool that is one of many, as text. */
    String key() {
        return config.key;
    }

    SlotRegistry<T> registry() {
        return registry;
    }

    PoolConfig<T, X> config() {
        return config;
    }

    LiveSettings settings() {
        return settings;
    }

    ResourceCloser<T> closer() {
        return closer;
    }

    Upkeep<T> upkeep() {
        return upkeep;
    }

    /** The most that may be open at once; 0 if there is no limit. */
    int limit() {
        int limit = registry.limit();
        return limit == Integer.MAX_VALUE ? 0 : limit;
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
            // Every lease is made here. Escape analysis leaves out an object that does not leave its scope, but not one
            // that
            // may have been made here or there: with a second place every lease would take memory.
            return new Lease<>(slot, Thread.currentThread());
        } catch (Throwable noMemory) {
            slot.held--;
            if (slot.held == 0) { // else it is shared, and only the lease that there is not ends
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

    /** A lease without the object; {@link Lease#end} ends it, once. */
    Slot<T> leaseFast(long timeout) throws X {
        Thread me = Thread.currentThread();
        Slot<T> own = registry.find(me);
        if (own == null || !own.idleToLeased()) {
            return leaseSlow(me, timeout);
        }
        // After the compare-and-set: a close or a mark that came before it is seen here, one that comes later sees
        // LEASED.
        if (registry.isSlowAcquire() || own.isFlagged() || Jfr.recordsLeases()) {
            StackProbe.touch(); // without stack: LEASED, with no lease, so lost until this thread's next acquire
            return openOrValidate(own, new Attempt(me, timeout));
        }
        own.stampLease(tick);
        return own;
    }

    private Slot<T> leaseSlow(Thread me, long timeout) throws X {
        StackProbe.touch();
        if (registry.isClosed()) {
            throw new IllegalStateException(Messages.closed(name()));
        }
        Attempt attempt = new Attempt(me, timeout); // first: all that follows is in its time
        Slot<T> held = null;
        for (Slot<T> own : registry.find(me) == null ? List.<Slot<T>>of() : registry.slotsOf(me)) {
            if (closer.closeIfLost(own)) {
                continue;
            }
            if (own.state() == Slot.OPENING) {
                throw new ReentryException(
                        name() + ": its opener calls acquire() of the same pool, in " + Messages.of(me)
                                + ": it would call itself for ever",
                        null);
            }
            if (own.state() == Slot.CHECKING && !config.lends()) {
                waiting.awaitCheck(own, attempt);
            }
            if (own.idleToLeased()) {
                return openOrValidate(own, attempt);
            }
            if (own.state() == Slot.LEASED) {
                held = held == null ? own : held;
            }
        }
        if (held != null && config.reentry == ReentryPolicy.REJECT) {
            throw new ReentryException(Messages.reentry(name(), me, held.trace), held.trace);
        }
        if (held != null && config.reentry == ReentryPolicy.SHARE) {
            return share(held);
        }
        return openOrValidate(waiting.admit(attempt), attempt);
    }

    private Slot<T> share(Slot<T> held) {
        held.slowRelease = true;
        held.stampLease(held.leasedAt());
        try {
            observer.acquired(held);
        } catch (Throwable noMemory) {
            held.held--; // nobody gets the lease that would do it
            throw noMemory;
        }
        return held;
    }

    /** A slot of this thread's: opens a resource in it, or hands out the one it has, or closes that and takes another. */
    private Slot<T> openOrValidate(Slot<T> first, Attempt attempt) throws X {
        Slot<T> slot = first;
        try {
            while (true) {
                slot.busy = true;
                if (slot.state() == Slot.OPENING) {
                    long now = opener.open(slot, attempt);
                    if (!registry.opened(slot, attempt.openNanos)) {
                        throw closer.closeAndReject(slot);
                    }
                    if (attempt.interrupted) { // not to be trusted, though the opener returned it
                        throw opener.timedOut(attempt, null);
                    }
                    return lease(slot, now);
                }
                CloseReason unfit = registry.isClosed() ? CloseReason.HOLDER_CLOSED : opener.validate(slot, attempt);
                if (registry.isClosed()) { // asked again: the check may have taken its time, or closed the pool itself
                    throw closer.closeAndReject(slot);
                }
                if (unfit == null) {
                    return lease(slot, clock.getAsLong());
                }
                Slot<T> next = waiting.replace(slot, unfit, attempt);
                slot.busy = false;
                slot = next;
            }
        } catch (Throwable failure) {
            slot.busy = false;
            slot.held = 0;
            closer.releaseAfterFailure(slot, failure);
            throw failure;
        }
    }

    private Slot<T> lease(Slot<T> slot, long now) {
        if (config.trace) {
            slot.trace = Messages.trace("acquired in " + Messages.of(slot.thread));
        }
        slot.undeclared = false;
        slot.stampLease(now);
        Jfr.leaseBegins(slot);
        slot.slowRelease = alwaysSlow || !config.keeps() || slot.recorded != null || settings.expires();
        observer.acquired(slot);
        slot.busy = false;
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

    void forgetIfUnused() {
        registry.forgetIfUnused();
    }

    /** Whether what has failed lately must be remembered. */
    boolean isBackingOff() {
        return opener.isBackingOff();
    }

    /** Something is open, or is about to be, or somebody waits: the reaper's business. */
    void registerAndWake() {
        boolean known = registry.isRegistered();
        Reaper.opened(known ? null : reaperEntry);
        if (!known) {
            registry.register(); // only now that it has been told: who comes next would rely on it
        }
    }

    // ---- release ----

    /** By the owner, once per lease, which is not counted as held any more. Returns what the reset threw. */
    @Nullable
    Throwable release(Slot<T> slot, boolean done) {
        if ((done || reusesUndeclared) && !slot.slowRelease && !slot.isFlagged()) {
            if (ordersIdle) {
                slot.idleSince = clock.getAsLong();
            }
            slot.leasedToIdle();
            if (registry.mustCheckWaiters()) {
                offerIdle(slot);
            }
            return null;
        }
        return releaseSlow(slot, done);
    }

    private @Nullable Throwable releaseSlow(Slot<T> slot, boolean done) {
        StackProbe.touch(); // if there is none, the slot is lost, until this thread's next acquire
        if (!done) {
            slot.undeclared = true;
        }
        // Shared; or nested in the check or the reset of this very slot: then the acquire or release further up the
        // stack
        // goes on with it, and were it given back here, another thread could take it meanwhile.
        if (slot.held > 0 || slot.busy) {
            if (!slot.isClaimed()) {
                observer.released(slot);
            }
            return null;
        }
        slot.busy = true;
        try {
            return endLease(slot);
        } catch (Throwable failure) {
            slot.busy = false;
            // Still LEASED, so still ours: the lease has ended, nobody else will ever give the permit back.
            if (slot.state() == Slot.LEASED) {
                ResourceCloser.suppress(closer.closeOwned(slot, CloseReason.INVALIDATED), failure);
            }
            throw failure;
        }
    }

    private @Nullable Throwable endLease(Slot<T> slot) {
        Jfr.leaseEnds(slot);
        boolean stamps = stampsIdle || timesLeases || config.warnNanos > 0 || settings.expires();
        long now = stamps ? clock.getAsLong() : 0;
        if (slot.warnedAt == slot.leasedAt() && config.warnNanos > 0) {
            observer.cameBack(slot);
        }
        if (timesLeases) {
            registry.numbers.leasedFor(Math.max(0, now - slot.leasedAt()));
        }
        if (slot.isClaimed()) {
            slot.busy = false;
            return null; // closed by force or revoked meanwhile
        }
        observer.released(slot); // before anybody else can take or close it
        slot.idleSince = stamps ? now : slot.idleSince;
        CloseReason reason = whyToClose(slot, now);
        Throwable resetFailure = reason == null && config.reset != null ? reset(slot, config.reset) : null;
        if (resetFailure != null) {
            discard(slot, resetFailure);
            return resetFailure;
        }
        if (reason == null) {
            reason = toIdle(slot);
        }
        if (reason != null) {
            Throwable failure = closer.closeOwned(slot, reason);
            if (reason == CloseReason.NOT_DONE) {
                warnIfNeverReused();
            }
            closer.rethrow(failure);
        }
        return resetFailure;
    }

    private @Nullable CloseReason whyToClose(Slot<T> slot, long now) {
        if (slot.invalid) {
            return CloseReason.INVALIDATED;
        }
        CloseReason retired = slot.retireFor();
        if (retired != null) {
            return retired;
        }
        if (!config.keeps()) {
            return CloseReason.SCOPE_END;
        }
        if (slot.undeclared && !reusesUndeclared) {
            return CloseReason.NOT_DONE;
        }
        if (registry.isClosed()) {
            return CloseReason.HOLDER_CLOSED; // before the reset: nobody will have it again
        }
        return slot.uses() >= config.maxUses ? CloseReason.MAX_USES : settings.expired(slot, now);
    }

    private @Nullable Throwable reset(Slot<T> slot, Action<? super T, ?> reset) {
        try {
            reset.run(slot.resource());
            return null;
        } catch (Throwable failure) {
            ResourceCloser.restoreInterrupt(failure);
            observer.resetFailed(slot, failure);
            return failure;
        }
    }

    /** Broken as the reset has shown it to be, it may well fail to close, too: the listener hears of it, the user does not. */
    private void discard(Slot<T> slot, Throwable resetFailure) {
        Throwable failure = closer.closeOwned(slot, CloseReason.RESET_FAILED);
        if (failure instanceof Error) {
            closer.rethrow(failure);
        }
        ResourceCloser.suppress(failure, resetFailure);
    }

    /** Gives the resource back; returns why it must be closed instead, and then it is still leased. */
    private @Nullable CloseReason toIdle(Slot<T> slot) {
        slot.trace = null;
        slot.slowRelease = false;
        slot.busy = false; // from the store of IDLE on it may be another thread's
        if (config.lends() && (slot.isFlagged() || config.maxIdle != Integer.MAX_VALUE)) {
            CloseReason reason = registry.releaseAndList(slot, config.maxIdle);
            if (reason == null) {
                handoff.makeRoom();
                closeIfPoolClosed(slot);
            }
            return reason;
        }
        slot.leasedToIdle();
        if (registry.mustCheckWaiters()) {
            offerIdle(slot);
        }
        return null;
    }

    private void offerIdle(Slot<T> slot) {
        StackProbe.touch(); // if there is none, the reaper offers it in its next round
        if (!registry.isClosed()) {
            handoff.offer(slot);
        }
        closeIfPoolClosed(slot); // not else: it may have been closed while this thread was about to hand over
    }

    private void closeIfPoolClosed(Slot<T> slot) {
        if (registry.isClosed() && slot.claimIdle(CloseReason.HOLDER_CLOSED)) {
            closer.rethrow(closer.closeClaimed(slot, CloseReason.HOLDER_CLOSED));
        }
    }

    /** A check in the background has passed. */
    void idleAgain(Slot<T> slot) {
        if (config.lends()) {
            registry.listIdle();
        }
        if (registry.mustCheckWaiters()) {
            offerIdle(slot);
        }
    }

    void wakeOwner(Slot<T> slot) {
        LockSupport.unpark(slot.awaitsCheck);
    }

    private void warnIfNeverReused() {
        AtomicInteger undeclared = config.identity.undeclared;
        if (undeclared.get() < UNDECLARED_BEFORE_WARNING
                && undeclared.incrementAndGet() == UNDECLARED_BEFORE_WARNING
                && registry.numbers.neverReuses(UNDECLARED_BEFORE_WARNING)) {
            Log.line(Level.WARNING, () -> Messages.neverReused(name(), UNDECLARED_BEFORE_WARNING), null);
        }
    }

    // ---- evict, change, close ----

    int evict(Predicate<? super ResourceInfo> which) {
        Set<Long> chosen = new HashSet<>();
        for (ResourceInfo info : snapshot()) { // user code: without the lock
            if (which.test(info)) {
                chosen.add(info.id());
            }
        }
        return closer.retire(CloseReason.EVICTED, chosen::contains);
    }

    int refresh() {
        return closer.retire(CloseReason.REFRESHED, id -> true);
    }

    void setLimit(int limit) {
        closer.setLimit(limit);
    }

    /** Of the idle timeout or the maximum age: from now on each lease has more to do. */
    void expiryChanged() {
        long now = clock.getAsLong();
        for (Slot<T> slot : registry.all()) {
            if (slot.idleSince == slot.openedAt) {
                slot.idleSince = now; // nobody has stamped it until now
            }
        }
        registry.disableFastPath();
        if (registry.isRegistered()) {
            Reaper.opened(null);
        }
    }

    boolean revoke(long id) {
        return closer.revoke(id, Messages.of(Thread.currentThread()));
    }

    CloseReport suspend(long drain) {
        return closer.suspend(drain, upkeep);
    }

    void resume() {
        registry.resume();
    }

    CloseReport close(long grace) {
        CloseReport report = closer.close(grace, upkeep);
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

    // ---- for the reaper ----

    @Override
    public long sweep(Consumer<Thread> owners) {
        long now = clock.getAsLong();
        tick = now;
        upkeep.sweep(now, owners);
        registry.forgetIfUnused();
        if (registry.deregister(config.needsSpares() || opener.isBackingOff())) {
            return Reaper.NOTHING_OPEN;
        }
        if (handoff.serveWaiters(config.lends())) {
            return Reaper.QUICK;
        }
        return upkeep.next();
    }

    // ---- looking ----

    boolean isHeld() {
        for (Slot<T> own : registry.slotsOf(Thread.currentThread())) {
            if (own.state() == Slot.LEASED && !own.isClaimed() && !own.isLost()) {
                return true;
            }
        }
        return false;
    }

    List<ResourceInfo> snapshot() {
        long now = clock.getAsLong();
        Instant wall = Instant.now();
        return registry.all().stream()
                .map(slot -> slot.info(slot.shown(), now, wall))
                .toList();
    }

    ResourceInfo info(Slot<T> slot, ResourceInfo.State shown) {
        return slot.info(shown, clock.getAsLong(), Instant.now());
    }

    /** How long ago the present lease began; what {@link ResourceInfo#leasedSince} says of it holds here too. */
    private long leasedSince(Slot<T> slot) {
        return Math.max(0, clock.getAsLong() - slot.leasedAt());
    }

    List<Slot<T>> slots() {
        return registry.all();
    }

    Stats stats() {
        return registry.stats();
    }
}
