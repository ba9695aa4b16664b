/** Meters of every holder: {@link dev.perthread.micrometer.PerThreadMetrics}. */
@NullMarked
package dev.perthread.micrometer;

import org.jspecify.annotations.NullMarked;
