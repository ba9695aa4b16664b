/** {@code perthread top}: shows the pools of a running program, by JMX. */
@NullMarked
package dev.perthread.cli.top;

import org.jspecify.annotations.NullMarked;
