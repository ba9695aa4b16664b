package dev.perthread.kotlin

import dev.perthread.Body
import dev.perthread.Closer
import dev.perthread.Opener
import dev.perthread.PerThread

/**
 * A pool of resources that close themselves: one per thread.
 *
 * ```
 * val connections = perThread({ DriverManager.getConnection(url) }) { limit(8) }
 * ```
 *
 * @param T the resource
 * @param open opens a resource, on the thread that uses it first; it may throw anything
 * @param configure sets options of the pool; without it they have the defaults of [PerThread.Builder]
 * @return the pool, to be closed when the program needs it no longer
 * @throws IllegalStateException if two options contradict each other
 * @since 0.1
 */
public inline fun <T : AutoCloseable> perThread(
    crossinline open: () -> T,
    configure: PerThread.Builder<T, Exception>.() -> Unit = {},
): PerThread<T, Exception> =
    PerThread.builder<T, Exception>(Opener<T, Exception> { open() }).apply(configure).build()

/**
 * A pool of resources that [close] closes, for those that are not [AutoCloseable] or need more than that: one per thread.
 *
 * ```
 * val clients = perThreadWithCloser({ FTPClient().apply { connect(host) } }, { disconnect() })
 * ```
 *
 * @param T the resource
 * @param open opens a resource, on the thread that uses it first; it may throw anything
 * @param close closes a resource, mostly on the thread that used it; it may throw anything
 * @param configure sets options of the pool; without it they have the defaults of [PerThread.Builder]
 * @return the pool, to be closed when the program needs it no longer
 * @throws IllegalStateException if two options contradict each other
 * @since 0.1
 */
public inline fun <T : Any> perThreadWithCloser(
    crossinline open: () -> T,
    crossinline close: T.() -> Unit,
    configure: PerThread.Builder<T, Exception>.() -> Unit = {},
): PerThread<T, Exception> =
    PerThread.builder<T, Exception>(Opener<T, Exception> { open() }, Closer<T> { it.close() }).apply(configure).build()

/**
 * Uses the calling thread's resource: acquires it, runs [body] with it, and ends the lease however the body ends, as
 * [PerThread.call] does. The body cannot suspend and cannot return from the caller: a lease belongs to a thread, and must end
 * as well or as badly as its body did.
 *
 * ```
 * val sizes = files.map { file -> clients.withLease { it.size(file) } }
 * ```
 *
 * `use` is not the word for it: on a pool, as on everything [AutoCloseable], that is Kotlin's own, and closes the pool.
 *
 * @param T the resource
 * @param R the result, which may be `null`
 * @param body what to do with the resource, which is valid until it returns; it may throw anything
 * @return what the body returned
 * @throws Exception what opening the resource or the body threw
 * @since 0.1
 */
public inline fun <T : Any, R> PerThread<T, *>.withLease(crossinline body: (T) -> R): R =
    call(Body<T, R, Exception> { body(it) })
