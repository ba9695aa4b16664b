package consumer

import dev.perthread.kotlin.perThread
import dev.perthread.kotlin.withLease
import java.io.InputStream

fun main() {
    perThread(InputStream::nullInputStream) { name("streams") }.use { pool ->
        val end = pool.withLease { it.read() }
        println("end $end, closed ${pool.stats().closed()}")
    }
}
