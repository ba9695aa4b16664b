// A small program that uses the library in every way there is, for tests that run it in a JVM of its own.
package outside;

import com.sun.management.ThreadMXBean;
import dev.perthread.AcquireTimeoutException;
import dev.perthread.Action;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.PerThreadMXBean;
import dev.perthread.ReusePolicy;
import dev.perthread.testkit.Pinned;
import dev.perthread.testkit.ThreadKind;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import jdk.jfr.Recording;

/** Each way is a word on the command line. */
public final class Scopes {
    private Scopes() {}

    /**
     * Runs what is asked for.
     *
     * @param arguments one word
     * @throws Exception if something is wrong
     */
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "scopes" -> scopes();
            case "allocated" -> allocated(0, false, false);
            case "allocated-among-others" -> allocated(1_000, false, false);
            case "allocated-with-failures" -> allocated(0, true, false);
            case "allocated-by-call" -> allocated(0, false, true);
            case "allocated-by-call-with-failures" -> allocated(0, true, true);
            case "allocated-recording" -> {
                try (Recording recording = new Recording()) {
                    recording.start();
                    allocated(0, false, false);
                }
            }
            case "recorded-late" -> recordedLate();
            case "shown" -> shown();
            case "not-shown" -> notShown();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void scopes() throws Exception {
        for (IdlePolicy whenIdle : IdlePolicy.values()) {
            try (PerThread<Caller.Resource, RuntimeException> pool =
                    PerThread.<Caller.Resource, RuntimeException>builder(Caller.Resource::new)
                            .name("scopes-" + whenIdle)
                            .whenIdle(whenIdle)
                            .limit(1)
                            .build()) {
                pool.run(resource -> {});
                Lease<Caller.Resource> lease = pool.acquire();
                Thread other = new Thread(() -> {
                    try {
                        pool.acquire(Duration.ofMillis(1));
                    } catch (AcquireTimeoutException expected) {
                        System.out.println("timeout");
                    }
                });
                other.start();
                other.join();
                lease.invalidate();
                lease.close();
                Thread leaker = new Thread(pool::acquire);
                leaker.start();
                leaker.join();
                pool.acquire(Duration.ofSeconds(30)).close();
                System.out.println("leaked " + pool.stats().leaked());
            }
        }
        System.out.println("done");
    }

    /** Many virtual threads find at once that there is a recording. */
    private static void recordedLate() throws Exception {
        try (PerThread<Caller.Resource, RuntimeException> pool = PerThread.<Caller.Resource, RuntimeException>builder(
                        Caller.Resource::new)
                .whenIdle(IdlePolicy.LEND)
                .reuse(ReusePolicy.UNLESS_INVALIDATED)
                .limit(8)
                .build()) {
            pool.run(resource -> {});
            try (Pinned pinned = new Pinned()) {
                ThreadKind.VIRTUAL.inParallel(500, i -> pool.run(resource -> ThreadKind.giveWay()));
                pinned.stacks().forEach(System.out::println);
            }
        }
        System.out.println("done");
    }

    private static void shown() throws Exception {
        try (PerThread<Caller.Resource, RuntimeException> pool = PerThread.<Caller.Resource, RuntimeException>builder(
                                Caller.Resource::new)
                        .name("orders, \"primary\"")
                        .whenIdle(IdlePolicy.KEEP)
                        .reuse(ReusePolicy.UNLESS_INVALIDATED)
                        .limit(3)
                        .trace(true)
                        .build();
                PerThreadMXBean.Registration registration = pool.registerMXBean()) {
            Thread.currentThread().setName("main of the shown");
            Lease<Caller.Resource> lease = Caller.acquireHere(pool);
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            System.out.println("shown " + ProcessHandle.current().pid() + " " + registration.objectName());
            in.readLine();
            lease.close();
            System.out.println("idle");
            in.readLine();
        }
    }

    private static void notShown() {
        try (PerThread<Caller.Resource, RuntimeException> pool = PerThread.<Caller.Resource, RuntimeException>builder(
                        Caller.Resource::new)
                .name("db")
                .build()) {
            pool.registerMXBean().close();
        } catch (IllegalStateException expected) {
            System.out.println(expected.getMessage());
        }
    }

    private static void allocated(int others, boolean failures, boolean byCall) throws InterruptedException {
        System.out.println("allocated " + new Cycles(failures, byCall).leastAllocated(others));
    }

    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure() {
            super("on purpose", null, false, false);
        }
    }

    /** Loaded only where there is a module for it. */
    private static final class Cycles {
        private final Failure failure = new Failure();
        private final Action<Caller.Resource, RuntimeException> sound = resource -> {};
        private final Action<Caller.Resource, RuntimeException> failing = resource -> {
            throw failure;
        };

        private final PerThread<Caller.Resource, RuntimeException> pool =
                PerThread.<Caller.Resource, RuntimeException>builder(Caller.Resource::new)
                        .whenIdle(IdlePolicy.KEEP)
                        .reuse(ReusePolicy.UNLESS_INVALIDATED)
                        .invalidateWhen(failure -> false)
                        .build();
        private final boolean failures;
        private final boolean byCall;

        /** With failures one scope in 64 fails, which allocates nothing either. */
        Cycles(boolean failures, boolean byCall) {
            this.failures = failures;
            this.byCall = byCall;
        }

        /**
         * Bytes a scope on a kept resource, in the best of many tries: the compiler may take its time.
         *
         * @param others how many threads have opened one before: then the compiler knows of more ways to a lease
         */
        long leastAllocated(int others) throws InterruptedException {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            long begin = System.nanoTime();
            try (pool) {
                for (int i = 0; i < others; i++) {
                    Thread other = new Thread(() -> scopes(10));
                    other.start();
                    other.join();
                }
                while (least > 0 && System.nanoTime() - begin < 60_000_000_000L) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    scopes(50_000);
                    least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / 50_000);
                }
            }
            return least;
        }

        private void scopes(int times) {
            for (int i = 0; i < times; i++) {
                boolean fails = failures && i % 64 == 0;
                try {
                    if (byCall) {
                        pool.run(fails ? failing : sound);
                    } else {
                        scope(fails);
                    }
                } catch (Failure expected) {
                    // on purpose
                }
            }
        }

        private void scope(boolean fails) {
            try (Lease<Caller.Resource> lease = pool.acquire()) {
                if (lease.get() == null) {
                    throw new AssertionError("no resource");
                }
                if (fails) {
                    throw failure;
                }
            }
        }
    }
}
