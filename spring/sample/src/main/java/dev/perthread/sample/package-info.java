/** A web application whose requests share eight connections. */
@NullMarked
package dev.perthread.sample;

import org.jspecify.annotations.NullMarked;
