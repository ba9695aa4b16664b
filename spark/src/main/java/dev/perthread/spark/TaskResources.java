// For resources that must not outlive a task.
package dev.perthread.spark;

import dev.perthread.ref.Ref;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** What happens when a Spark task ends. */
public final class TaskResources {
    private TaskResources() {}

    /**
     * Closes what the calling task's thread keeps of this reference when the task ends, well or not. Without it the
     * thread keeps its resource for its next task. To be called once a task, as at the beginning of {@code mapPartitions},
     * before or after the resource is opened.
     *
     * <p>A closer that fails fails the task, as Spark has it for all listeners of its end; so does a reference whose id is
     * there with another configuration.
     *
     * @param ref the reference
     * @throws IllegalStateException if the calling thread runs no task
     */
    public static void releaseOnCompletion(Ref<?> ref) {
        TaskContext task = TaskContext.get();
        if (task == null) {
            throw new IllegalStateException(
                    "\"" + ref.id() + "\": " + Thread.currentThread().getName()
                            + " runs no Spark task; only a task's own thread may ask for something at its end");
        }
        task.addTaskCompletionListener((TaskCompletionListener) ended -> ref.release());
    }
}
