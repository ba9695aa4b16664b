package dev.perthread;

import java.util.concurrent.locks.LockSupport;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/**
 * One resource that is lent, and evicted in between. Whatever becomes of it, its uses come one after the other, so they
 * count right though the counter is not safe by itself; none sees a closed resource; and one that is idle, or gone, is
 * found by who waits for it, else there is a deadlock.
 */
public class IdleListLincheckTest {
    private static final class Resource {
        boolean closed;
    }

    private final PoolConfig<Resource, RuntimeException> config = PerThread.<Resource, RuntimeException>builder(
                    Resource::new, resource -> resource.closed = true)
            .whenIdle(IdlePolicy.LEND)
            .reusing()
            .limit(1)
            .name("lincheck")
            .config();
    private final Pool<Resource, RuntimeException> pool = new Pool<>(config);
    private final SlotRegistry<Resource> slots = new SlotRegistry<>(pool, config, null, null, false);
    private final Handoff<Resource> handoff = new Handoff<>(config, slots);
    private final Retirement<Resource> retirement = new Retirement<>(slots);
    private final ResourceCloser<Resource> closer = new ResourceCloser<>(config, slots, new Observer<>(config));
    private int count; // only touched by who has the resource

    /** The protocol of Pool on the real SlotRegistry, Handoff and Slot. */
    @Operation
    public int use() {
        Thread me = Thread.currentThread();
        Slot<Resource> slot = slots.find(me);
        if (slot == null || !slot.idleToLeased()) {
            Admission<Resource> admission = slots.admit(me, true);
            slot = admission instanceof Waiter<Resource> waiter ? await(waiter) : (Slot<Resource>) admission;
        }
        if (slot.state() == Slot.OPENING) {
            slot.setResource(new Resource());
            slots.opened(slot, 0);
        }
        int mine = ++count;
        if (slot.resource().closed) {
            mine = -1;
        }
        release(slot);
        return mine;
    }

    private void release(Slot<Resource> slot) {
        if (slot.isMarked()) {
            handoff.releaseAndList(slot);
            return;
        }
        slot.leasedToIdle();
        if (slots.queue.mustCheckWaiters()) {
            handoff.offer(slot);
        }
    }

    private Slot<Resource> await(Waiter<Resource> waiter) {
        for (handoff.tryTake(waiter); waiter.granted == null; handoff.tryTake(waiter)) {
            LockSupport.park();
        }
        handoff.tryTake(waiter);
        return waiter.granted;
    }

    /**
     * Says nothing of how many: one that is in use is passed over, which is no step of its own. Closes in this thread:
     * Lincheck would not schedule those of the library.
     */
    @Operation
    public void evict() {
        for (Slot<Resource> idle : retirement.claimIdle(CloseReason.EVICTED)) {
            closer.closeClaimed(idle, CloseReason.EVICTED);
        }
    }

    /** A counter that nobody can take away. */
    public static class Sequential {
        private int count;

        public int use() {
            return ++count;
        }

        public void evict() {}
    }

    @Test
    void usesComeOneAfterTheOtherWhateverIsEvictedInBetween() {
        new ModelCheckingOptions()
                .sequentialSpecification(Sequential.class)
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .iterations(Integer.getInteger("lincheck.iterations", 10))
                .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 3_000))
                .check(IdleListLincheckTest.class);
    }
}
