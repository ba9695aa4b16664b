package dev.perthread;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of one resource in the hands of one thread.
 *
 * <pre>
 * OPENING  -&gt; LEASED    openingToLeased    the opener has returned
 * OPENING  -&gt; IDLE      openingToIdle      the same, opened for no thread
 * LEASED   -&gt; IDLE      leasedToIdle       the lease has ended; release store
 * IDLE     -&gt; LEASED    idleToLeased       the next lease of the same thread; CAS
 * IDLE     -&gt; MOVED     idleToMoved        lent to another thread, in a slot of its own; CAS
 * IDLE     -&gt; CHECKING  idleToChecking     a check in the background; CAS
 * CHECKING -&gt; IDLE      checkingToIdle     it is usable
 * CHECKING -&gt; CLOSING   checkingToClosing  it is not, or is to be closed for another reason
 * IDLE     -&gt; CLOSING   idleToClosing      evicted, expired, reclaimed, ...; CAS
 * </pre>
 *
 * <p>The effective state is the pair of {@code state} and {@code reason}. Where the reason is set the closer runs, has run, or
 * is about to; the slot leaves the registry, and its permit is free, when it has run.
 *
 * <pre>
 * state     reason               meaning                                          who may act
 * OPENING   none                 the opener runs                                  the opening thread
 * OPENING   HOLDER_CLOSED        the pool was closed meanwhile                    the opening thread closes it
 * OPENING   INVALIDATED          opened, and something failed before it was       the opening thread closes it
 *                                leased, or idle
 * OPENING   THREAD_ENDED         the same, and the opening thread has ended       whoever claimed it
 * LEASED    none                 in use; or lost, see isLost()                     the owner; the reaper once it has ended
 * LEASED    FORCED, REVOKED      closed under its user                            whoever claimed it
 * LEASED    THREAD_ENDED         leaked, or lost                                  whoever claimed it
 * LEASED    any other            closed by its owner, or for it in the background whoever claimed it
 * IDLE      none                 free                                             the winner of the CAS
 * IDLE      FORCED, REVOKED      released after it was closed under its user      nobody
 * CHECKING  none                 the background check runs                        the checking thread
 * CHECKING  FORCED               closed under the check                           whoever claimed it
 * CLOSING   none, then set       taken for closing                                the winner of the CAS
 * MOVED     none                 superseded: the resource goes on in another slot nobody
 * </pre>
 *
 * <p>The owner never changes: a lent resource that goes to another thread goes on in a new slot, and the old one stays
 * MOVED for ever. So a thread that still finds its old slot can tell by one failing compare-and-set, and whether a lease
 * is leaked can be told from {@code thread.isAlive()} with no lock.
 *
 * <p>{@code state} arbitrates between those who want to use an idle resource and those who want to close it: both leave
 * IDLE by compare-and-set. {@code reason} arbitrates between those who want to close it at all: whoever sets it runs the
 * closer, nobody else does. Two words, because the owner leaves LEASED with a plain release store (a second locked
 * instruction would cost as much as all the rest of a cycle), with which a forced close cannot race on the same word: the
 * store would overwrite its mark. A forced or revoking close therefore claims, and leaves {@code state} to the owner.
 */
final class Slot<T> extends ThreadTable.Entry implements Admission<T> {

    static final int OPENING = 0;
    static final int LEASED = 1;
    static final int IDLE = 2;
    static final int CLOSING = 3;
    static final int MOVED = 4;
    static final int CHECKING = 5;

    /** The release only stores IDLE. */
    static final byte FAST = 0;

    /** The same, if the lease was declared done. */
    static final byte FAST_IF_DONE = 1;

    /** It has more to do. */
    static final byte SLOW = 2;

