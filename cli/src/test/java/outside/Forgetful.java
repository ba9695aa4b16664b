package outside;

import dev.perthread.PerThread;
import dev.perthread.testkit.Probe;

/** A user of the library in a package of its own: the library's packages are left out of stacks. */
public final class Forgetful {
    private Forgetful() {}

    /** Takes a lease and never closes it. */
    public static void leak(PerThread<Probe, RuntimeException> pool) {
        pool.acquire().get();
    }
}
