/** What all commands share: the options' values, messages, and what is written to the terminal. */
@NullMarked
package dev.perthread.cli.console;

import org.jspecify.annotations.NullMarked;