    private static final VarHandle STATE;
    private static final VarHandle REASON;
    private static final VarHandle USES;
    private static final VarHandle LEASED_AT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(Slot.class, "state", int.class);
            REASON = lookup.findVarHandle(Slot.class, "reason", CloseReason.class);
            USES = lookup.findVarHandle(Slot.class, "uses", long.class);
            LEASED_AT = lookup.findVarHandle(Slot.class, "leasedAt", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final PoolBase<T> pool;
    final long id;

    @SuppressWarnings("UnusedVariable") // read through STATE
    private int state = OPENING;

    @SuppressWarnings("UnusedVariable") // set once, by claim(), through REASON
    private volatile @Nullable CloseReason reason;

    /**
     * Another thread has something to tell the owner, who must take the slow path at its next acquire and release: why the
     * resource is to be closed ({@code retireFor}), or that it is not in the list of idle ones. Written under the registry's
     * lock. The owner reads it after the compare-and-set of an acquire, so that no acquire that begins after the mark was
     * set misses it; a release may miss it, and the reaper looks again.
     */
    private volatile boolean marked;

    private volatile @Nullable CloseReason retireFor; // set before marked

    // Written by the owner while LEASED; handed from one owner to the next through the release store of IDLE and the
    // compare-and-set that leaves it. Others read them only for people to look at.
    private long uses;
    private long leasedAt;

    /**
     * The leases that are held on this slot; the owner's. A lease counts itself out before it calls {@link #release}, so
     * that a slot that is LEASED with none, and not {@code inTransition}, was lost when a stack overflow or an asynchronous
     * error struck on the way in or out: the owner's next acquire closes it.
     */
    int leases;

    boolean inTransition; // the owner's: it is on its way into or out of a lease, and the slot is not lost
    boolean ownersClaim; // the owner's: it was about to claim this one itself, see isClaimedByOwner
    volatile boolean closerCalled;
    /** Who claimed it could not have it closed, for lack of memory: the reaper's next round does. */
    volatile boolean abandoned;

    boolean invalid;
    boolean notDone; // a lease that shared this one ended without done()
    byte releasePath; // FAST, ...: one look instead of five at each release
    volatile @Nullable Throwable trace; // where the present lease was acquired

    @Nullable
    Object recorded; // the present lease's event, if Flight Recorder wants to know of it

    // Written by the owner before openingToLeased, as the entry's value is, and constant from then on.
    long openedAt;
    long openNanos; // what the opener took

    volatile long idleSince; // written by the owner before leasedToIdle, where somebody wants to know
    volatile long checkedAt; // by whoever checked it last in the background
    volatile long warnedAt = Long.MIN_VALUE; // leasedAt of the lease that was last warned of; by the reaper
    volatile @Nullable Thread awaitsCheck; // the owner, parked until the background check is over
    volatile @Nullable String revokedBy; // who, set before the claim

    // Guarded by the registry's lock.
    @Nullable
    Slot<T> nextOfThread; // the thread's next resource, where it has several

    @Nullable
    Slot<T> idleBefore; // in the list of idle ones, towards the most recent

    @Nullable
    Slot<T> idleAfter;

    boolean listed; // as idle

    int index; // in the list of all

    /** The thread that runs the closer, a background check or a background opener, so that it does not wait for itself. */
    volatile @Nullable Thread actingThread;

    Slot(PoolBase<T> pool, long id, @Nullable Thread owner, long now) {
        super(owner);
        this.pool = pool;
        this.id = id;
        this.openedAt = now;
        this.idleSince = now;
    }

    int state() {
        return (int) STATE.getAcquire(this);
    }

    /**
     * The opener has returned, for the owner: nobody else acts on a slot that is being opened. A full fence, so the caller's
     * read of the registry's {@code closed} cannot come before it.
     */
    void openingToLeased() {
        STATE.setVolatile(this, LEASED);
    }

    /**
     * Takes an idle resource into use. Acquire: what the last user did with it happens-before what the next one does.
     * A full fence on all machines, so the caller's read of the registry's {@code closed} cannot come before it.
     */
    boolean idleToLeased() {
        return STATE.compareAndSet(this, IDLE, LEASED);
    }

    /** The owner is done. Release, and no fence: who misses it (a closer, a waiter) looks again. */
    void leasedToIdle() {
        STATE.setRelease(this, IDLE);
    }

    /**
     * Ends a lease, by the owner, which has counted it out of {@code leases}.
     *
     * @param done whether its user said that the last use ended well
     * @return what the reset threw, which is nobody's to throw
     */
    @Nullable
    Throwable release(boolean done) {
        return pool.release(this, done);
    }

    /** Whether the release of a lease that its user declared done, or not, has more to do than to store IDLE; the owner's. */
    boolean isSlowRelease(boolean done) {
        return releasePath > (done ? FAST_IF_DONE : FAST);
    }

    /** Whether the lease was lost: the owner's question. */
    boolean isLost() {
        return leases == 0 && !inTransition;
    }

    boolean isMarked() {
        return marked;
    }

    /** Lock held. */
    void mark() {
        marked = true;
    }

    /** Lock held. */
    void unmark() {
        marked = false;
    }

    /**
     * Has the resource closed at the end of its lease, or before its next; the first reason stays, but for SURPLUS, which a
     * raised limit takes back. Lock held.
     */
    void retire(CloseReason why) {
        if (retireFor == null || retireFor == CloseReason.SURPLUS) {
            retireFor = why;
        }
        marked = true; // after retireFor: who sees this sees that
    }

    /** Lock held; the limit was raised again. */
    void unretire(CloseReason why) {
        if (retireFor == why) {
            retireFor = null;
        }
    }

    @Nullable
    CloseReason retireFor() {
        return retireFor;
    }

    /** A background opener has returned: free for anybody. Lock held. */
    void openingToIdle() {
        STATE.setVolatile(this, IDLE);
    }

    /** Takes an idle resource out of use for a check in the background. */
    boolean idleToChecking() {
        return STATE.compareAndSet(this, IDLE, CHECKING);
    }

    /** By the checking thread. Volatile: the owner parks if it still sees CHECKING after it has left its name. */
    void checkingToIdle() {
        STATE.setVolatile(this, IDLE);
    }

    /** By the checking thread, for whoever then claims and closes it. */
    void checkingToClosing() {
        STATE.setVolatile(this, CLOSING);
    }

    /** Takes an idle resource and the right to close it. */
    boolean claimIdle(CloseReason why) {
        return idleToClosing() && claim(why);
    }

    /** Takes an idle resource out of use, for whoever then claims and closes it. */
    boolean idleToClosing() {
        return STATE.compareAndSet(this, IDLE, CLOSING);
    }

    /** Takes an idle resource away from its thread, to go on in another slot, by {@link #takeOver}. */
    boolean idleToMoved() {
        return STATE.compareAndSet(this, IDLE, MOVED);
    }

    /** An empty slot in which this resource can go on for another thread, or for nobody. */
    Slot<T> forNext(@Nullable Thread next) {
        return new Slot<>(pool, id, next, openedAt);
    }

    /** Goes on with the resource of one that has moved: leased to this slot's thread, or idle where there is none. */
    Slot<T> takeOver(Slot<T> moved) {
        value = moved.value;
        openedAt = moved.openedAt;
        openNanos = moved.openNanos;
        uses = moved.uses;
        leasedAt = moved.leasedAt;
        idleSince = moved.idleSince;
        checkedAt = moved.checkedAt;
        retireFor = moved.retireFor;
        marked = true; // not in the list of idle ones: its first release puts it there
        // Plain: this slot is published by the registry's lock.
        state = thread == null ? IDLE : LEASED;
        return this;
    }

    /**
     * The right to close. Exactly one caller ever gets {@code true}. It comes after IDLE or CHECKING was left for CLOSING, or
     * from the owner of the lease; from others only when the owner is dead, or when the pool's grace is over or the lease is
     * revoked.
     */
    boolean claim(CloseReason why) {
        return REASON.compareAndSet(this, null, why);
    }

    @Nullable
    CloseReason reason() {
        return (CloseReason) REASON.getAcquire(this);
    }

    boolean isClaimed() {
        return REASON.getAcquire(this) != null;
    }

    /**
     * Whether its owner claimed it, and is to finish what it began if it was interrupted. {@code ownersClaim} alone does not
     * say so: the owner sets it before it claims, and may be interrupted, or beaten by another thread, in between.
     */
    boolean isClaimedByOwner() {
        CloseReason why = reason();
        return ownersClaim
                && why != null
                && why != CloseReason.FORCED
                && why != CloseReason.REVOKED
                && why != CloseReason.THREAD_ENDED;
    }

    /** Takes the resource's value; only before {@code openingToLeased}. */
    void setResource(T opened) {
        value = opened;
    }

    boolean isFilled() {
        return value != null;
    }

    /** The resource; only after {@code openingToLeased}. */
    @SuppressWarnings("unchecked") // nothing else is put in
    T resource() {
        T opened = (T) value;
        if (opened == null) {
            throw new AssertionError("not open yet");
        }
        return opened;
    }

    /** Counts a lease; owner only. Opaque: a reader in another thread must not see half a long. */
    void stampLease(long now) {
        USES.setOpaque(this, uses + 1);
        LEASED_AT.setOpaque(this, now);
        leases++;
    }

    /**
     * The same for what {@link #idleToLeased} took, which is held by no lease yet. A constant, so that the store waits for no
     * load.
     */
    void stampFirstLease(long now) {
        USES.setOpaque(this, uses + 1);
        LEASED_AT.setOpaque(this, now);
        leases = 1;
    }

    /**
     * Counts a lease out; owner only. With a branch for the only lease there is, as nearly always: to subtract would wait for
     * the store of the acquire to be forwarded, and the next compare-and-set for that.
     */
    void countOut() {
        leases = leases == 1 ? 0 : leases - 1;
    }

    long uses() {
        return (long) USES.getOpaque(this);
    }

    long leasedAt() {
        return (long) LEASED_AT.getOpaque(this);
    }

    /** For how long it was neither used nor checked. By differences: the clock may have wrapped around meanwhile. */
    long untouchedFor(long now) {
        return Math.min(now - idleSince, now - checkedAt);
    }

    /** A picture of this moment; {@code now} on the registry's clock is {@code wall} on the wall's. */
    ResourceInfo info(ResourceInfo.State shown, long now, Instant wall) {
        Thread owner = thread;
        boolean leased = shown == ResourceInfo.State.LEASED;
        Throwable stack = leased ? trace : null;
        return new ResourceInfo(
                id,
                owner == null ? "" : Messages.shown(owner.getName()),
                owner == null ? 0 : Platform.id(owner),
                shown,
                wall.minusNanos(Math.max(0, now - openedAt)),
                leased ? wall.minusNanos(Math.max(0, now - leasedAt())) : null,
                uses(),
                stack == null ? List.of() : List.of(stack.getStackTrace()),
                pool.key());
    }

    ResourceInfo.State shown() {
        return shown(state());
    }

    /**
     * As shown in that state, which the caller has just read.
     */
    ResourceInfo.State shown(int read) {
        if (isClaimed()) {
            return ResourceInfo.State.CLOSING;
        }
        return switch (read) {
            case OPENING -> ResourceInfo.State.OPENING;
            case LEASED -> ResourceInfo.State.LEASED;
            case IDLE, MOVED, CHECKING -> ResourceInfo.State.IDLE;
            default -> ResourceInfo.State.CLOSING;
        };
    }
}
