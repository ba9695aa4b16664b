/**
 * A resource of its own for every thread behind one shared object.
 *
 * <p>{@link dev.perthread.ThreadStore} stores one value per thread. {@link dev.perthread.PerThread} opens, lends out, bounds
 * and closes one resource per thread; what {@link dev.perthread.PerThread#acquire()} returns is a
 * {@link dev.perthread.Lease}, used inside try-with-resources.
 */
@NullMarked
package dev.perthread;

import org.jspecify.annotations.NullMarked;
