package dev.perthread.flink;

import dev.perthread.CloseReport;
import dev.perthread.ref.Ref;
import dev.perthread.ref.ReferenceRegistry;
import java.time.Duration;
import org.apache.flink.api.common.functions.RuntimeContext;

/**
 * Ties pools to the life of a Flink job, in each of its task managers. For the {@code open} of a rich function:
 *
 * {@snippet file="job/Counting.java" region="function"}
 *
 * <p>Each subtask has its own thread, and so its own resource. {@link Ref#release()} in {@code close} ends that resource
 * with the subtask, in its own thread; without it the resource is closed a little later, because its thread has ended.
 *
 * @since 0.1
 */
public final class JobResources {
    static final Duration GRACE = Duration.ofSeconds(5);

    private static final String HOOK = "dev.perthread";

    private JobResources() {}

    /**
     * Registers that all pools of this job in this process are closed when Flink releases the job's class loader: when the
     * last of its subtasks here has ended, because the job has, or because it restarts after a failure. These are the pool
     * of this reference and of every other one that the job has used. Other jobs have class loaders of their own and so
     * pools of their own, even under the same id; those stay open. May be called many times.
     *
     * @param <H> the pool
     * @param ref the reference, as it came with the function
     * @param context what the function's {@code getRuntimeContext} returns
     * @return the pool, as {@link Ref#get()} returns it, so that a reference that cannot be used fails here
     * @throws IllegalStateException as for {@link Ref#get()}
     * @since 0.1
     */
    public static <H> H closeOnRelease(Ref<H> ref, RuntimeContext context) {
        ClassLoader job = context.getUserCodeClassLoader();
        context.registerUserCodeClassLoaderReleaseHookIfAbsent(HOOK, () -> close(job));
        return ref.get();
    }

    private static void close(ClassLoader job) {
        CloseReport report = ReferenceRegistry.closeAll(job, GRACE);
        System.Logger log = System.getLogger("dev.perthread.flink");
        for (Throwable failure : report.failures()) {
            log.log(System.Logger.Level.WARNING, "closing a resource failed", failure);
        }
        if (report.forced() > 0) {
            log.log(
                    System.Logger.Level.WARNING,
                    () -> report.forced() + " resources closed while in use, after " + GRACE.toSeconds() + " s");
        }
    }
}
