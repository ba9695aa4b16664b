/**
 * One resource per subtask of a Flink job: {@link dev.perthread.ref.PerThreadRef} in a function,
 * {@link dev.perthread.flink.JobResources} in its {@code open}.
 */
@NullMarked
package dev.perthread.flink;

import org.jspecify.annotations.NullMarked;
