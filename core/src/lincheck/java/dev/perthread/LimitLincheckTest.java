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
    /** The counter, and the protocol of Holder around it, on the real Slots and Slot. */
    abstract static class Counting {
        private final Pool<int[], RuntimeException> pool;
        private final SlotRegistry<int[]> slots;
        private final boolean lends;
        private int count; // only touched by who has the resource

        Counting(boolean lends) {
            this.lends = lends;
            this.pool = new Pool<>(
                    PerThread.<int[], RuntimeException>builder(() -> new int[1]).name("lincheck"));
            this.slots = new SlotRegistry<>(pool, 1, lends);
        }

        int next() {
            Thread me = Thread.currentThread();
            Slot<int[]> slot = own(me);
            if (slot == null) {
                slot = slots.take(me);
            }
            if (slot == null) {
                slot = await(me);
            }
            if (slot.state() == Slot.OPENING) {
                slot.setResource(new int[1]);
                slots.opened(slot);
            }
            int mine = ++count;
            if (lends) {
                slot.leasedToIdle();
                if (slots.mustCheckWaiters()) {
                    slots.offer(slot);
                }
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

        private Slot<int[]> await(Thread me) {
            Waiter<int[]> waiter = slots.takeOrWait(me, true);
            for (slots.tryTake(waiter); waiter.granted == null; slots.tryTake(waiter)) {
                LockSupport.park();
            }
            slots.tryTake(waiter);
            return waiter.granted;
        }
    }

    public static class ResourceCloser extends Counting {
        public ResourceCloser() {
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
        check(ResourceCloser.class);
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
