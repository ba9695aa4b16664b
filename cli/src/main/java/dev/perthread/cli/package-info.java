/** The {@code perthread} command: its entry point and its subcommands. */
@NullMarked
package dev.perthread.cli;

import org.jspecify.annotations.NullMarked;
