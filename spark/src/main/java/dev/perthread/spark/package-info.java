/**
 * One resource per task thread of every Spark executor: {@link dev.perthread.ref.PerThreadRef} in the job,
 * {@link dev.perthread.spark.PerThreadPlugin} in the executor.
 */
@NullMarked
package dev.perthread.spark;

import org.jspecify.annotations.NullMarked;
