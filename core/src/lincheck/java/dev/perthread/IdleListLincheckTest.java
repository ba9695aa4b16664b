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

    private final PerThread.Builder<Resource, RuntimeException> options = PerThread.<Resource, RuntimeException>builder(
                    Resource::new)
            .closer(resource -> resource.closed = true)
            .whenIdle(IdlePolicy.LEND)
            .reusing()
            .name("lincheck");
    private final Pool<Resource, RuntimeException> pool = new Pool<>(options);
    private final SlotRegistry<Resource> slots = new SlotRegistry<>(pool, 1, true);
    private final ResourceCloser<Resource> closing = new ResourceCloser<>(options, slots, new Observer<>(pool, null));
    private int count; // only touched by who has the resource

    /** The protocol of Holder on the real Slots, Slot and Closing. */
    @Operation
    public int use() {
        Thread me = Thread.currentThread();
        Slot<Resource> slot = slots.find(me);
        if (slot == null || !slot.idleToLeased()) {
            slot = slots.take(me);
        }
        if (slot == null) {
            slot = await(me);
        }
        if (slot.state() == Slot.OPENING) {
            slot.setResource(new Resource());
            slots.opened(slot);
        }
        int mine = ++count;
        if (slot.resource().closed) {
            mine = -1;
        }
        slot.leasedToIdle();
        if (slots.mustCheckWaiters()) {
            slots.offer(slot);
        }
        return mine;
    }

    private Slot<Resource> await(Thread me) {
        Waiter<Resource> waiter = slots.takeOrWait(me, true);
        for (slots.tryTake(waiter); waiter.granted == null; slots.tryTake(waiter)) {
            LockSupport.park();
        }
        slots.tryTake(waiter);
        return waiter.granted;
    }

    /** Says nothing of how many: one that is in use is passed over, which is no step of its own. */
    @Operation
    public void evict() {
        closing.evictIdle();
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
