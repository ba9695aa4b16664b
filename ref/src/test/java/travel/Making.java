package travel;

import dev.perthread.IdlePolicy;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.util.concurrent.Callable;

/** To be loaded by a class loader of its own, as a job's classes are. */
public final class Making implements Callable<PerThreadRef<Probe, IOException>> {
    @Override
    public PerThreadRef<Probe, IOException> call() {
        return PerThreadRef.<Probe, IOException>builder("travel", Probe::new)
                .check(probe -> probe != null)
                .whenIdle(IdlePolicy.KEEP)
                .build();
    }
}
