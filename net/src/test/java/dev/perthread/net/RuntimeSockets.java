package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * An extension that has the Java runtime open, before the first test, what it opens once and never closes: it is not
 * what a test left over. It is a marker descriptor, and for virtual threads a polling thread. Registered through the
 * service loader.
 */
@SuppressWarnings("exports") // tests export nothing
public final class RuntimeSockets implements BeforeAllCallback {
    /** For JUnit. */
    public RuntimeSockets() {}

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        for (ThreadKind kind : ThreadKind.available().toList()) {
            kind.call(RuntimeSockets::useOnce);
        }
    }

    private static @Nullable Void useOnce() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, TestServer.address("127.0.0.1"));
                SocketChannel channel = SocketChannel.open(listener.getLocalSocketAddress());
                Socket socket = listener.accept()) {
            socket.setSoTimeout(1); // so a virtual thread parks, and the runtime starts what wakes it
            assertThatThrownBy(socket.getInputStream()::read).isInstanceOf(SocketTimeoutException.class);
            channel.socket().setSoTimeout(1);
            assertThatThrownBy(channel.socket().getInputStream()::read).isInstanceOf(SocketTimeoutException.class);
        }
        return null;
    }
}
