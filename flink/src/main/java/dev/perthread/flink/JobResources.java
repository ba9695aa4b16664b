// For resources that must not outlive a job.
package dev.perthread.flink;

import dev.perthread.CloseReport;
import dev.perthread.ref.Ref;
import dev.perthread.ref.ReferenceRegistry;
import java.time.Duration;
import org.apache.flink.api.common.functions.RuntimeContext;

/**
 * What happens when a Flink job ends, in each of its task managers. For the {@code open} of a rich function:
 *
 * {@snippet file="job/Counting.java" region="function"}
 *
 * <p>A subtask has a thread of its own, so it has a resource of its own. {@link Ref#release()} in {@code close} ends that
 * with the subtask, by its own thread; left out, it is closed a little later, because that thread has ended.
 */
public final class JobResources {
    static final Duration GRACE = Duration.ofSeconds(5);

    private static final String HOOK = "dev.perthread";

    private JobResources() {}

    /**
     * Closes what this job keeps open in this process when Flink releases the job's class loader: when the last of its
     * subtasks here has ended, because the job has, or because it starts anew after a failure. That is the holder of this
     * reference and of every other one that the job has used. Other jobs have class loaders of their own, and so holders
     * of their own: theirs are left alone, also if they use the same id. May be called many times.
     *
     * @param <H> the holder
     * @param ref the reference, as it came with the function
     * @param context what the function's {@code getRuntimeContext} returns
     * @return the holder, of {@link Ref#get()}; so it is also known from here on whether it can be had at all
     * @throws IllegalStateException as for {@link Ref#get()}
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
                    () -> report.forced() + " resources closed under their users, after " + GRACE.toSeconds() + " s");
        }
    }
}
