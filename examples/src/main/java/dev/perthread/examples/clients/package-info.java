/**
 * Clients that are not thread-safe, one per thread: the programs of {@code docs/clients.md}.
 */
@NullMarked
package dev.perthread.examples.clients;

import org.jspecify.annotations.NullMarked;
