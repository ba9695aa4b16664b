package dev.perthread.spark;

import dev.perthread.ref.Ref;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Ties resources to the life of a Spark task.
 *
 * @since 0.1
 */
public final class TaskResources {
    private TaskResources() {}

    /**
     * Registers that the resource which the calling task's thread keeps of this reference is closed when the task
     * completes, well or not. Without it the thread keeps its resource for its next task. Call it once per task, such as at
     * the beginning of {@code mapPartitions}, before or after the resource is opened.
     *
     * <p>A closer that fails fails the task, as every failing completion listener does in Spark; so does a pool of this id
     * with another configuration.
     *
     * @param ref the reference
     * @throws IllegalStateException if the calling thread runs no task
     * @since 0.1
     */
    public static void releaseOnCompletion(Ref<?> ref) {
        TaskContext task = TaskContext.get();
        if (task == null) {
            throw new IllegalStateException("\"" + ref.id()
                    + "\": releaseOnCompletion must be called by the thread of a" + " Spark task, but thread "
                    + Thread.currentThread().getId() + " runs none");
        }
        task.addTaskCompletionListener((TaskCompletionListener) ended -> ref.release());
    }
}
