// The life of one resource: the only state machine of the library. See docs/concurrency.md.
package dev.perthread;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One resource in the hands of one thread.
 *
 * <pre>
 * OPENING --openingToLeased--> LEASED --leasedToIdle--> IDLE --idleToClosing--> CLOSING
 *                                ^                       | |
 *                                +-----idleToLeased------+ +----idleToMoved---> MOVED
 * </pre>
 *
 * <p>The owner never changes: a lent resource that goes to another thread goes on in a new slot, and the old one stays
 * MOVED for ever. So a thread that still finds its old slot can tell by one failing compare-and-set, and whether a lease
 * is leaked can be told from {@code thread.isAlive()} with no lock.
 *
 * <p>{@code state} arbitrates between those who want to use an idle resource and those who want to close it: both leave
 * IDLE by compare-and-set. {@code reason} arbitrates between those who want to close it at all: whoever sets it by
 * {@link #claim} runs the closer, nobody else does. Two words, because the owner leaves LEASED with a plain release
 * store (a second locked instruction would cost as much as all the rest of a cycle), which a forced close cannot be
 * allowed to race with on the same word: the store would overwrite its mark. A forced close therefore claims and leaves
 * {@code state} to the owner; it only happens when the holder is closed, which everybody checks after taking a lease.
 */
final class Slot<T> extends ThreadTable.Entry {

    static final int OPENING = 0;
    static final int LEASED = 1;
    static final int IDLE = 2;
    static final int CLOSING = 3;
    static final int MOVED = 4;

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

    final Pool<T, ?> pool;
    final long id;

    @SuppressWarnings("UnusedVariable") // read through STATE
    private int state = OPENING;

    @SuppressWarnings("UnusedVariable") // set once, by claim(), through REASON
    private volatile @Nullable CloseReason reason;

    // Written by the owner while LEASED; handed from one owner to the next through the release store of IDLE and the
    // compare-and-set that leaves it. Others read them only for people to look at.
    private long uses;
    private long leasedAt;
    int depth; // leases that share this one, beyond the first
    boolean invalid;
    boolean slowRelease; // the release has more to do than to store IDLE; one look instead of five on the shortest way
    volatile @Nullable Throwable trace; // where the present lease was acquired

    JfrEvents.@Nullable Lease recorded; // the present lease, if Flight Recorder wants to know of it

    // Written by the owner before openingToLeased, as the entry's value is, and constant from then on.
    long openedAt;

    volatile long idleSince; // written by the owner before leasedToIdle, where an idle timeout is set

    // Guarded by the holder's lock.
    @Nullable
    Slot<T> nextOfThread; // the thread's next resource, where it has several

    int index; // in the list of all

    volatile @Nullable Thread closer; // who runs the closer, so that it does not wait for itself

    Slot(Pool<T, ?> pool, long id, @Nullable Thread owner, long now) {
        super(owner);
        this.pool = pool;
        this.id = id;
        this.openedAt = now;
    }

    int state() {
        return (int) STATE.getAcquire(this);
    }

    /** Lock held, by the owner or for it: nobody else acts on a slot that is being opened. */
    void openingToLeased() {
        STATE.setVolatile(this, LEASED);
    }

    /**
     * Takes an idle resource into use. Acquire: what the last user did with it happens-before what the next one does.
     * A full fence on all machines, so the caller's read of the holder's {@code closed} cannot come before it.
     */
    boolean idleToLeased() {
        return STATE.compareAndSet(this, IDLE, LEASED);
    }

    /** The owner is done. Release, and no fence: who misses it (a closer, a waiter) looks again. */
    void leasedToIdle() {
        STATE.setRelease(this, IDLE);
    }

    /** Ends a lease, by the owner. */
    void release() {
        pool.release(this);
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
        uses = moved.uses;
        leasedAt = moved.leasedAt;
        idleSince = moved.idleSince;
        // This slot is published by the holder's lock.
        state = thread == null ? IDLE : LEASED;
        return this;
    }

    /**
     * The right to close. Exactly one caller ever gets {@code true}. It comes after {@code idleToClosing} or from the
     * owner of the lease; from others only when the owner is dead or the holder's grace is over.
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
    }

    long uses() {
        return (long) USES.getOpaque(this);
    }

    long leasedAt() {
        return (long) LEASED_AT.getOpaque(this);
    }

    /** A picture of this moment; {@code now} on the holder's clock is {@code wall} on the wall's. */
    ResourceInfo info(ResourceInfo.State shown, long now, Instant wall) {
        Thread owner = thread;
        boolean leased = shown == ResourceInfo.State.LEASED;
        Throwable stack = leased ? trace : null;
        return new ResourceInfo(
                id,
                owner == null ? "" : owner.getName(),
                owner == null ? 0 : Platform.id(owner),
                shown,
                wall.minusNanos(Math.max(0, now - openedAt)),
                leased ? wall.minusNanos(Math.max(0, now - leasedAt())) : null,
                uses(),
                stack == null ? List.of() : List.of(stack.getStackTrace()));
    }

    ResourceInfo.State shown() {
        if (isClaimed()) {
            return ResourceInfo.State.CLOSING;
        }
        return switch (state()) {
            case OPENING -> ResourceInfo.State.OPENING;
            case LEASED -> ResourceInfo.State.LEASED;
            case IDLE, MOVED -> ResourceInfo.State.IDLE;
            default -> ResourceInfo.State.CLOSING;
        };
    }
}
