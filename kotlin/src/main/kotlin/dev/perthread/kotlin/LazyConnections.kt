package dev.perthread.kotlin

import dev.perthread.Body
import dev.perthread.net.Connection
import dev.perthread.net.LazyConnection

/**
 * Uses the calling thread's connection: opens it if need be, runs [body] with it, and ends its use however the body ends, as
 * [LazyConnection.call] does. The body cannot suspend and cannot return from the caller. Needs `perthread-net`.
 *
 * ```
 * val answer = connection.withConnection {
 *     it.send(request)
 *     it.recvAll()
 * }
 * ```
 *
 * @param R the result, which may be `null`
 * @param body what to do with the connection, which is valid until it returns; it may throw anything
 * @return what the body returned
 * @throws java.io.IOException if the connection cannot be opened
 * @throws Exception what the body threw
 * @since 0.1
 */
public inline fun <R> LazyConnection.withConnection(crossinline body: (Connection) -> R): R =
    call(Body<Connection, R, Exception> { body(it) })
