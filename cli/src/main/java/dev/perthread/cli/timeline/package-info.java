/** {@code perthread timeline}: draws a flight recording of who had which resource when. */
@NullMarked
package dev.perthread.cli.timeline;

import org.jspecify.annotations.NullMarked;
