package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;

/** What FlightRecorderFailsTest does, loaded together with a copy of the library whose part for Flight Recorder fails. */
public final class RecordedModel {
    private RecordedModel() {}

    /**
     * Every way that a resource goes, but for a refused one.
     *
     * @param kind of the threads
     * @throws Exception none
     */
    public static void scopes(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .reusing()
                .limit(1)
                .build();
        try (Actor user = new Actor(kind)) {
            for (int i = 0; i < 3; i++) {
                user.call(() -> pool.call(probe -> 0));
            }
            assertThat(user.call(pool::release)).isTrue();
        }
        try (Actor leaker = new Actor(kind)) {
            leaker.call(pool::acquire);
        }
        Actor.until(() -> pool.stats().open() == 0);
        try (Actor keeper = new Actor(kind)) {
            keeper.call(() -> pool.call(probe -> 0));
        }
        Actor.until(() -> pool.stats().open() == 0); // the same reaper, or another
        kind.call(() -> pool.call(probe -> 0));
        pool.close();
        assertThat(pool.stats().leaked()).isEqualTo(1);
        Actor.until(() -> Reaper.thread() == null);
    }
}
