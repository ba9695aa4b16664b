/**
 * References to holders that can be serialized, and that are one holder in each Java virtual machine they arrive in:
 * {@link dev.perthread.ref.PerThreadRef} and {@link dev.perthread.ref.LazyConnectionRef}.
 */
@NullMarked
package dev.perthread.ref;

import org.jspecify.annotations.NullMarked;
