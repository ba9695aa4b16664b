package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Which leases are reported as held too long. */
class HeldTooLongTest {
    private final AtomicLong now = new AtomicLong();
    private final List<Long> reported = new CopyOnWriteArrayList<>();
    private final AtomicBoolean minutePasses = new AtomicBoolean();

    /** A minute passes in a check, until the lease that is really held that long has been reported. */
    private boolean check(Probe probe) {
        if (minutePasses.getAndSet(false)) {
            now.addAndGet(Duration.ofMinutes(1).toNanos());
            Actor.until(() -> !reported.isEmpty());
        }
        return true;
    }

    @EachThreadKind
    void leaseThatHasNotBegun_mustNotBeReported_asIfItWereThePreviousOne(ThreadKind kind) throws Exception {
        LogLines.expect("warned after 30 s");
        LogLines.expect("came back");
        try (PerThread<Probe, RuntimeException> pool = PerThread.<Probe, RuntimeException>builder(Probe::new)
                        .whenIdle(IdlePolicy.LEND)
                        .clock(now::get)
                        .check(this::check)
                        .warnWhenHeldFor(Duration.ofSeconds(30))
                        .listener(new Listener() {
                            @Override
                            public void heldTooLong(ResourceInfo resource) {
                                reported.add(resource.id());
                            }
                        })
                        .build();
                Actor holder = new Actor(kind);
                Actor user = new Actor(kind)) {
            Lease<Probe> held = holder.call(pool::acquire);
            user.call(() -> pool.call(Probe::number));
            minutePasses.set(true);
            user.call(() -> pool.call(Probe::number));

            assertThat(pool.stats().heldTooLong()).isEqualTo(1);
            assertThat(reported).containsExactly(1L);
            holder.call(() -> {
                held.done();
                held.close();
                return 0;
            });
        }
    }
}
