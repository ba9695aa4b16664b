// jcstress: the store and the table under it.
package dev.perthread;

import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

final class StoreStress {
    private StoreStress() {}

    static final class Plain {
        int value;
    }

    @JCStressTest
    @Outcome(
            id = {"-1", "42"},
            expect = Expect.ACCEPTABLE,
            desc = "Not set yet, or whole.")
    @Outcome(id = "0", expect = Expect.FORBIDDEN, desc = "Another thread's value seen before what was written to it.")
    @State
    public static class SetPublishes {
        final ThreadStore<Plain> store = ThreadStore.create();

        @Actor
        public void owner() {
            Plain plain = new Plain();
            plain.value = 42;
            store.set(plain);
        }

        @Actor
        public void looker(I_Result r) {
            int[] seen = {-1};
            store.forEach((thread, plain) -> seen[0] = plain.value);
            r.r1 = seen[0];
        }

        @Arbiter
        public void after() {
            store.close();
        }
    }

    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "Called back once, whoever took it.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "A callback twice or never: remove and close both took the value, or neither.")
    @State
    public static class RemoveAgainstClose {
        private final java.util.concurrent.atomic.AtomicInteger calls = new java.util.concurrent.atomic.AtomicInteger();
        final ThreadStore<Plain> store = ThreadStore.<Plain>builder()
                .onRemove((thread, plain) -> calls.incrementAndGet())
                .build();

        @Actor
        public void owner() {
            try {
                store.set(new Plain());
                store.remove();
            } catch (IllegalStateException closed) {
                calls.incrementAndGet(); // not taken: counts as this actor's own
            }
        }

        @Actor
        public void closer() {
            store.close();
        }

        @Arbiter
        public void after(I_Result r) {
            r.r1 = calls.get();
        }
    }

    @JCStressTest
    @Outcome(
            id = "1, 1",
            expect = Expect.ACCEPTABLE,
            desc = "Each finds its own, whatever the other does to the table.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Its own entry hidden by a rebuild, or by a null on its probe path.")
    @State
    public static class OwnEntryAgainstUpkeep {
        final ReentrantLock lock = new ReentrantLock();
        final ThreadTable<ThreadTable.Entry> table = new ThreadTable<>();
        final Thread[] others = new Thread[6];

        public OwnEntryAgainstUpkeep() {
            for (int i = 0; i < others.length; i++) {
                others[i] = new Thread();
            }
        }

        private int churn(int from, int to) {
            Thread me = Thread.currentThread();
            ThreadTable.Entry mine = new ThreadTable.Entry(me);
            put(mine);
            int found = 1;
            for (int i = from; i < to; i++) {
                put(new ThreadTable.Entry(others[i]));
                found &= table.entryOf(me) == mine ? 1 : 0;
            }
            for (int i = from; i < to; i++) {
                lock.lock();
                try {
                    table.takeOut(others[i]);
                } finally {
                    lock.unlock();
                }
                found &= table.entryOf(me) == mine ? 1 : 0;
            }
            return found;
        }

        private void put(ThreadTable.Entry entry) {
            lock.lock();
            try {
                table.put(entry);
            } finally {
                lock.unlock();
            }
        }

        @Actor
        public void one(II_Result r) {
            r.r1 = churn(0, 3);
        }

        @Actor
        public void two(II_Result r) {
            r.r2 = churn(3, 6);
        }
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "1, 42, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "The owner has its own throughout; the looker sees it whole or not at all.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc =
                    "A value seen half-made, or lost to its owner while others look: an entry dropped as if it were empty.")
    @State
    public static class GetAndRemoveAgainstForEach {
        final ThreadStore<Plain> store = ThreadStore.create();

        @Actor
        public void owner(III_Result r) {
            Plain plain = new Plain();
            plain.value = 42;
            store.set(plain);
            boolean got = store.get() == plain;
            r.r1 = got && store.remove().orElse(null) == plain && !store.isSet() ? 1 : 0;
        }

        @Actor
        public void looker(III_Result r) {
            store.forEach((thread, plain) -> r.r2 = plain.value == 42 ? 42 : -1);
            int size = store.size();
            r.r3 = size == 0 || size == 1 ? 1 : 0;
        }

        @Arbiter
        public void after() {
            store.close();
        }
    }

    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "Called back once, by one of them, and gone.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "A dead thread's value called back twice or never: read and cleared in two steps.")
    @State
    public static class SweepAgainstClose {
        private final java.util.concurrent.atomic.AtomicInteger calls = new java.util.concurrent.atomic.AtomicInteger();
        final ThreadStore<Plain> store = ThreadStore.<Plain>builder()
                .onRemove((thread, plain) -> calls.incrementAndGet())
                .build();

        public SweepAgainstClose() {
            Thread owner = new Thread(() -> store.set(new Plain()));
            owner.start();
            try {
                owner.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Actor
        public void sweeper() {
            store.sweep(thread -> {});
        }

        @Actor
        public void closer() {
            store.close();
        }

        @Arbiter
        public void after(II_Result r) {
            long begin = System.nanoTime();
            while (calls.get() == 0 && System.nanoTime() - begin < 1_000_000_000) {
                Thread.onSpinWait(); // the sweeper's callbacks run aside
            }
            r.r1 = calls.get();
            r.r2 = store.size();
        }
    }
}
