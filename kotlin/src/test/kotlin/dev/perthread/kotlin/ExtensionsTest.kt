package dev.perthread.kotlin

import dev.perthread.IdlePolicy
import dev.perthread.net.LazyConnection
import dev.perthread.testkit.Probe
import dev.perthread.testkit.ThreadKind
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.concurrent.thread
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

/** The extensions as a user writes them: no type argument is given anywhere. */
internal class ExtensionsTest {
    /** What is no AutoCloseable. */
    private class Client {
        var disconnected = false

        fun disconnect() {
            disconnected = true
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    fun `block must get the calling thread's own resource, closed when the block has returned`(kind: ThreadKind) {
        perThread(::Probe).use { pool ->
            kind.inParallel(4) { _ ->
                val used = pool.withLease { probe ->
                    probe.use()
                    assertThat(probe.opener()).isSameAs(Thread.currentThread())
                    probe
                }
                assertThat(used.isClosed).isTrue()
            }
        }
        assertThat(Probe.opened()).isEqualTo(4)
    }

    @Test
    fun `options must be set by the block of the pool`() {
        perThread(::Probe) {
            limit(3)
            whenIdle(IdlePolicy.LEND)
            name("probes")
        }.use { pool ->
            assertThat(pool.limit()).hasValue(3)
            assertThat(pool.withLease { it.number() }).isEqualTo(pool.withLease { it.number() })
        }
    }

    @Test
    fun `resource that is not AutoCloseable must be closed by the given closer`() {
        val clients = mutableListOf<Client>()
        perThreadWithCloser({ Client().also(clients::add) }, { disconnect() }).use { pool ->
            pool.withLease { assertThat(it.disconnected).isFalse() }
            assertThat(clients.single().disconnected).isTrue()
        }
    }

    @Test
    fun `exception of the block must reach the caller as itself, with the resource closed`() {
        perThread(::Probe).use { pool ->
            var used: Probe? = null
            val failure = IOException("of the block")
            assertThatThrownBy {
                pool.withLease {
                    used = it
                    throw failure
                }
            }.isSameAs(failure)
            assertThat(used!!.isClosed).isTrue()
        }
    }

    @Test
    fun `result of the block may be null`() {
        perThread(::Probe).use { pool ->
            val nothing: String? = pool.withLease { null }
            assertThat(nothing).isNull()
        }
    }

    @Test
    fun `connection block must get a connection that is closed after it`() {
        ServerSocket(0, 50, InetAddress.getLoopbackAddress()).use { server ->
            val serving = thread {
                server.accept().use { accepted ->
                    accepted.getOutputStream().write(accepted.getInputStream().readNBytes(5))
                    // the end of the client's stream: it has closed
                    assertThat(accepted.getInputStream().read()).isEqualTo(-1)
                }
            }
            LazyConnection.to("127.0.0.1", server.localPort).use { connection ->
                val echoed = connection.withConnection {
                    it.send("hello".toByteArray())
                    String(it.recv(5))
                }
                assertThat(echoed).isEqualTo("hello")
            }
            serving.join()
        }
    }

    companion object {
        @JvmStatic
        fun kinds() = ThreadKind.available()
    }
}
