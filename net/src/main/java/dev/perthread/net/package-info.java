/**
 * A connection of its own for every thread behind one shared object.
 *
 * <p>{@link dev.perthread.net.LazyConnection} is what the threads share; each {@link dev.perthread.net.LazyConnection#open()}
 * gives the calling thread its own {@link dev.perthread.net.Connection}, used inside try-with-resources.
 */
@NullMarked
package dev.perthread.net;

import org.jspecify.annotations.NullMarked;
