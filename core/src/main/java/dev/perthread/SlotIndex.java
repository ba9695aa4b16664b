package dev.perthread;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The slots of one pool: all of them, by thread, and the idle ones that may be lent, most recently released first. Guarded by
 * the registry's lock, but for {@link #find}.
 *
 * <p>Allocate before commit: what may fail for lack of memory comes before the first change ({@link #ensureCapacity}), or a permit
 * would be taken by nobody.
 */
final class SlotIndex<T> {

    /** What was never larger than this is not made smaller. */
    private static final int SMALL = 64;

    final ThreadTable<Slot<T>> byThread = new ThreadTable<>(); // the latest slot of each; find() reads it unlocked
    private final ArrayList<Slot<T>> all = new ArrayList<>(0); // else a list that was told to grow need not have grown
    private int most; // that all held since it was last trimmed

    // A slot stays listed while its last user takes it again and again without the lock. Whoever comes across one that
    // is leased takes it out and flags it, and its next release lists it again: so taking an idle one costs the same
    // however many are leased.
    private @Nullable Slot<T> latestIdle;
    private int listed;

    /** The calling thread's latest slot; without the lock. */
    @Nullable
    Slot<T> find(Thread me) {
        return byThread.entryOf(me);
    }

    /** What a thread has here, latest first. */
    List<Slot<T>> slotsOf(Thread thread) {
        List<Slot<T>> own = new ArrayList<>();
        for (Slot<T> slot = byThread.entryOf(thread); slot != null; slot = slot.nextOfThread) {
            own.add(slot);
        }
        return own;
    }

    List<Slot<T>> copy() {
        return new ArrayList<>(all);
    }

    /** Not a copy. */
    List<Slot<T>> all() {
        return all;
    }

    int size() {
        return all.size();
    }

    boolean contains(Slot<T> slot) {
        return slot.index < all.size() && all.get(slot.index) == slot;
    }

    /** After this {@link #add} and {@link #replace} need no memory. */
    void ensureCapacity() {
        byThread.ensureCapacity();
        all.ensureCapacity(all.size() + 1);
    }

    void add(Slot<T> slot) {
        slot.index = all.size();
        all.add(slot);
        most = Math.max(most, all.size());
        push(slot);
    }

    /** A resource goes on in another slot. */
    void replace(Slot<T> from, Slot<T> to) {
        unlist(from);
        unlink(from);
        to.index = from.index;
        all.set(to.index, to);
        push(to);
    }

    void remove(Slot<T> slot) {
        unlist(slot);
        unlink(slot);
        Slot<T> last = all.remove(all.size() - 1);
        if (last != slot) {
            all.set(slot.index, last);
            last.index = slot.index;
        }
        if (all.size() < most >> 3 && most > SMALL) {
            most = all.size();
            try {
                all.trimToSize(); // a list never shrinks by itself
            } catch (OutOfMemoryError passing) {
                // then it stays as large as it is
            }
        }
    }

    private void push(Slot<T> slot) {
        Thread owner = slot.thread;
        if (owner != null) {
            slot.nextOfThread = byThread.entryOf(owner);
            byThread.put(slot);
        }
    }

    private void unlink(Slot<T> slot) {
        Thread owner = slot.thread;
        Slot<T> latest = owner == null ? null : byThread.entryOf(owner);
        if (owner == null || latest == null) {
            return;
        }
        if (latest == slot) {
            Slot<T> next = slot.nextOfThread;
            if (next == null) {
                byThread.takeOut(owner);
            } else {
                byThread.put(next);
            }
            return;
        }
        for (; latest != null; latest = latest.nextOfThread) {
            if (latest.nextOfThread == slot) {
                latest.nextOfThread = slot.nextOfThread;
                return;
            }
        }
    }

    // ---- idle ones, to be lent ----

    @Nullable
    Slot<T> latestIdle() {
        return latestIdle;
    }

    void list(Slot<T> slot) {
        if (slot.listed) {
            return;
        }
        slot.listed = true;
        listed++;
        slot.idleAfter = latestIdle;
        if (latestIdle != null) {
            latestIdle.idleBefore = slot;
        }
        latestIdle = slot;
    }

    void unlist(Slot<T> slot) {
        if (!slot.listed) {
            return;
        }
        slot.listed = false;
        listed--;
        Slot<T> before = slot.idleBefore;
        Slot<T> after = slot.idleAfter;
        if (before == null) {
            latestIdle = after;
        } else {
            before.idleAfter = after;
        }
        if (after != null) {
            after.idleBefore = before;
        }
        slot.idleBefore = null;
        slot.idleAfter = null;
    }

    /** Takes the most recently released idle one for a thread; null if none is idle. */
    @Nullable
    Slot<T> takeIdle(Thread next) {
        for (Slot<T> slot = latestIdle; slot != null; ) {
            Slot<T> after = slot.idleAfter;
            Slot<T> taken = move(slot, next);
            // What is checked counts as idle, and is offered when the check is over.
            if (taken == null && slot.state() != Slot.CHECKING) {
                unlist(slot);
                slot.mark();
                // The store of the flag before the load of the state, as its owner stores IDLE before it loads the
                // flag.
                VarHandle.fullFence();
                taken = move(slot, next);
            }
            if (taken != null) {
                return taken;
            }
            slot = after;
        }
        return null;
    }

    /** Takes an idle one away from its thread, for another or for nobody; null if its last user was faster. */
    @Nullable
    Slot<T> move(Slot<T> from, @Nullable Thread next) {
        if (from.state() != Slot.IDLE || from.isClaimed()) {
            return null;
        }
        Slot<T> to = from.forNext(next);
        ensureCapacity(); // allocate before commit
        if (!from.idleToMoved()) {
            return null;
        }
        to.takeOver(from);
        replace(from, to);
        if (next == null) {
            list(to);
        }
        return to;
    }

    /** How many are listed. Where {@code maxIdle} is set, who takes one or claims it takes it out: those are idle, or checked. */
    int listed() {
        return listed;
    }
}
