/** Micrometer meters of pools: {@link dev.perthread.micrometer.PerThreadMetrics}. */
@NullMarked
package dev.perthread.micrometer;

import org.jspecify.annotations.NullMarked;
