// jcstress: a holder's operations against each other, seen from outside.
package dev.perthread;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

final class PoolStress {
    private PoolStress() {}

    /** Knows whether it was used after it was closed. */
    static final class Witness implements AutoCloseable {
        final AtomicInteger closed = new AtomicInteger();

        int useAfterClose() {
            return closed.get() == 0 ? 0 : 1;
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    static PerThread<Witness, RuntimeException> lending(int limit) {
        return PerThread.<Witness, RuntimeException>builder(Witness::new)
                .whenIdle(IdlePolicy.LEND)
                .reusing()
                .limit(limit)
                .build();
    }

    /** 1: used a closed resource; 0: used a good one; 2: refused. */
    static int use(PerThread<Witness, RuntimeException> shared) {
        try (Lease<Witness> lease = shared.acquire()) {
            return lease.get().useAfterClose();
        } catch (IllegalStateException closed) {
            return 2;
        }
    }

    static int balance(PerThread<?, ?> shared) {
        Stats stats = shared.stats();
        return (int) (stats.opened() - stats.closed());
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "2, 0, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "Used before, or refused; nothing stays open.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "A resource that outlives its holder: acquire missed closed, and close missed LEASED.")
    @State
    public static class AcquireAgainstClose {
        final PerThread<Witness, RuntimeException> shared = lending(1);

        @Actor
        public void user(III_Result r) {
            int opened = use(shared);
            r.r1 = opened == 0 ? use(shared) : opened; // its own idle one, which the closer may take at any time
        }

        @Actor
        public void closer() {
            shared.close(Duration.ofSeconds(10));
        }

        @Arbiter
        public void after(III_Result r) {
            r.r2 = balance(shared);
            r.r3 = shared.stats().leased();
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Evicted or still idle, never under its user.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Evicted in use, or counted wrongly.")
    @State
    public static class ReleaseAgainstEvict {
        final PerThread<Witness, RuntimeException> shared = lending(1);

        @Actor
        public void user(II_Result r) {
            r.r1 = use(shared);
        }

        @Actor
        public void evictor() {
            shared.evictIdle();
        }

        @Arbiter
        public void after(II_Result r) {
            r.r2 = balance(shared);
            shared.close();
            if (balance(shared) != 0) {
                r.r2 = -1;
            }
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1", "0, 3, 1", "3, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Served in turn, or told at once that it is taken.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "The place was lost between one that releases and one that gives up.")
    @State
    public static class HandOffAgainstTimeout {
        final PerThread<Witness, RuntimeException> shared = lending(1);

        @Actor
        public void first(III_Result r) {
            r.r1 = tryUse();
        }

        @Actor
        public void second(III_Result r) {
            r.r2 = tryUse();
        }

        private int tryUse() {
            try (Lease<Witness> lease = shared.acquire(Duration.ofNanos(500))) {
                return lease.get().useAfterClose();
            } catch (AcquireTimeoutException late) {
                return 3;
            }
        }

        @Arbiter
        public void after(III_Result r) {
            try (Lease<Witness> lease = shared.acquire(Duration.ZERO)) {
                r.r3 = lease.get().useAfterClose() == 0 ? 1 : -1; // the place is there for whoever comes next
            } catch (AcquireTimeoutException lost) {
                r.r3 = 0;
            }
            shared.close();
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1", "4, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Served with the flag set, or interrupted; nothing lost.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "A lease or a place lost to an interrupt that raced with the hand-off.")
    @State
    public static class HandOffAgainstInterrupt {
        final PerThread<Witness, RuntimeException> shared = lending(1);
        volatile Thread waiter;

        @Actor
        public void waiting(III_Result r) {
            waiter = Thread.currentThread();
            try (Lease<Witness> lease = shared.acquire()) {
                r.r1 = lease.get().useAfterClose();
            } catch (AcquireInterruptedException interrupted) {
                r.r1 = 4;
            }
            waiter = null;
            Thread.interrupted();
        }

        @Actor
        public void holding(III_Result r) {
            try (Lease<Witness> lease = shared.acquire()) {
                r.r2 = lease.get().useAfterClose();
                Thread other = waiter;
                if (other != null) {
                    other.interrupt();
                }
            } catch (AcquireInterruptedException stray) {
                r.r2 = 0;
            }
        }

        @Arbiter
        public void after(III_Result r) {
            Thread.interrupted();
            try (Lease<Witness> lease = shared.acquire(Duration.ZERO)) {
                r.r3 = lease.get().useAfterClose() == 0 ? 1 : -1;
            } catch (AcquireTimeoutException lost) {
                r.r3 = 0;
            }
            shared.close();
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "Open is opened less closed, at any moment.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Counters that were read at different moments, or are negative.")
    @State
    public static class StatsAgainstAll {
        final PerThread<Witness, RuntimeException> shared = PerThread.of(Witness::new);

        @Actor
        public void user() {
            use(shared);
            use(shared);
        }

        @Actor
        public void looker(II_Result r) {
            Stats stats = shared.stats();
            r.r1 = stats.open();
            boolean sound = stats.open() == stats.opened() - stats.closed()
                    && stats.leased() + stats.idle() <= stats.open()
                    && stats.leased() >= 0
                    && stats.closed() >= 0;
            r.r2 = sound ? 1 : 0;
        }
    }

    static PerThread<Witness, RuntimeException> keeping() {
        return PerThread.<Witness, RuntimeException>builder(Witness::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .build();
    }

    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "0, 1, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "Closed by its owner or by the evictor.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Closed by both or by neither: one of them did not leave IDLE by a CAS.")
    @State
    public static class OwnReleaseAgainstEvict {
        final PerThread<Witness, RuntimeException> shared = keeping();

        @Actor
        public void owner(III_Result r) {
            use(shared);
            r.r1 = shared.release() ? 1 : 0;
        }

        @Actor
        public void evictor(III_Result r) {
            r.r2 = shared.evictIdle();
        }

        @Arbiter
        public void after(III_Result r) {
            r.r3 = balance(shared);
            shared.close();
        }
    }

    @JCStressTest
    @Outcome(id = "4, 1", expect = Expect.ACCEPTABLE, desc = "Four uses one after the other, of one resource.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "A lost update: two users at once, or lent without what the last user wrote.")
    @State
    public static class TwoUsersOfOne {
        final PerThread<int[], RuntimeException> shared = PerThread.<int[], RuntimeException>builder(
                        () -> new int[1], Closer.none())
                .whenIdle(IdlePolicy.LEND)
                .reusing()
                .limit(1)
                .build();

        private void countTwice() {
            shared.run(counter -> counter[0]++);
            shared.run(counter -> counter[0]++);
        }

        @Actor
        public void one() {
            countTwice();
        }

        @Actor
        public void other() {
            countTwice();
        }

        @Arbiter
        public void after(II_Result r) {
            r.r1 = shared.call(counter -> counter[0]);
            r.r2 = (int) shared.stats().opened();
            shared.close();
        }
    }
}
