/** The {@code perthread} command: fetches pages with many threads through one shared connection object. */
@NullMarked
package dev.perthread.cli;

import org.jspecify.annotations.NullMarked;
