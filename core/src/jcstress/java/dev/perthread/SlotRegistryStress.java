// jcstress: the books of a holder and everything that closes, with owners that are dead and several that wait.
package dev.perthread;

import dev.perthread.PoolStress.Witness;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** What Pool does, in its order, but without the reaper, which would do the same at moments of its own. */
final class SlotRegistryStress {
    private static final Thread DEAD = new Thread(); // isAlive() is false, before it runs as after

    /** Owns what is not to be reclaimed: the threads of jcstress may end before it has looked at the result. */
    private static final Thread LIVING = new Thread(SlotRegistryStress::live, "living");

    private static final Logger LOGGER = Logger.getLogger("dev.perthread");
    private static final long PATIENCE = 1_000_000_000;

    static {
        LIVING.setDaemon(true);
        LIVING.start();
        LOGGER.setLevel(Level.OFF); // it would tell of each leak
    }

    private SlotRegistryStress() {}

    private static void live() {
        while (true) {
            LockSupport.park();
        }
    }

    static class Books {
        final SlotRegistry<Witness> slots;
        final Handoff<Witness> handoff;
        final ResourceCloser<Witness> closing;
        final Upkeep<Witness> upkeep;
        final BulkCloser<Witness> bulkCloser;

        Books(int limit, IdlePolicy whenIdle) {
            this(limit, whenIdle, System::nanoTime);
        }

        Books(int limit, IdlePolicy whenIdle, LongSupplier clock) {
            PoolConfig<Witness, RuntimeException> config = PerThread.<Witness, RuntimeException>builder(Witness::new)
                    .whenIdle(whenIdle)
                    .reusing()
                    .limit(limit)
                    .clock(clock)
                    .name("stress")
                    .config();
            Pool<Witness, RuntimeException> pool = new Pool<>(config);
            Observer<Witness> observer = new Observer<>(config);
            slots = new SlotRegistry<>(pool, config, null, null, false);
            handoff = new Handoff<>(config, slots);
            closing = new ResourceCloser<>(config, slots, observer);
            LiveSettings settings = pool.settings();
            ReaperRegistration registration = new ReaperRegistration(pool, slots);
            upkeep = new Upkeep<>(
                    config,
                    settings,
                    slots,
                    observer,
                    closing,
                    new ResourceOpener<>(config, settings, slots, observer, closing, registration),
                    handoff,
                    new SlowRelease<>(config, settings, slots, handoff, observer, closing));
            bulkCloser = new BulkCloser<>(config, slots, closing, upkeep);
        }

        Slot<Witness> leasedBy(Thread owner) {
            Slot<Witness> slot = (Slot<Witness>) slots.admit(owner, false);
            slot.setResource(new Witness());
            slots.opened(slot, 0);
            slot.stampLease(0);
            return slot;
        }

        Waiter<Witness> waiting() {
            return (Waiter<Witness>) slots.admit(new Thread(), true);
        }

        /** 0: got an open resource or the place for one; 1: one that is closed; 3: nothing. */
        int take() {
            Admission<Witness> admission = slots.admit(LIVING, true);
            Slot<Witness> slot =
                    admission instanceof Waiter<Witness> waiter ? await(waiter) : (Slot<Witness>) admission;
            if (slot == null) {
                return 3;
            }
            return slot.isFilled() ? slot.resource().useAfterClose() : 0;
        }

        private Slot<Witness> await(Waiter<Witness> waiter) {
            upkeep.sweepForPermits();
            long begin = System.nanoTime();
            while (waiter.granted == null && System.nanoTime() - begin < PATIENCE) {
                handoff.tryTake(waiter);
                Thread.onSpinWait();
            }
            handoff.tryTake(waiter);
            return waiter.granted;
        }

        void free(Slot<Witness> slot) {
            slot.leases = 0;
            closing.closeOwned(slot, CloseReason.SCOPE_END);
        }

