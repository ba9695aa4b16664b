/** {@code perthread fetch}: many threads fetch pages through one shared connection object; and {@code serve}, pages to try it on. */
@NullMarked
package dev.perthread.cli.fetch;

import org.jspecify.annotations.NullMarked;
