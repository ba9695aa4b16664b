package dev.perthread;

import java.util.concurrent.locks.LockSupport;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/**
 * At a limit of one, a resource is a critical section: a counter in it that is not safe by itself counts right. A place
 * that is lost shows as a hang, two users at once as a wrong count. A wake-up that is lost does not show: Lincheck lets
 * {@code park} return for no reason. LifecycleModelTest does not.
 */
class LimitLincheckTest {
    /** The counter, and the protocol of Pool around it, on the real SlotRegistry, Handoff and Slot. */
    abstract static class Counting {
        private final SlotRegistry<int[]> slots;
        private final Handoff<int[]> handoff;
        private final boolean lends;
        private int count; // only touched by who has the resource

        Counting(boolean lends) {
            this.lends = lends;
            PoolConfig<int[], RuntimeException> config = PerThread.<int[], RuntimeException>builder(
                            () -> new int[1], Closer.none())
                    .whenIdle(lends ? IdlePolicy.LEND : IdlePolicy.CLOSE)
                    .limit(1)
                    .name("lincheck")
                    .config();
            Pool<int[], RuntimeException> pool = new Pool<>(config);
            this.slots = new SlotRegistry<>(pool, config, null, null, false);
            this.handoff = new Handoff<>(config, slots);
        }

        int next() {
            Thread me = Thread.currentThread();
            Slot<int[]> slot = own(me);
            if (slot == null) {
                Admission<int[]> admission = slots.admit(me, true);
                slot = admission instanceof Waiter<int[]> waiter ? await(waiter) : (Slot<int[]>) admission;
            }
            if (slot.state() == Slot.OPENING) {
                slot.setResource(new int[1]);
                slots.opened(slot, 0);
            }
            int mine = ++count;
            if (lends) {
                release(slot);
            } else {
                slot.claim(CloseReason.SCOPE_END);
                slots.removeClosed(slot, CloseReason.SCOPE_END, false);
            }
            return mine;
        }

        private Slot<int[]> own(Thread me) {
            Slot<int[]> own = slots.find(me);
            return own != null && own.idleToLeased() ? own : null;
        }

        private void release(Slot<int[]> slot) {
            if (slot.isMarked()) {
                handoff.releaseAndList(slot);
                return;
            }
            slot.leasedToIdle();
            if (slots.queue.mustCheckWaiters()) {
                handoff.offer(slot);
            }
        }

        private Slot<int[]> await(Waiter<int[]> waiter) {
            for (handoff.tryTake(waiter); waiter.granted == null; handoff.tryTake(waiter)) {
                LockSupport.park();
            }
            handoff.tryTake(waiter);
            return waiter.granted;
        }
    }

    public static class Closing extends Counting {
        public Closing() {
            super(false);
        }

        @Operation
        public int count() {
            return next();
        }
    }

    public static class Lending extends Counting {
        public Lending() {
            super(true);
        }

        @Operation
        public int count() {
            return next();
        }
    }

    public static class Sequential {
        private int count;

        public int count() {
            return ++count;
        }
    }

    @Test
    void aPlaceGoesToTheNextWaiterAndIsNeverLost() {
        check(Closing.class);
    }

    @Test
    void anIdleLentResourceGoesToTheNextWaiterAndIsNeverLost() {
        check(Lending.class);
    }

    private static void check(Class<?> type) {
        new ModelCheckingOptions()
                .sequentialSpecification(Sequential.class)
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(Integer.getInteger("lincheck.iterations", 10))
                .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 3_000))
                .check(type);
    }
}
