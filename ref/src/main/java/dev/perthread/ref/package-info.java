/**
 * Serializable references to pools, each of which finds or makes one pool in every Java virtual machine it arrives in:
 * {@link dev.perthread.ref.PerThreadRef} and {@link dev.perthread.ref.LazyConnectionRef}.
 */
@NullMarked
package dev.perthread.ref;

import org.jspecify.annotations.NullMarked;
