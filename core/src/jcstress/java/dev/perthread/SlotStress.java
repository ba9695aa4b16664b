// jcstress: the transitions of one slot, each raced against each that leaves the same state.
package dev.perthread;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

final class SlotStress {
    private SlotStress() {}

    /** A resource with a plain field, so that only the slot's own ordering can publish what was written to it. */
    static final class Plain {
        int value;
    }

    static Slot<Plain> slot() {
        Slot<Plain> slot = new Slot<>(StressPool.HOLDER, 1, Thread.currentThread(), 0);
        slot.setResource(new Plain());
        slot.openingToLeased();
        return slot;
    }

    static Slot<Plain> idle() {
        Slot<Plain> slot = slot();
        slot.leasedToIdle();
        return slot;
    }

    static int bit(boolean won) {
        return won ? 1 : 0;
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them has it.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Closed under its user, or lost: a plain check-then-set instead of the CAS.")
    @State
    public static class LeaseAgainstEvict {
        final Slot<Plain> slot = idle();

        @Actor
        public void owner(II_Result r) {
            r.r1 = bit(slot.idleToLeased());
        }

        @Actor
        public void evictor(II_Result r) {
            r.r2 = bit(slot.idleToClosing());
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them has it.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Lent to another thread while its own uses it, or lost.")
    @State
    public static class LeaseAgainstTakeOver {
        final Slot<Plain> slot = idle();

        @Actor
        public void owner(II_Result r) {
            r.r1 = bit(slot.idleToLeased());
        }

        @Actor
        public void taker(II_Result r) {
            r.r2 = bit(slot.idleToMoved());
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them has it.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Closed by the reaper and lent out all the same, or lost.")
    @State
    public static class TakeOverAgainstReap {
        final Slot<Plain> slot = idle();

        @Actor
        public void taker(II_Result r) {
            r.r1 = bit(slot.idleToMoved());
        }

        @Actor
        public void reaper(II_Result r) {
            r.r2 = bit(slot.idleToClosing() && slot.claim(CloseReason.THREAD_ENDED));
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them runs the closer.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Closed twice, or never: the lost update on the reason.")
    @State
    public static class ClaimAgainstClaim {
        final Slot<Plain> slot = slot();

        @Actor
        public void owner(II_Result r) {
            r.r1 = bit(slot.claim(CloseReason.SCOPE_END));
        }

        @Actor
        public void closer(II_Result r) {
            r.r2 = bit(slot.claim(CloseReason.FORCED));
        }
    }

    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "Not released yet.")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "What the last user wrote is seen by the next.")
    @Outcome(id = "0", expect = Expect.FORBIDDEN, desc = "Taken over without what was written: a plain store of IDLE.")
    @State
    public static class ReleasePublishes {
        final Slot<Plain> slot = slot();

        @Actor
        public void owner() {
            slot.resource().value = 42;
            slot.leasedToIdle();
        }

        @Actor
        public void next(I_Result r) {
            r.r1 = slot.idleToMoved()
                    ? slot.forNext(Thread.currentThread()).takeOver(slot).resource().value
                    : -1;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"-1", "42"},
            expect = Expect.ACCEPTABLE,
            desc = "Not open yet, or whole.")
    @Outcome(id = "0", expect = Expect.FORBIDDEN, desc = "A fresh resource seen before it was filled.")
    @State
    public static class OpenPublishes {
        final Slot<Plain> slot = new Slot<>(StressPool.HOLDER, 1, Thread.currentThread(), 0);

        @Actor
        public void opener() {
            Plain plain = new Plain();
            plain.value = 42;
            slot.setResource(plain);
            slot.openingToLeased();
        }

        @Actor
        public void forcer(I_Result r) {
            r.r1 = slot.state() == Slot.LEASED && slot.claim(CloseReason.FORCED) ? slot.resource().value : -1;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "One of them closed it.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Claimed by nobody or twice: the owner's release overwrote the forcer's mark.")
    @State
    public static class ReleaseAgainstForce {
        final Slot<Plain> slot = slot();

        @Actor
        public void owner(III_Result r) {
            slot.leasedToIdle();
            r.r1 = bit(slot.idleToClosing() && slot.claim(CloseReason.HOLDER_CLOSED));
        }

        @Actor
        public void forcer(III_Result r) {
            r.r2 = bit(slot.state() == Slot.LEASED && slot.claim(CloseReason.FORCED));
        }

        @Arbiter
        public void after(III_Result r) {
            // The two claims exclude each other; what is left must be claimed by exactly one.
            r.r3 = bit(slot.isClaimed() && r.r1 + r.r2 == 1);
        }
    }
}
