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
        PerThread<Probe, RuntimeException> holder = PerThread.<Probe, RuntimeException>builder(Probe::new)
                .whenIdle(IdlePolicy.KEEP)
                .limit(1)
                .build();
        try (Actor user = new Actor(kind)) {
            for (int i = 0; i < 3; i++) {
                user.call(() -> holder.call(probe -> 0));
            }
            assertThat(user.call(holder::release)).isTrue();
        }
        try (Actor leaker = new Actor(kind)) {
            leaker.call(holder::acquire);
        }
        Actor.until(() -> holder.stats().open() == 0);
        try (Actor keeper = new Actor(kind)) {
            keeper.call(() -> holder.call(probe -> 0));
        }
        Actor.until(() -> holder.stats().open() == 0); // the same reaper, or another
        kind.call(() -> holder.call(probe -> 0));
        holder.close();
        assertThat(holder.stats().leaked()).isEqualTo(1);
        Actor.until(() -> Reaper.thread() == null);
    }
}