        /** Ends a lease; returns its slot. */
        Slot<Witness> idle(Slot<Witness> slot) {
            slot.leases = 0;
            if (slot.isMarked()) {
                handoff.releaseAndList(slot);
                return slot;
            }
            slot.leasedToIdle();
            if (slots.queue.mustCheckWaiters()) {
                handoff.offer(slot);
            }
            return slot;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1", "0, 1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them reclaimed it, and the place is the one's who acquires.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Reclaimed twice (a check-then-set claim), or the place freed before the waiter was in the queue.")
    @State
    public static class AcquireAgainstReapOfTheDead extends Books {
        final Slot<Witness> leaked;

        public AcquireAgainstReapOfTheDead() {
            super(1, IdlePolicy.CLOSE);
            leaked = leasedBy(DEAD);
        }

        @Actor
        public void user(III_Result r) {
            r.r1 = take();
        }

        @Actor
        public void reaper(III_Result r) {
            r.r2 = upkeep.reap();
        }

        @Arbiter
        public void after(III_Result r) {
            Stats stats = slots.stats();
            r.r3 = leaked.resource().closed.get() == 1 && stats.leaked() == 1 && stats.opening() == 1 ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them closed it.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Closed twice or by neither: both left IDLE, or both set the reason.")
    @State
    public static class EvictAgainstReapOfTheDead extends Books {
        final Slot<Witness> kept;

        public EvictAgainstReapOfTheDead() {
            super(1, IdlePolicy.KEEP);
            kept = idle(leasedBy(DEAD));
        }

        @Actor
        public void evictor(III_Result r) {
            r.r1 = bulkCloser.evictIdle();
        }

        @Actor
        public void reaper(III_Result r) {
            r.r2 = upkeep.reap();
        }

        @Arbiter
        public void after(III_Result r) {
            r.r3 = kept.resource().closed.get() == 1 && slots.all().isEmpty() ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1", "0, 1, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "Used again and again, or evicted in between.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Evicted under its user, or reclaimed from a thread that lives: a check-then-set in idleToLeased.")
    @State
    public static class KeptAcquireAgainstEvictAndReap extends Books {
        final Slot<Witness> kept;

        public KeptAcquireAgainstEvictAndReap() {
            super(1, IdlePolicy.KEEP);
            kept = idle(leasedBy(LIVING));
        }

        @Actor
        public void owner(III_Result r) {
            for (int i = 0; i < 3; i++) {
                if (kept.idleToLeased()) {
                    r.r1 |= kept.resource().useAfterClose();
                    kept.leasedToIdle();
                }
            }
        }

        @Actor
        public void others(III_Result r) {
            int reclaimed = upkeep.reap();
            r.r2 = bulkCloser.evictIdle() + 10 * reclaimed;
        }

        @Arbiter
        public void after(III_Result r) {
            r.r3 = slots.stats().open();
        }
    }

    @JCStressTest
    @Outcome(
            id = "0, 1",
            expect = Expect.ACCEPTABLE,
            desc = "Taken from the dead thread or from nobody; one resource, leased once.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Disowned and lent at once: two slots for one resource, or none, because a look at IDLE was kept.")
    @State
    public static class TakeOverAgainstDisown extends Books {
        public TakeOverAgainstDisown() {
            super(1, IdlePolicy.LEND);
            idle(leasedBy(DEAD));
        }

        @Actor
        public void user(II_Result r) {
            r.r1 = take();
        }

        @Actor
        public void reaper() {
            upkeep.reap();
        }

        @Arbiter
        public void after(II_Result r) {
            Stats stats = slots.stats();
            r.r2 = stats.open() == 1 && stats.leased() == 1 && slots.all().size() == 1 ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1", "0, 1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Lent, or evicted and another one opened in its place.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Evicted under the one it was lent to, or the place lost between evicting and queueing.")
    @State
    public static class TakeOverAgainstEvict extends Books {
        public TakeOverAgainstEvict() {
            super(1, IdlePolicy.LEND);
            idle(leasedBy(LIVING));
        }

        @Actor
        public void user(III_Result r) {
            r.r1 = take();
        }

        @Actor
        public void evictor(III_Result r) {
            r.r2 = bulkCloser.evictIdle();
        }

        @Arbiter
        public void after(III_Result r) {
            Stats stats = slots.stats();
            r.r3 = stats.leased() + stats.opening() == 1 && stats.closed() == r.r2 ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 1", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Left in time, or was served and passed it on; the second has it.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "The place went to one that gives up, and not on to the next: a look at granted outside the lock.")
    @State
    public static class GiveUpAgainstFreedWithASecondWaiting extends Books {
        final Slot<Witness> held;
        final Waiter<Witness> first;
        final Waiter<Witness> second;

        public GiveUpAgainstFreedWithASecondWaiting() {
            super(1, IdlePolicy.CLOSE);
            held = leasedBy(LIVING);
            first = waiting();
            second = waiting();
        }

        @Actor
        public void impatient(II_Result r) {
            boolean left = slots.queue.giveUp(first, true);
            if (!left) {
                slots.removeUnopened(first.granted, null, 0);
            }
            r.r1 = left ? 1 : 0;
        }

        @Actor
        public void pool() {
            free(held);
        }

        @Arbiter
        public void after(II_Result r) {
            r.r2 = second.granted != null
                            && slots.all().size() == 1
                            && slots.stats().waiting() == 0
                    ? 1
                    : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 1", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Left in time, or was lent it and passed it on; the second has it.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "An idle resource that nobody has while one waits: attention cleared by the one that left.")
    @State
    public static class GiveUpAgainstLentWithASecondWaiting extends Books {
        final Slot<Witness> held;
        final Waiter<Witness> first;
        final Waiter<Witness> second;

        public GiveUpAgainstLentWithASecondWaiting() {
            super(1, IdlePolicy.LEND);
            held = leasedBy(LIVING);
            first = waiting();
            second = waiting();
        }

        @Actor
        public void impatient(II_Result r) {
            boolean left = slots.queue.giveUp(first, true);
            if (!left) {
                idle(first.granted);
            }
            handoff.tryTake(first);
            r.r1 = left ? 1 : 0;
        }

        @Actor
        public void pool() {
            idle(held);
        }

        @Arbiter
        public void after(II_Result r) {
            handoff.tryTake(second);
            Stats stats = slots.stats();
            r.r2 = second.granted != null && stats.leased() == 1 && stats.waiting() == 0 ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "Found by the one on its way, or it was woken again.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc =
                    "Left idle for one who had looked already: the store of IDLE after the load of woken, or the other way"
                            + " round.")
    @State
    public static class OfferAgainstLook extends Books {
        final Slot<Witness> held;
        final Waiter<Witness> coming;

        public OfferAgainstLook() {
            super(2, IdlePolicy.LEND, () -> 0); // nobody has waited for so long that it is given what becomes idle
            Slot<Witness> other = leasedBy(LIVING);
            held = leasedBy(new Thread());
            coming = waiting();
            idle(other); // wakes the one that waits,
            other.idleToLeased(); // and is taken back
            idle(held); // is listed, so that its next release goes without the lock,
            held.idleToLeased(); // and is taken back too
        }

        @Actor
        public void pool() {
            idle(held);
        }

        @Actor
        public void signalled() {
            handoff.tryTake(coming);
        }

        @Arbiter
        public void after(I_Result r) {
            handoff.tryTake(coming);
            r.r1 = coming.granted != null ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Before or after: one resource, in one hand.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Counted in the old slot and in the new one, or in neither: the move is not one step for a looker.")
    @State
    public static class StatsAgainstTakeOver extends Books {
        public StatsAgainstTakeOver() {
            super(1, IdlePolicy.LEND);
            idle(leasedBy(DEAD));
        }

        @Actor
        public void user() {
            slots.admit(LIVING, false);
        }

        @Actor
        public void looker(III_Result r) {
            Stats stats = slots.stats();
            r.r1 = stats.leased();
            r.r2 = stats.idle();
            r.r3 = stats.open();
        }
    }
}
