/**
 * Spring Boot auto-configuration for PerThread: connections from properties, and what every pool that is a bean gets.
 *
 * @since 0.1
 */
@NullMarked
package dev.perthread.spring.boot;

import org.jspecify.annotations.NullMarked;
