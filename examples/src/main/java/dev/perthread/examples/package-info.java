/** Small programs to read and to copy from; {@code examples/README.md} says how each is started. */
@NullMarked
package dev.perthread.examples;

import org.jspecify.annotations.NullMarked;
