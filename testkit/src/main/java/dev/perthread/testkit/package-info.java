/** The rules that every test of the project runs under, and what tests share. Not published. */
@NullMarked
package dev.perthread.testkit;

import org.jspecify.annotations.NullMarked;
