package dev.perthread;

import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/** Two keys and room for one of them, where an idle resource has to make room for the other key. */
final class KeyedStress {
    private KeyedStress() {}

    private static KeyedPerThread<String, PoolStress.Witness, RuntimeException> withAnIdleOne() {
        KeyedPerThread<String, PoolStress.Witness, RuntimeException> shared =
                KeyedPerThread.<String, PoolStress.Witness, RuntimeException>builder(key -> new PoolStress.Witness())
                        .whenIdle(IdlePolicy.LEND)
                        .reusing()
                        .limit(1)
                        .build();
        use(shared, "idle");
        return shared;
    }

    /** 1: used a closed resource; 0: used a good one; 2: refused. */
    private static int use(KeyedPerThread<String, PoolStress.Witness, RuntimeException> shared, String key) {
        try (Lease<PoolStress.Witness> lease = shared.acquire(key)) {
            return lease.get().useAfterClose();
        } catch (IllegalStateException closed) {
            return 2;
        }
    }

    private static void judge(KeyedPerThread<String, PoolStress.Witness, RuntimeException> shared, IIII_Result r) {
        r.r3 = shared.stats().mostOpen();
        shared.close();
        r.r4 = (int) (shared.stats().opened() - shared.stats().closed());
    }

    @JCStressTest
    @Outcome(id = "0, 0, 1, 0", expect = Expect.ACCEPTABLE, desc = "Both were served, one after the other.")
    @Outcome(
            expect = Expect.FORBIDDEN,
            desc = "Closed under its user to make room, or room for two in the place of one.")
    @State
    public static class MakeRoomAgainstItsUser {
        final KeyedPerThread<String, PoolStress.Witness, RuntimeException> shared = withAnIdleOne();

        @Actor
        public void user(IIII_Result r) {
            r.r1 = use(shared, "idle");
        }

        @Actor
        public void other(IIII_Result r) {
            r.r2 = use(shared, "other");
        }

        @Arbiter
        public void after(IIII_Result r) {
            judge(shared, r);
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 1, 0", "2, 0, 1, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "Served before, or refused.")
    @Outcome(expect = Expect.FORBIDDEN, desc = "Opened after the end, or closed twice or never.")
    @State
    public static class MakeRoomAgainstClose {
        final KeyedPerThread<String, PoolStress.Witness, RuntimeException> shared = withAnIdleOne();

        @Actor
        public void other(IIII_Result r) {
            r.r1 = use(shared, "other");
        }

        @Actor
        public void closer() {
            shared.close(Duration.ofSeconds(10));
        }

        @Arbiter
        public void after(IIII_Result r) {
            judge(shared, r);
        }
    }
}
